using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>x held between a least and a most value; derivative 1 where y lies strictly between them.</summary>
internal readonly struct ClipFunction<T>(T least, T most) : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T least = least;
    private readonly T most = most;
    private readonly Vector<T> leasts = new(least);
    private readonly Vector<T> mosts = new(most);

    /// <summary>Whether the least value is 0.</summary>
    public bool IsRectifier => least == T.Zero;

    /// <summary>The most value.</summary>
    public T Most => most;

    public static bool DerivativeReadsInput => false;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y)
    {
        TensorPrimitives.Max(x, least, y);
        TensorPrimitives.Min(y, most, y);
    }

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> y, Vector<T> g) =>
        Vector.ConditionalSelect(Vector.BitwiseAnd(Vector.GreaterThan(y, leasts), Vector.LessThan(y, mosts)), g, Vector<T>.Zero);
}

/// <summary>α x + β held between 0 and 1; derivative α where y lies strictly between them.</summary>
internal readonly struct HardSigmoidFunction<T>(T alpha, T beta) : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector<T> alpha = new(alpha);
    private readonly Vector<T> beta = new(beta);

    public static bool DerivativeReadsInput => false;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y)
    {
        VectorLoops.Map(x, x, y, new Line(alpha, beta));
        TensorPrimitives.Max(y, T.Zero, y);
        TensorPrimitives.Min(y, T.One, y);
    }

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> y, Vector<T> g) =>
        Vector.ConditionalSelect(Vector.BitwiseAnd(Vector.GreaterThan(y, Vector<T>.Zero), Vector.LessThan(y, Vector<T>.One)), alpha * g, Vector<T>.Zero);

    private readonly struct Line(Vector<T> alpha, Vector<T> beta) : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> x, Vector<T> same) => VectorLoops.MultiplyAdd(alpha, x, beta);
    }
}

/// <summary>x · (x / 6 + ½ held between 0 and 1); derivative x / 3 + ½ between −3 and 3, 0 before and 1 after.</summary>
internal readonly struct HardSwishFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => true;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => VectorLoops.Map(x, x, y, new Gated());

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, new Derivative());

    private readonly struct Gated() : IPairFunction<T>
    {
        private readonly Vector<T> sixth = new(T.One / T.CreateChecked(6));
        private readonly Vector<T> half = new(T.CreateChecked(0.5));
        private readonly Vector<T> three = new(T.CreateChecked(3));

        public Vector<T> Invoke(Vector<T> x, Vector<T> same)
        {
            var gated = x * VectorLoops.MultiplyAdd(x, sixth, half);
            // Chosen, not held between bounds, so that NaN stays and both ends are exact.
            return Vector.ConditionalSelect(
                Vector.GreaterThanOrEqual(x, three), x, Vector.ConditionalSelect(Vector.LessThanOrEqual(x, -three), Vector<T>.Zero, gated));
        }
    }

    private readonly struct Derivative() : IPairFunction<T>
    {
        private readonly Vector<T> third = new(T.One / T.CreateChecked(3));
        private readonly Vector<T> half = new(T.CreateChecked(0.5));
        private readonly Vector<T> three = new(T.CreateChecked(3));

        public Vector<T> Invoke(Vector<T> x, Vector<T> g) => Vector.ConditionalSelect(
            Vector.GreaterThanOrEqual(x, three), g, Vector.ConditionalSelect(Vector.LessThanOrEqual(x, -three), Vector<T>.Zero, g * VectorLoops.MultiplyAdd(x, third, half)));
    }
}

/// <summary>x above a threshold of at least 0, else 0; derivative 1 where y is not 0, for y is x there.</summary>
internal readonly struct ThresholdedReluFunction<T>(T threshold) : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector<T> threshold = new(threshold);

    public static bool DerivativeReadsInput => false;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => VectorLoops.Map(x, x, y, new Passed(threshold));

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> y, Vector<T> g) => Vector.ConditionalSelect(Vector.Equals(y, Vector<T>.Zero), Vector<T>.Zero, g);

    private readonly struct Passed(Vector<T> threshold) : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> x, Vector<T> same) => Vector.ConditionalSelect(Vector.LessThanOrEqual(x, threshold), Vector<T>.Zero, x);
    }
}

/// <summary>x / (1 + |x|); derivative 1 / (1 + |x|)² = (1 − |y|)².</summary>
internal readonly struct SoftsignFunction<T> : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => false;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => VectorLoops.Map(x, x, y, new Ratio());

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> y, Vector<T> g)
    {
        var rest = Vector<T>.One - Vector.Abs(y);
        return g * rest * rest;
    }

    private readonly struct Ratio : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> x, Vector<T> same) => x / (Vector<T>.One + Vector.Abs(x));
    }
}
