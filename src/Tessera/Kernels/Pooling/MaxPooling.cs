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
    private readonly int lanes;

    public MaxPooling(AxisGeometry[] geometry, int planes, bool vectors)
        : this(new PoolingAxes(geometry), planes, vectors)
    {
    }

    private MaxPooling(PoolingAxes axes, int planes, bool vectors)
        : base(planes, axes.InputPlane)
    {
        this.axes = axes;
        var interior = axes.InteriorEnd - axes.InteriorFirst;
        lanes = vectors && StridedLoad.IsSupported && interior >= Vector256<T>.Count ? Vector256<T>.Count : interior >= Vector128<T>.Count ? Vector128<T>.Count : 1;
    }

    public override string Name => $"max pooling, {lanes} positions at once";

    protected override void Execute(long plane, in Operands<T> operands)
    {
        var last = axes.Last;
        var v = operands.Input + (plane * axes.InputPlane);
        var z = operands.Output + (plane * axes.OutputPlane);
        var winners = (int*)operands.Kernel;
        if (winners != null) winners += plane * axes.OutputPlane;
        Span<int> numbers = stackalloc int[axes.LeadingAxes];
        for (var row = 0; row < axes.OutputRows; row++)
        {
            var rows = axes.RowsOf(row, numbers);
            var p = 0;
            while (p < last.Output)
            {
                if (lanes == 1 || p < axes.InteriorFirst || p >= axes.InteriorEnd)
                {
                    One(v, rows, p, z, winners);
                    p++;
                    continue;
                }

                // The last vector of a row steps back over outputs that are done already.
                p = Math.Min(p, axes.InteriorEnd - lanes);
                if (lanes == Vector256<T>.Count) Many(v, rows, p, z, winners);
                else Few(v, rows, p, z, winners);
                p += lanes;
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
        var offset = rows.Offset(0) + x + (first * last.Dilation);

        // One lane of a vector, because selecting there needs no branch to guess.
        var best = Vector128.CreateScalarUnsafe(v[offset]);
        var winner = Whole128(offset);
        for (var row = 0; row < rows.Count; row++)
        {
            var start = rows.Offset(row) + x;
            for (var q = first; q < end; q++)
            {
                var at = start + (q * last.Dilation);
                var value = Vector128.CreateScalarUnsafe(v[at]);
                var better = Vector128.AndNot(Vector128.Equals(best, best), Vector128.LessThanOrEqual(value, best));
                best = Vector128.ConditionalSelect(better, value, best);
                winner = Vector128.ConditionalSelect(better, Whole128(at), winner);
            }
        }

        z[p] = best[0];
        if (winners != null) winners[p] = typeof(T) == typeof(float) ? winner.AsInt32()[0] : (int)winner.AsInt64()[0];
    }

    /// <summary>As <see cref="Many"/>, with the vectors that every machine has.</summary>
    private void Few(T* v, in WindowRows rows, int p, T* z, int* winners)
    {
        var last = axes.Last;
        var x = (p * last.Stride) - last.PadLow;
        var offset = rows.Offset(0);
        var best = StridedLoad.Load128(v + offset + x, last.Stride);
        var winner = Whole128(offset);
        for (var row = 0; row < rows.Count; row++)
        {
            offset = rows.Offset(row) + x;
            for (var q = row == 0 ? 1 : 0; q < last.Kernel; q++)
            {
                var at = offset + (q * last.Dilation);
                var value = StridedLoad.Load128(v + at, last.Stride);
                var better = Vector128.AndNot(Vector128.Equals(best, best), Vector128.LessThanOrEqual(value, best));
                best = Vector128.ConditionalSelect(better, value, best);
                winner = Vector128.ConditionalSelect(better, Whole128(at - x), winner);
            }
        }

        best.Store(z + p);
        if (winners == null) return;
        for (var lane = 0; lane < Vector128<T>.Count; lane++)
        {
            var row = typeof(T) == typeof(float) ? winner.AsInt32()[lane] : (int)winner.AsInt64()[lane];
            winners[p + lane] = row + x + (lane * last.Stride);
        }
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

    /// <inheritdoc cref="Whole"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Whole128(int number) =>
        typeof(T) == typeof(float) ? Vector128.Create(number).As<int, T>() : Vector128.Create((long)number).As<long, T>();
}
