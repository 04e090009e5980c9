using System.Numerics;
using Tessera.Connections;

namespace Tessera.Kernels.Pooling;

/// <summary>Z[p] = (Σ_q |V[x(p, q)]|ᵖ)^(1/p), summed row-major.</summary>
internal sealed unsafe class LpPooling<T> : PlaneAlgorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly PoolingAxes axes;
    private readonly double exponent;

    public LpPooling(AxisGeometry[] geometry, int planes, double exponent)
        : this(new PoolingAxes(geometry), planes, exponent)
    {
    }

    private LpPooling(PoolingAxes axes, int planes, double exponent)
        : base(planes, axes.InputPlane) => (this.axes, this.exponent) = (axes, exponent);

    public override string Name => "Lp pooling";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var last = axes.Last;
        var v = operands.Input + (plane * axes.InputPlane);
        var z = operands.Output + (plane * axes.OutputPlane);
        var power = T.CreateTruncating(exponent);
        Span<int> numbers = stackalloc int[axes.LeadingAxes];
        for (var row = 0; row < axes.OutputRows; row++)
        {
            var rows = axes.RowsOf(row, numbers);
            for (var p = 0; p < last.Output; p++)
            {
                var (first, end) = axes.Run[p];
                var sum = T.Zero;
                for (var r = 0; r < rows.Count; r++)
                {
                    var start = v + rows.Offset(r) + (p * last.Stride) - last.PadLow;
                    for (var q = first; q < end; q++)
                    {
                        var value = start[q * last.Dilation];
                        sum += exponent switch { 1 => T.Abs(value), 2 => value * value, _ => T.Pow(T.Abs(value), power) };
                    }
                }

                z[p] = exponent switch { 1 => sum, 2 => T.Sqrt(sum), _ => T.Pow(sum, T.One / power) };
            }

            z += last.Output;
        }
    }
}
