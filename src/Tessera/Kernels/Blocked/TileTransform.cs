using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// Winograd's transforms of one tile of 4 × 4 results of a 3×3 kernel, for a vector of channels: down the columns into a little memory that stays in L1, then
/// along the rows. The points are those of <see cref="Winograd.PointTransform{TVector, T, TLanes}"/>, 0, ±5/8, ±3/2 and ∞; here a call is one tile, so the
/// numbers that it multiplies by are made beforehand.
/// </summary>
internal unsafe struct TileTransform<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const double PointA = 0.625;
    private const double PointB = 1.5;
    private const int Points = 6;
    private const int Outputs = 4;

    private readonly T a;
    private readonly T b;
    private readonly T aa;
    private readonly T bb;
    private readonly T minusAa;
    private readonly T minusBb;
    private readonly T aabb;
    private readonly T minusSum;

    /// <summary>The transforms in T.</summary>
    public TileTransform()
    {
        const double squareA = PointA * PointA, squareB = PointB * PointB;
        (a, b, aa, bb) = (Of(PointA), Of(PointB), Of(squareA), Of(squareB));
        (minusAa, minusBb, aabb, minusSum) = (Of(-squareA), Of(-squareB), Of(squareA * squareB), Of(-squareA - squareB));
    }

    /// <summary>Elements of memory that a transform needs.</summary>
    public static int ScratchElements => Points * Points * TLanes.Count;

    /// <summary>Bᵀ d B: 6 × 6 of the source to 36 components.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Source(T* from, nint row, T* to, nint pitch, T* scratch)
    {
        TVector a = TLanes.Broadcast(this.a), b = TLanes.Broadcast(this.b), minusAa = TLanes.Broadcast(this.minusAa), minusBb = TLanes.Broadcast(this.minusBb);
        TVector aabb = TLanes.Broadcast(this.aabb), minusSum = TLanes.Broadcast(this.minusSum);
        Prefetch.Lines(to, pitch, Points * Points);
        nint next = TLanes.Count, step = row;
        var into = scratch;
        nint intoStep = Points * TLanes.Count, intoNext = TLanes.Count;
        for (var line = 0; line < 2 * Points; line++)
        {
            if (line == Points)
            {
                from = scratch;
                into = to;
                (step, next) = (TLanes.Count, Points * TLanes.Count);
                (intoStep, intoNext) = (pitch, Points * pitch);
            }

            TVector x0 = TLanes.Load(from), x1 = TLanes.Load(from + step), x2 = TLanes.Load(from + (2 * step));
            TVector x3 = TLanes.Load(from + (3 * step)), x4 = TLanes.Load(from + (4 * step)), x5 = TLanes.Load(from + (5 * step));
            TVector even = TLanes.MultiplyAdd(minusBb, x2, x4), odd = TLanes.Multiply(a, TLanes.MultiplyAdd(minusBb, x1, x3));
            TVector evenNext = TLanes.MultiplyAdd(minusAa, x2, x4), oddNext = TLanes.Multiply(b, TLanes.MultiplyAdd(minusAa, x1, x3));
            TLanes.Store(TLanes.MultiplyAdd(aabb, x0, TLanes.MultiplyAdd(minusSum, x2, x4)), into);
            TLanes.Store(TLanes.Add(even, odd), into + intoStep);
            TLanes.Store(TLanes.Subtract(even, odd), into + (2 * intoStep));
            TLanes.Store(TLanes.Add(evenNext, oddNext), into + (3 * intoStep));
            TLanes.Store(TLanes.Subtract(evenNext, oddNext), into + (4 * intoStep));
            TLanes.Store(TLanes.MultiplyAdd(aabb, x1, TLanes.MultiplyAdd(minusSum, x3, x5)), into + (5 * intoStep));
            from += next;
            into += intoNext;
        }
    }

    /// <summary>Mᵀ y M + bias + residual, perhaps rectified: 36 components to at most 4 × 4 results.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Result(T* from, nint pitch, T* bias, T* residual, Finish<T> finish, T* to, nint row, int rows, int columns, T* scratch)
    {
        TVector a = TLanes.Broadcast(this.a), b = TLanes.Broadcast(this.b), aa = TLanes.Broadcast(this.aa), bb = TLanes.Broadcast(this.bb), offset = TLanes.Load(bias);
        var step = Points * pitch;
        var into = scratch;
        for (var line = 0; line < Points; line++, from += pitch, into += TLanes.Count)
        {
            TVector x1 = TLanes.Load(from + step), x2 = TLanes.Load(from + (2 * step)), x3 = TLanes.Load(from + (3 * step)), x4 = TLanes.Load(from + (4 * step));
            TVector sum = TLanes.Add(x1, x2), odd = TLanes.Multiply(a, TLanes.Subtract(x1, x2)), sumNext = TLanes.Add(x3, x4), oddNext = TLanes.Multiply(b, TLanes.Subtract(x3, x4));
            TLanes.Store(TLanes.Add(TLanes.Load(from), TLanes.Add(sum, sumNext)), into);
            TLanes.Store(TLanes.Add(odd, oddNext), into + (Points * TLanes.Count));
            TLanes.Store(TLanes.MultiplyAdd(aa, sum, TLanes.Multiply(bb, sumNext)), into + (2 * Points * TLanes.Count));
            TLanes.Store(TLanes.Add(TLanes.MultiplyAdd(aa, odd, TLanes.Multiply(bb, oddNext)), TLanes.Load(from + (5 * step))), into + (3 * Points * TLanes.Count));
        }

        for (var line = 0; line < rows; line++, scratch += Points * TLanes.Count, to += row)
        {
            TVector x1 = TLanes.Load(scratch + TLanes.Count), x2 = TLanes.Load(scratch + (2 * TLanes.Count)), x3 = TLanes.Load(scratch + (3 * TLanes.Count)), x4 = TLanes.Load(scratch + (4 * TLanes.Count));
            TVector sum = TLanes.Add(x1, x2), odd = TLanes.Multiply(a, TLanes.Subtract(x1, x2)), sumNext = TLanes.Add(x3, x4), oddNext = TLanes.Multiply(b, TLanes.Subtract(x3, x4));
            TVector y0 = TLanes.Add(TLanes.Add(TLanes.Load(scratch), TLanes.Add(sum, sumNext)), offset), y1 = TLanes.Add(TLanes.Add(odd, oddNext), offset);
            TVector y2 = TLanes.Add(TLanes.MultiplyAdd(aa, sum, TLanes.Multiply(bb, sumNext)), offset);
            TVector y3 = TLanes.Add(TLanes.Add(TLanes.MultiplyAdd(aa, odd, TLanes.Multiply(bb, oddNext)), TLanes.Load(scratch + (5 * TLanes.Count))), offset);
            if (residual != null)
            {
                y0 = TLanes.Add(y0, TLanes.Load(residual));
                if (columns > 1) y1 = TLanes.Add(y1, TLanes.Load(residual + TLanes.Count));
                if (columns > 2) y2 = TLanes.Add(y2, TLanes.Load(residual + (2 * TLanes.Count)));
                if (columns > 3) y3 = TLanes.Add(y3, TLanes.Load(residual + (3 * TLanes.Count)));
                residual += row;
            }

            if (finish.Rectifies) (y0, y1, y2, y3) = (TLanes.Max(TLanes.Zero, y0), TLanes.Max(TLanes.Zero, y1), TLanes.Max(TLanes.Zero, y2), TLanes.Max(TLanes.Zero, y3));
            if (finish.IsBounded)
            {
                var bound = TLanes.Broadcast(finish.Bound);
                (y0, y1, y2, y3) = (TLanes.Min(bound, y0), TLanes.Min(bound, y1), TLanes.Min(bound, y2), TLanes.Min(bound, y3));
            }

            TLanes.Store(y0, to);
            if (columns > 1) TLanes.Store(y1, to + TLanes.Count);
            if (columns > 2) TLanes.Store(y2, to + (2 * TLanes.Count));
            if (columns > 3) TLanes.Store(y3, to + (3 * TLanes.Count));
        }
    }

    private static T Of(double value) => T.CreateChecked(value);
}
