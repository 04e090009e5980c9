using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Winograd;

/// <summary>
/// The one-dimensional transforms of Winograd's minimal filtering (Winograd 1980; Lavin and Gray 2016), all for the same six
/// points 0, ±a, ±b, ∞, so that one set serves kernels of two to five taps. A vector holds the same number of different channels.
/// <code>
///     y = Mᵀ [ (E k / w) ⊙ (Bᵀ d) ]      E, M: a polynomial's values at the points, and their transpose
///     dk = Eᵀ [ (E g) ⊙ (Bᵀ d) ] / w     so the kernel gradient takes the same d
/// </code>
/// a = 5/8 and b = 3/2 keep the rounding at half of what the usual 1 and 2 give.
/// </summary>
internal static unsafe class PointTransform<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int Points = WinogradAxis.MostPoints;
    private const double A = 0.625;
    private const double B = 1.5;

    // 1 / w: the distances between a point and the others, multiplied; that of ∞ is 1.
    private const double WeightOfZero = 1 / (A * A * B * B);
    private const double WeightOfA = 1 / (2 * A * A * ((A * A) - (B * B)));
    private const double WeightOfB = 1 / (2 * B * B * ((B * B) - (A * A)));

    /// <summary>Bᵀ d, six numbers to six, <paramref name="count"/> times side by side, a vector each; may be done in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Spread(T* from, nint fromStep, nint fromNext, T* to, nint toStep, nint toNext, int count)
    {
        TVector a = Of(A), b = Of(B), minusAA = Of(-A * A), minusBB = Of(-B * B), aabb = Of(A * A * B * B), minusSum = Of(-(A * A) - (B * B));
        for (; count > 0; count--, from += fromNext, to += toNext)
        {
            TVector x1 = TLanes.Load(from + fromStep), x2 = TLanes.Load(from + (2 * fromStep)), x3 = TLanes.Load(from + (3 * fromStep)), x4 = TLanes.Load(from + (4 * fromStep));
            TVector x0 = TLanes.Load(from), x5 = TLanes.Load(from + (5 * fromStep));
            TVector even = TLanes.MultiplyAdd(minusBB, x2, x4), odd = TLanes.Multiply(a, TLanes.MultiplyAdd(minusBB, x1, x3));
            TVector evenNext = TLanes.MultiplyAdd(minusAA, x2, x4), oddNext = TLanes.Multiply(b, TLanes.MultiplyAdd(minusAA, x1, x3));
            TLanes.Store(TLanes.MultiplyAdd(aabb, x0, TLanes.MultiplyAdd(minusSum, x2, x4)), to);
            TLanes.Store(TLanes.Add(even, odd), to + toStep);
            TLanes.Store(TLanes.Subtract(even, odd), to + (2 * toStep));
            TLanes.Store(TLanes.Add(evenNext, oddNext), to + (3 * toStep));
            TLanes.Store(TLanes.Subtract(evenNext, oddNext), to + (4 * toStep));
            TLanes.Store(TLanes.MultiplyAdd(aabb, x1, TLanes.MultiplyAdd(minusSum, x3, x5)), to + (5 * toStep));
        }
    }

    /// <summary>E k, or E k / w: the values of a polynomial of two to five coefficients at the points.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Evaluate(int coefficients, bool weighted, T* from, nint fromStep, nint fromNext, T* to, nint toStep, nint toNext, int count)
    {
        TVector aa = Of(A * A), bb = Of(B * B), zero = Of(weighted ? WeightOfZero : 1), forEven = Of(weighted ? WeightOfA : 1), forEvenNext = Of(weighted ? WeightOfB : 1);
        TVector forOdd = Of(weighted ? A * WeightOfA : A), forOddNext = Of(weighted ? B * WeightOfB : B);
        for (; count > 0; count--, from += fromNext, to += toNext)
        {
            TVector x0 = TLanes.Load(from), last = TLanes.Load(from + fromStep);
            TVector even = x0, odd = last, evenNext = x0, oddNext = last;
            if (coefficients > 3)
            {
                last = TLanes.Load(from + (3 * fromStep));
                odd = TLanes.MultiplyAdd(aa, last, odd);
                oddNext = TLanes.MultiplyAdd(bb, last, oddNext);
            }

            if (coefficients > 2)
            {
                TVector x2 = TLanes.Load(from + (2 * fromStep)), forA = x2, forB = x2;
                if (coefficients == 3) last = x2;
                if (coefficients > 4)
                {
                    last = TLanes.Load(from + (4 * fromStep));
                    forA = TLanes.MultiplyAdd(aa, last, x2);
                    forB = TLanes.MultiplyAdd(bb, last, x2);
                }

                even = TLanes.MultiplyAdd(aa, forA, even);
                evenNext = TLanes.MultiplyAdd(bb, forB, evenNext);
            }

            even = TLanes.Multiply(forEven, even);
            evenNext = TLanes.Multiply(forEvenNext, evenNext);
            odd = TLanes.Multiply(forOdd, odd);
            oddNext = TLanes.Multiply(forOddNext, oddNext);
            TLanes.Store(TLanes.Multiply(zero, x0), to);
            TLanes.Store(TLanes.Add(even, odd), to + toStep);
            TLanes.Store(TLanes.Subtract(even, odd), to + (2 * toStep));
            TLanes.Store(TLanes.Add(evenNext, oddNext), to + (3 * toStep));
            TLanes.Store(TLanes.Subtract(evenNext, oddNext), to + (4 * toStep));
            TLanes.Store(last, to + (5 * toStep));
        }
    }

    /// <summary>E k Eᵀ / w of 3 × 3 taps to 36 components, rows first, <paramref name="count"/> times; what is between rows and columns stays in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EvaluateSquare(T* from, nint fromRow, nint fromColumn, nint fromNext, T* to, nint toStep, nint toNext, int count)
    {
        var values = new Values();
        for (; count > 0; count--, from += fromNext, to += toNext)
        {
            T* second = from + fromColumn, third = second + fromColumn;
            values.Of(TLanes.Load(from), TLanes.Load(from + fromRow), TLanes.Load(from + (2 * fromRow)), out var a0, out var a1, out var a2, out var a3, out var a4, out var a5);
            values.Of(TLanes.Load(second), TLanes.Load(second + fromRow), TLanes.Load(second + (2 * fromRow)), out var b0, out var b1, out var b2, out var b3, out var b4, out var b5);
            values.Of(TLanes.Load(third), TLanes.Load(third + fromRow), TLanes.Load(third + (2 * fromRow)), out var c0, out var c1, out var c2, out var c3, out var c4, out var c5);
            nint row = Points * toStep;
            values.Store(a0, b0, c0, to, toStep);
            values.Store(a1, b1, c1, to + row, toStep);
            values.Store(a2, b2, c2, to + (2 * row), toStep);
            values.Store(a3, b3, c3, to + (3 * row), toStep);
            values.Store(a4, b4, c4, to + (4 * row), toStep);
            values.Store(a5, b5, c5, to + (5 * row), toStep);
        }
    }

    /// <summary>Mᵀ y: six numbers to two to five, the transpose of <see cref="Evaluate"/>; may be done in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather(int coefficients, bool weighted, T* from, nint fromStep, nint fromNext, T* to, nint toStep, nint toNext, int count)
    {
        TVector aa = Of(A * A), bb = Of(B * B), zero = Of(weighted ? WeightOfZero : 1), forEven = Of(weighted ? WeightOfA : 1), forEvenNext = Of(weighted ? WeightOfB : 1);
        TVector forOdd = Of(weighted ? A * WeightOfA : A), forOddNext = Of(weighted ? B * WeightOfB : B);
        for (; count > 0; count--, from += fromNext, to += toNext)
        {
            TVector x1 = TLanes.Load(from + fromStep), x2 = TLanes.Load(from + (2 * fromStep)), x3 = TLanes.Load(from + (3 * fromStep)), x4 = TLanes.Load(from + (4 * fromStep));
            TVector x0 = TLanes.Load(from), infinite = TLanes.Load(from + (5 * fromStep));
            TVector sum = TLanes.Multiply(forEven, TLanes.Add(x1, x2)), odd = TLanes.Multiply(forOdd, TLanes.Subtract(x1, x2));
            TVector sumNext = TLanes.Multiply(forEvenNext, TLanes.Add(x3, x4)), oddNext = TLanes.Multiply(forOddNext, TLanes.Subtract(x3, x4));
            TLanes.Store(TLanes.MultiplyAdd(zero, x0, TLanes.Add(sum, sumNext)), to);
            var first = TLanes.Add(odd, oddNext);
            TLanes.Store(coefficients == 2 ? TLanes.Add(first, infinite) : first, to + toStep);
            if (coefficients == 2) continue;
            sum = TLanes.Multiply(aa, sum);
            sumNext = TLanes.Multiply(bb, sumNext);
            var second = TLanes.Add(sum, sumNext);
            TLanes.Store(coefficients == 3 ? TLanes.Add(second, infinite) : second, to + (2 * toStep));
            if (coefficients == 3) continue;
            var third = TLanes.MultiplyAdd(aa, odd, TLanes.Multiply(bb, oddNext));
            TLanes.Store(coefficients == 4 ? TLanes.Add(third, infinite) : third, to + (3 * toStep));
            if (coefficients == 4) continue;
            TLanes.Store(TLanes.MultiplyAdd(aa, sum, TLanes.MultiplyAdd(bb, sumNext, infinite)), to + (4 * toStep));
        }
    }

    private static TVector Of(double value) => TLanes.Broadcast(T.CreateChecked(value));

    /// <summary>E k / w of three numbers.</summary>
    private readonly struct Values()
    {
        private readonly TVector aa = PointTransform<TVector, T, TLanes>.Of(A * A);
        private readonly TVector bb = PointTransform<TVector, T, TLanes>.Of(B * B);
        private readonly TVector zero = PointTransform<TVector, T, TLanes>.Of(WeightOfZero);
        private readonly TVector forEven = PointTransform<TVector, T, TLanes>.Of(WeightOfA);
        private readonly TVector forEvenNext = PointTransform<TVector, T, TLanes>.Of(WeightOfB);
        private readonly TVector forOdd = PointTransform<TVector, T, TLanes>.Of(A * WeightOfA);
        private readonly TVector forOddNext = PointTransform<TVector, T, TLanes>.Of(B * WeightOfB);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Of(TVector k0, TVector k1, TVector k2, out TVector x0, out TVector x1, out TVector x2, out TVector x3, out TVector x4, out TVector x5)
        {
            TVector even = TLanes.Multiply(forEven, TLanes.MultiplyAdd(aa, k2, k0)), odd = TLanes.Multiply(forOdd, k1);
            TVector evenNext = TLanes.Multiply(forEvenNext, TLanes.MultiplyAdd(bb, k2, k0)), oddNext = TLanes.Multiply(forOddNext, k1);
            (x0, x5) = (TLanes.Multiply(zero, k0), k2);
            (x1, x2) = (TLanes.Add(even, odd), TLanes.Subtract(even, odd));
            (x3, x4) = (TLanes.Add(evenNext, oddNext), TLanes.Subtract(evenNext, oddNext));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(TVector k0, TVector k1, TVector k2, T* to, nint step)
        {
            Of(k0, k1, k2, out var x0, out var x1, out var x2, out var x3, out var x4, out var x5);
            TLanes.Store(x0, to);
            TLanes.Store(x1, to + step);
            TLanes.Store(x2, to + (2 * step));
            TLanes.Store(x3, to + (3 * step));
            TLanes.Store(x4, to + (4 * step));
            TLanes.Store(x5, to + (5 * step));
        }
    }
}
