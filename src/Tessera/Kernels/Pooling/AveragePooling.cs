using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Pooling;

/// <summary>
/// Z[p] = Σ_q V[x(p, q)] / count, summed row-major. Vectors hold neighbouring outputs of a row; a row with a single
/// output (global pooling) is summed along instead.
/// </summary>
internal sealed unsafe class AveragePooling<T> : PlaneAlgorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly PoolingAxes axes;
    private readonly T[] counts;
    private readonly bool vectors;

    public AveragePooling(AxisGeometry[] geometry, int planes, bool includePadding, bool vectors)
        : this(new PoolingAxes(geometry, includePadding), planes, includePadding, vectors)
    {
    }

    private AveragePooling(PoolingAxes axes, int planes, bool includePadding, bool vectors)
        : base(planes, axes.InputPlane)
    {
        this.axes = axes;
        counts = [.. axes.Counts(includePadding).Select(T.CreateTruncating)];
        this.vectors = vectors && StridedLoad.Has256 && axes.InteriorEnd - axes.InteriorFirst >= Vector256<T>.Count;
    }

    public override string Name => vectors ? $"average pooling, {Vector256<T>.Count} positions at once" : "average pooling";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var last = axes.Last;
        var v = operands.Input + (plane * axes.InputPlane);
        var z = operands.Output + (plane * axes.OutputPlane);
        Span<int> numbers = stackalloc int[axes.LeadingAxes];
        for (var row = 0; row < axes.OutputRows; row++)
        {
            var rows = axes.RowsOf(row, numbers);
            var divisor = T.CreateTruncating(rows.Divisor);
            var p = 0;
            while (p < last.Output)
            {
                if (vectors && p >= axes.InteriorFirst && p < axes.InteriorEnd)
                {
                    p = Math.Min(p, axes.InteriorEnd - Vector256<T>.Count);
                    Many(v, rows, p, divisor, z);
                    p += Vector256<T>.Count;
                }
                else
                {
                    z[p] = Sum(v, rows, p) / (divisor * counts[p]);
                    p++;
                }
            }

            z += last.Output;
        }
    }

    private T Sum(T* v, in WindowRows rows, int p)
    {
        var last = axes.Last;
        var (first, end) = axes.Run[p];
        var sum = T.Zero;
        for (var row = 0; row < rows.Count; row++)
        {
            var start = v + rows.Offset(row) + (p * last.Stride) - last.PadLow;
            if (last.Output == 1 && last.Dilation == 1)
            {
                sum += TensorPrimitives.Sum(new ReadOnlySpan<T>(start + first, end - first));
                continue;
            }

            for (var q = first; q < end; q++) sum += start[q * last.Dilation];
        }

        return sum;
    }

    private void Many(T* v, in WindowRows rows, int p, T divisor, T* z)
    {
        var last = axes.Last;
        var sum = Vector256<T>.Zero;
        for (var row = 0; row < rows.Count; row++)
        {
            var start = v + rows.Offset(row) + (p * last.Stride) - last.PadLow;
            for (var q = 0; q < last.Kernel; q++) sum += StridedLoad.Load256(start + (q * last.Dilation), last.Stride);
        }

        (sum / (divisor * counts[p])).Store(z + p);
    }
}
