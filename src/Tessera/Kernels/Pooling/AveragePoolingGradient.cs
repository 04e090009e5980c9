using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;

namespace Tessera.Kernels.Pooling;

/// <summary>dV[x(p, q)] += G[p] / count for every window that holds x, in the order of p.</summary>
internal sealed unsafe class AveragePoolingGradient<T> : PlaneAlgorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly PoolingAxes axes;
    private readonly bool includePadding;
    private readonly int[] counts;

    public AveragePoolingGradient(AxisGeometry[] geometry, int planes, bool includePadding)
        : this(new PoolingAxes(geometry), planes, includePadding)
    {
    }

    private AveragePoolingGradient(PoolingAxes axes, int planes, bool includePadding)
        : base(planes, axes.InputPlane)
    {
        this.axes = axes;
        this.includePadding = includePadding;
        counts = axes.Counts(includePadding);
    }

    public override string Name => "average pooling's gradient";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var last = axes.Last;
        var dv = operands.Input + (plane * axes.InputPlane);
        var g = operands.Output + (plane * axes.OutputPlane);
        Span<int> numbers = stackalloc int[2 * axes.LeadingAxes];
        if (!operands.Accumulate) new Span<T>(dv, (int)axes.InputPlane).Clear();
        for (var row = 0; row < axes.OutputRows; row++)
        {
            var rows = axes.RowsOf(row, numbers, includePadding);
            for (var p = 0; p < last.Output; p++)
            {
                var (first, end) = axes.Run[p];
                var share = g[p] / T.CreateTruncating((long)rows.Divisor * counts[p]);
                for (var r = 0; r < rows.Count; r++)
                {
                    var to = dv + rows.Offset(r) + (p * last.Stride) - last.PadLow;
                    if (last.Output == 1 && last.Dilation == 1)
                    {
                        var run = new Span<T>(to + first, end - first);
                        TensorPrimitives.Add(run, share, run);
                        continue;
                    }

                    for (var q = first; q < end; q++) to[q * last.Dilation] += share;
                }
            }

            g += last.Output;
        }
    }
}
