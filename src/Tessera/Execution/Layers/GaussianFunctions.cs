using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>erf(x); derivative 2/√π exp(−x²).</summary>
internal readonly struct ErfFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const double TwoOverRootPi = 1.1283791670955126;

    public static bool DerivativeReadsInput => true;

    public static bool Decays => true;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => ErrorFunction.Evaluate(x, y);

    [SkipLocalsInit]
    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d)
    {
        Span<T> density = stackalloc T[Chunks.Elements];
        density = density[..from.Length];
        TensorPrimitives.Multiply(from, from, density);
        TensorPrimitives.Negate(density, density);
        TensorPrimitives.Exp(density, density);
        TensorPrimitives.Multiply(density, T.CreateChecked(TwoOverRootPi), density);
        TensorPrimitives.Multiply(g, density, d);
    }
}

/// <summary>x Φ(x) with Φ(x) = ½ erfc(−x / √2); derivative Φ(x) + x exp(−x² / 2) / √(2π).</summary>
internal readonly struct GeluFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const double HalfRoot = 0.7071067811865476;
    private const double Density = 0.3989422804014327;

    public static bool DerivativeReadsInput => true;

    public static bool Decays => true;

    [SkipLocalsInit]
    public void Forward(ReadOnlySpan<T> x, Span<T> y)
    {
        Span<T> twice = stackalloc T[Chunks.Elements];
        twice = twice[..x.Length];
        Twice(x, twice);
        VectorLoops.Map(x, twice, y, new Gated());
    }

    [SkipLocalsInit]
    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d)
    {
        Span<T> twice = stackalloc T[Chunks.Elements], density = stackalloc T[Chunks.Elements];
        twice = twice[..from.Length];
        density = density[..from.Length];
        Twice(from, twice);
        VectorLoops.Map(from, from, density, new Exponent());
        TensorPrimitives.Exp(density, density);
        VectorLoops.Map(from, density, density, new Slope());
        VectorLoops.Map(twice, density, density, new Sum());
        TensorPrimitives.Multiply(g, density, d);
    }

    /// <summary>2 Φ(x).</summary>
    private static void Twice(ReadOnlySpan<T> x, Span<T> result)
    {
        TensorPrimitives.Multiply(x, T.CreateChecked(-HalfRoot), result);
        ErrorFunction.Complement(result, result);
    }

    private readonly struct Gated() : IPairFunction<T>
    {
        private readonly Vector<T> half = new(T.CreateChecked(0.5));

        public Vector<T> Invoke(Vector<T> x, Vector<T> twice) => x * (half * twice);
    }

    private readonly struct Exponent() : IPairFunction<T>
    {
        private readonly Vector<T> half = new(T.CreateChecked(-0.5));

        public Vector<T> Invoke(Vector<T> x, Vector<T> same) => half * x * x;
    }

    private readonly struct Slope() : IPairFunction<T>
    {
        private readonly Vector<T> density = new(T.CreateChecked(Density));

        public Vector<T> Invoke(Vector<T> x, Vector<T> exponential) => x * (density * exponential);
    }

    private readonly struct Sum() : IPairFunction<T>
    {
        private readonly Vector<T> half = new(T.CreateChecked(0.5));

        public Vector<T> Invoke(Vector<T> twice, Vector<T> slope) => VectorLoops.MultiplyAdd(half, twice, slope);
    }
}
