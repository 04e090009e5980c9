using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tessera.Connections;

namespace Tessera.Kernels.Pooling;

/// <summary>
/// Z[p] = max over q of V[x(p, q)], and where it stood. The window is walked row-major and only what is larger replaces
/// the best, so the first of equals wins; a NaN replaces any number and nothing replaces it. Vectors hold neighbouring
/// outputs of a row. The winners, if wanted, stand in the operands' kernel.
/// </summary>
internal sealed unsafe class MaxPooling<T> : PlaneAlgorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly PoolingAxes axes;
    private readonly bool vectors;

    public MaxPooling(AxisGeometry[] geometry, int planes, bool vectors)
        : this(new PoolingAxes(geometry), planes, vectors)
    {
    }

    private MaxPooling(PoolingAxes axes, int planes, bool vectors)
        : base(planes, axes.InputPlane)
    {
        this.axes = axes;
        this.vectors = vectors && StridedLoad.IsSupported && axes.InteriorEnd - axes.InteriorFirst >= Vector256<T>.Count;
    }

    public override string Name => vectors ? $"max pooling, {Vector256<T>.Count} positions at once" : "max pooling";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var last = axes.Last;
        var v = operands.Input + (plane * axes.InputPlane);
        var z = operands.Output + (plane * axes.OutputPlane);
        var winners = (int*)operands.Kernel;
        if (winners != null) winners += plane * axes.OutputPlane;
        Span<int> numbers = stackalloc int[2 * axes.LeadingAxes];
        for (var row = 0; row < axes.OutputRows; row++)
        {
            var rows = axes.RowsOf(row, numbers);
            var p = 0;
            while (p < last.Output)
            {
                if (vectors && p >= axes.InteriorFirst && p < axes.InteriorEnd)
                {
                    // The last vector of a row steps back over outputs that are done already.
                    p = Math.Min(p, axes.InteriorEnd - Vector256<T>.Count);
                    Many(v, rows, p, z, winners);
                    p += Vector256<T>.Count;
                }
                else
                {
                    One(v, rows, p, z, winners);
                    p++;
                }
            }

            z += last.Output;
            if (winners != null) winners += last.Output;
        }
    }

    private void One(T* v, in WindowRows rows, int p, T* z, int* winners)
    {
        var last = axes.Last;
        var (first, end) = axes.Run[p];
        var x = (p * last.Stride) - last.PadLow;
        var winner = rows.Offset(0) + x + (first * last.Dilation);
        var best = v[winner];
        for (var row = 0; row < rows.Count; row++)
        {
            var start = rows.Offset(row) + x;
            for (var q = first; q < end; q++)
            {
                var at = start + (q * last.Dilation);
                var value = v[at];
                var better = !(value <= best) & !T.IsNaN(best);
                best = better ? value : best;
                winner = better ? at : winner;
            }
        }

        z[p] = best;
        if (winners != null) winners[p] = winner;
    }

    private void Many(T* v, in WindowRows rows, int p, T* z, int* winners)
    {
        var last = axes.Last;
        var x = (p * last.Stride) - last.PadLow;
        var offset = rows.Offset(0);
        var best = StridedLoad.Load(v + offset + x, last.Stride);
        var winner = Whole(offset);
        for (var row = 0; row < rows.Count; row++)
        {
            offset = rows.Offset(row) + x;
            for (var q = row == 0 ? 1 : 0; q < last.Kernel; q++)
            {
                var at = offset + (q * last.Dilation);
                var value = StridedLoad.Load(v + at, last.Stride);
                var better = Vector256.AndNot(Vector256.Equals(best, best), Vector256.LessThanOrEqual(value, best));
                best = Vector256.ConditionalSelect(better, value, best);
                winner = Vector256.ConditionalSelect(better, Whole(at - x), winner);
            }
        }

        best.Store(z + p);
        if (winners == null) return;
        if (typeof(T) == typeof(float))
        {
            (winner.AsInt32() + (Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7) * last.Stride) + Vector256.Create(x)).Store(winners + p);
        }
        else
        {
            (Vector256.Narrow(winner.AsInt64(), winner.AsInt64()).GetLower() + (Vector128.Create(0, 1, 2, 3) * last.Stride) + Vector128.Create(x)).Store(winners + p);
        }
    }

    /// <summary>A whole number in the bits of every lane, so that it can be selected beside the values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> Whole(int number) =>
        typeof(T) == typeof(float) ? Vector256.Create(number).As<int, T>() : Vector256.Create((long)number).As<long, T>();
}
