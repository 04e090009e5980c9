using System.Numerics;
using Tessera.Connections;

namespace Tessera.Kernels.Pooling;

/// <summary>dV[winner of p] += G[p]: the gradient of max pooling, and unpooling. The winners stand in the operands' kernel.</summary>
internal sealed unsafe class WinnerScatter<T>(AxisGeometry[] axes, int planes) : PlaneAlgorithm<T>(planes, Elements(axes))
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int inputPlane = (int)Elements(axes);
    private readonly long outputPlane = axes.Aggregate(1L, (product, axis) => product * axis.Output);

    public override string Name => "scatter to the winners";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var dv = operands.Input + (plane * inputPlane);
        var g = operands.Output + (plane * outputPlane);
        var winners = (int*)operands.Kernel + (plane * outputPlane);
        if (!operands.Accumulate) new Span<T>(dv, inputPlane).Clear();
        for (long p = 0; p < outputPlane; p++) dv[winners[p]] += g[p];
    }

    private static long Elements(AxisGeometry[] axes) => axes.Aggregate(1L, (product, axis) => product * axis.Input);
}
