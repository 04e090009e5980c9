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
}
