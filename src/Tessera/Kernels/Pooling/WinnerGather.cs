using System.Numerics;
using Tessera.Connections;

namespace Tessera.Kernels.Pooling;

/// <summary>The gradient of unpooling: Z[p] = G[winner of p]. The winners stand in the operands' kernel.</summary>
internal sealed unsafe class WinnerGather<T>(AxisGeometry[] axes, int planes) : PlaneAlgorithm<T>(planes, axes.Aggregate(1L, (product, axis) => product * axis.Output))
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly long inputPlane = axes.Aggregate(1L, (product, axis) => product * axis.Input);
    private readonly long outputPlane = axes.Aggregate(1L, (product, axis) => product * axis.Output);

    public override string Name => "gather from the winners";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var g = operands.Input + (plane * inputPlane);
        var z = operands.Output + (plane * outputPlane);
        var winners = (int*)operands.Kernel + (plane * outputPlane);
        for (long p = 0; p < outputPlane; p++) z[p] = operands.Accumulate ? z[p] + g[winners[p]] : g[winners[p]];
    }
}
