using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>|x|; derivative sign(x), 0 at 0.</summary>
internal readonly struct AbsoluteFunction<T> : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => true;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Abs(x, y);

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> x, Vector<T> g) => Vector.ConditionalSelect(
        Vector.Equals(x, Vector<T>.Zero), Vector<T>.Zero, Vector.ConditionalSelect(Vector.LessThan(x, Vector<T>.Zero), -g, g));
}

/// <summary>−x; derivative −1.</summary>
internal readonly struct NegateFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => false;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Negate(x, y);

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => TensorPrimitives.Negate(g, d);
}

/// <summary>exp(x); derivative y.</summary>
internal readonly struct ExponentialFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => false;

    public static bool Decays => true;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Exp(x, y);

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => TensorPrimitives.Multiply(from, g, d);
}

/// <summary>log(x), to base e; derivative 1 / x.</summary>
internal readonly struct LogarithmFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => true;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Log(x, y);

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => TensorPrimitives.Divide(g, from, d);
}

/// <summary>√x; derivative 1 / (2y).</summary>
internal readonly struct SquareRootFunction<T> : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => false;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Sqrt(x, y);

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> y, Vector<T> g) => g / (y + y);
}

/// <summary>1 / x; derivative −y².</summary>
internal readonly struct ReciprocalFunction<T> : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => false;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Divide(T.One, x, y);

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> y, Vector<T> g) => -g * y * y;
}

/// <summary>sin(x); derivative cos(x).</summary>
internal readonly struct SineFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => true;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Sin(x, y);

    [SkipLocalsInit]
    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d)
    {
        Span<T> slope = stackalloc T[Chunks.Elements];
        slope = slope[..from.Length];
        TensorPrimitives.Cos(from, slope);
        TensorPrimitives.Multiply(g, slope, d);
    }
}

/// <summary>cos(x); derivative −sin(x).</summary>
internal readonly struct CosineFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => true;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Cos(x, y);

    [SkipLocalsInit]
    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d)
    {
        Span<T> slope = stackalloc T[Chunks.Elements];
        slope = slope[..from.Length];
        TensorPrimitives.Sin(from, slope);
        TensorPrimitives.Multiply(g, slope, d);
        TensorPrimitives.Negate(d, d);
    }
}
