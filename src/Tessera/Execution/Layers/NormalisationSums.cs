using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>The sums over a row that normalisations are made of, in T and around a centre near the mean, so that squares lose few digits.</summary>
internal static class NormalisationSums
{
    /// <summary>Σ (x − centre) and Σ (x − centre)².</summary>
    public static (T Sum, T Squares) Moments<T>(ReadOnlySpan<T> x, T centre)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ref var values = ref MemoryMarshal.GetReference(x);
        Vector<T> evenSum = Vector<T>.Zero, oddSum = Vector<T>.Zero, evenSquares = Vector<T>.Zero, oddSquares = Vector<T>.Zero, centres = new(centre);
        var i = 0;
        for (; i <= x.Length - (2 * Vector<T>.Count); i += 2 * Vector<T>.Count)
        {
            var one = Vector.LoadUnsafe(ref values, (nuint)i) - centres;
            var other = Vector.LoadUnsafe(ref values, (nuint)(i + Vector<T>.Count)) - centres;
            evenSum += one;
            oddSum += other;
            evenSquares = VectorLoops.MultiplyAdd(one, one, evenSquares);
            oddSquares = VectorLoops.MultiplyAdd(other, other, oddSquares);
        }

        var (sum, squares) = (Vector.Sum(evenSum + oddSum), Vector.Sum(evenSquares + oddSquares));
        for (; i < x.Length; i++)
        {
            sum += x[i] - centre;
            squares += (x[i] - centre) * (x[i] - centre);
        }

        return (sum, squares);
    }

    /// <summary>Σ g and Σ g (x − centre).</summary>
    public static (T Sum, T Product) Products<T>(ReadOnlySpan<T> g, ReadOnlySpan<T> x, T centre)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ref var gradients = ref MemoryMarshal.GetReference(g);
        ref var values = ref MemoryMarshal.GetReference(x);
        Vector<T> evenSum = Vector<T>.Zero, oddSum = Vector<T>.Zero, evenProduct = Vector<T>.Zero, oddProduct = Vector<T>.Zero, centres = new(centre);
        var i = 0;
        for (; i <= x.Length - (2 * Vector<T>.Count); i += 2 * Vector<T>.Count)
        {
            var (even, odd) = ((nuint)i, (nuint)(i + Vector<T>.Count));
            var one = Vector.LoadUnsafe(ref gradients, even);
            var other = Vector.LoadUnsafe(ref gradients, odd);
            evenSum += one;
            oddSum += other;
            evenProduct = VectorLoops.MultiplyAdd(one, Vector.LoadUnsafe(ref values, even) - centres, evenProduct);
            oddProduct = VectorLoops.MultiplyAdd(other, Vector.LoadUnsafe(ref values, odd) - centres, oddProduct);
        }

        var (sum, product) = (Vector.Sum(evenSum + oddSum), Vector.Sum(evenProduct + oddProduct));
        for (; i < x.Length; i++)
        {
            sum += g[i];
            product += g[i] * (x[i] - centre);
        }

        return (sum, product);
    }
}

/// <summary>(x − mean) · factor + shift.</summary>
internal readonly struct AffineFunction<T>(T mean, T factor, T shift) : IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector<T> mean = new(mean);
    private readonly Vector<T> factor = new(factor);
    private readonly Vector<T> shift = new(shift);
    private readonly Vector<T> smallest = new(Subnormals.SmallestNormal<T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Invoke(Vector<T> x, Vector<T> unused) => Subnormals.Flush(VectorLoops.MultiplyAdd(x - mean, factor, shift), smallest);
}

/// <summary>factor · g − constant − slope · (x − mean).</summary>
internal readonly struct NormalisationGradient<T>(T factor, T constant, T slope, T mean) : IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector<T> factor = new(factor);
    private readonly Vector<T> constant = new(constant);
    private readonly Vector<T> slope = new(slope);
    private readonly Vector<T> mean = new(mean);
    private readonly Vector<T> smallest = new(Subnormals.SmallestNormal<T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Invoke(Vector<T> g, Vector<T> x) => Subnormals.Flush((factor * g) - constant - (slope * (x - mean)), smallest);
}
