using System.Numerics;
using System.Runtime.InteropServices;
using Tessera.Kernels;

namespace Tessera.Reconstruction;

/// <summary>
/// Sums over elements, in vectors over short parts and in double over those: always in the same order, wherever the elements stand in memory
/// (.NET's own sums may begin at an aligned address), and to nearly double's precision for float.
/// </summary>
internal static class FixedSums
{
    private const int PartVectors = 16;

    /// <summary>Σ a².</summary>
    public static double Squares<T>(ReadOnlySpan<T> a)
        where T : unmanaged, IFloatingPointIeee754<T> => Of<T, Product<T>>(a, a);

    /// <summary>Σ a b.</summary>
    public static double Dot<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IFloatingPointIeee754<T> => Of<T, Product<T>>(a, b);

    /// <summary>Σ (a − b)².</summary>
    public static double SquaredDistance<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IFloatingPointIeee754<T> => Of<T, SquaredDifference<T>>(a, b);

    /// <summary>Σ |a|.</summary>
    public static double Magnitudes<T>(ReadOnlySpan<T> a)
        where T : unmanaged, IFloatingPointIeee754<T> => Of<T, Magnitude<T>>(a, a);

    private static double Of<T, TTerm>(ReadOnlySpan<T> first, ReadOnlySpan<T> second)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TTerm : struct, IPairFunction<T>
    {
        second = second[..first.Length];
        ref var a = ref MemoryMarshal.GetReference(first);
        ref var b = ref MemoryMarshal.GetReference(second);
        var term = default(TTerm);
        double sum = 0;
        var i = 0;
        while (i <= first.Length - Vector<T>.Count)
        {
            var part = Vector<T>.Zero;
            for (var end = Math.Min(first.Length - Vector<T>.Count, i + ((PartVectors - 1) * Vector<T>.Count)); i <= end; i += Vector<T>.Count)
                part += term.Invoke(Vector.LoadUnsafe(ref a, (nuint)i), Vector.LoadUnsafe(ref b, (nuint)i));
            sum += double.CreateTruncating(Vector.Sum(part));
        }

        if (i == first.Length) return sum;
        // All terms of zeros are zero, so the rest is a vector filled up with them.
        Span<T> x = stackalloc T[Vector<T>.Count], y = stackalloc T[Vector<T>.Count];
        x.Clear();
        y.Clear();
        first[i..].CopyTo(x);
        second[i..].CopyTo(y);
        return sum + double.CreateTruncating(Vector.Sum(term.Invoke(new Vector<T>(x), new Vector<T>(y))));
    }

    private readonly struct Product<T> : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> first, Vector<T> second) => first * second;
    }

    private readonly struct SquaredDifference<T> : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> first, Vector<T> second) => (first - second) * (first - second);
    }

    private readonly struct Magnitude<T> : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> first, Vector<T> second) => Vector.Abs(first);
    }
}
