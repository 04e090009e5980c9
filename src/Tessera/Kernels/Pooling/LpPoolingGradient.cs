using System.Numerics;
using Tessera.Connections;

namespace Tessera.Kernels.Pooling;

/// <summary>
/// dV[x] += G[p] · sign(V[x]) (|V[x]| / Z[p])ᵖ⁻¹ for every window that holds x, in the order of p; nothing where Z[p] is 0.
/// Z stands in the operands' kernel and V in their bias.
/// </summary>
internal sealed unsafe class LpPoolingGradient<T> : PlaneAlgorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly PoolingAxes axes;
    private readonly double exponent;

    public LpPoolingGradient(AxisGeometry[] geometry, int planes, double exponent)
        : this(new PoolingAxes(geometry), planes, exponent)
    {
    }

    private LpPoolingGradient(PoolingAxes axes, int planes, double exponent)
        : base(planes, axes.InputPlane) => (this.axes, this.exponent) = (axes, exponent);

    public override string Name => "Lp pooling's gradient";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var last = axes.Last;
        var dv = operands.Input + (plane * axes.InputPlane);
        var v = operands.Bias + (plane * axes.InputPlane);
        var g = operands.Output + (plane * axes.OutputPlane);
        var z = operands.Kernel + (plane * axes.OutputPlane);
        var power = T.CreateTruncating(exponent - 1);
        Span<int> numbers = stackalloc int[axes.LeadingAxes];
        if (!operands.Accumulate) new Span<T>(dv, (int)axes.InputPlane).Clear();
        for (var row = 0; row < axes.OutputRows; row++)
        {
            var rows = axes.RowsOf(row, numbers);
            for (var p = 0; p < last.Output; p++)
            {
                if (T.IsZero(z[p])) continue;
                var (first, end) = axes.Run[p];
                for (var r = 0; r < rows.Count; r++)
                {
                    var start = rows.Offset(r) + (p * last.Stride) - last.PadLow;
                    for (var q = first; q < end; q++)
                    {
                        var at = start + (q * last.Dilation);
                        var share = v[at] / z[p];
                        dv[at] += g[p] * exponent switch
                        {
                            1 => T.IsZero(share) ? share : T.CopySign(T.One, share),
                            2 => share,
                            _ => T.CopySign(T.Pow(T.Abs(share), power), share),
                        };
                    }
                }
            }

            g += last.Output;
            z += last.Output;
        }
    }
}
