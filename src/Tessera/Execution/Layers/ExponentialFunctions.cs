using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>
/// gain · x above 0, level (exp(x / width) − 1) below; derivative gain, or (y + level) / width below. ELU, SELU and CELU are this with
/// different numbers.
/// </summary>
internal readonly struct EluFunction<T>(T gain, T level, T width) : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T width = width;
    private readonly Vector<T> gains = new(gain);
    private readonly Vector<T> levels = new(level);
    private readonly Vector<T> inverse = new(T.One / width);

    public static bool DerivativeReadsInput => false;

    public static bool Decays => true;

    [SkipLocalsInit]
    public void Forward(ReadOnlySpan<T> x, Span<T> y)
    {
        Span<T> below = stackalloc T[Chunks.Elements];
        below = below[..x.Length];
        TensorPrimitives.Min(x, T.Zero, below);
        if (width != T.One) TensorPrimitives.Divide(below, width, below);
        TensorPrimitives.Exp(below, below);
        VectorLoops.Map(x, below, y, new Choose(gains, levels));
    }

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> y, Vector<T> g) =>
        g * Vector.ConditionalSelect(Vector.GreaterThan(y, Vector<T>.Zero), gains, (y + levels) * inverse);

    private readonly struct Choose(Vector<T> gain, Vector<T> level) : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> x, Vector<T> exponential) =>
            Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<T>.Zero), gain * x, level * (exponential - Vector<T>.One));
    }
}

/// <summary>
/// x · tanh(log(1 + exp(x))). With e = exp(x) and n = e (e + 2) the gate is n / (n + 2), and its derivative 4 e (1 + e) / (n + 2)²; both keep their
/// digits where e dies away.
/// </summary>
internal readonly struct MishFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>From here on the gate is 1 in any precision, and e² does not overflow.</summary>
    private const int Saturated = 32;

    public static bool DerivativeReadsInput => true;

    public static bool Decays => true;

    [SkipLocalsInit]
    public void Forward(ReadOnlySpan<T> x, Span<T> y)
    {
        Span<T> e = stackalloc T[Chunks.Elements];
        e = e[..x.Length];
        Exponential(x, e);
        VectorLoops.Map(x, e, y, new Gated());
    }

    [SkipLocalsInit]
    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d)
    {
        Span<T> e = stackalloc T[Chunks.Elements];
        e = e[..from.Length];
        Exponential(from, e);
        VectorLoops.Map(from, e, e, new Derivative());
        TensorPrimitives.Multiply(g, e, d);
    }

    private static void Exponential(ReadOnlySpan<T> x, Span<T> e)
    {
        TensorPrimitives.Min(x, T.CreateChecked(Saturated), e);
        TensorPrimitives.Exp(e, e);
    }

    private readonly struct Gated() : IPairFunction<T>
    {
        private readonly Vector<T> two = new(T.CreateChecked(2));

        public Vector<T> Invoke(Vector<T> x, Vector<T> e)
        {
            var n = e * (e + two);
            return x * (n / (n + two));
        }
    }

    private readonly struct Derivative() : IPairFunction<T>
    {
        private readonly Vector<T> two = new(T.CreateChecked(2));
        private readonly Vector<T> four = new(T.CreateChecked(4));

        public Vector<T> Invoke(Vector<T> x, Vector<T> e)
        {
            var n = e * (e + two);
            var inverse = Vector<T>.One / (n + two);
            return (n * inverse) + (x * (four * e * inverse) * ((Vector<T>.One + e) * inverse));
        }
    }
}
