using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>max(x, 0); derivative 1 where y > 0.</summary>
internal readonly struct ReluFunction<T> : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => false;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Max(x, T.Zero, y);

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> y, Vector<T> g) => Vector.ConditionalSelect(Vector.GreaterThan(y, Vector<T>.Zero), g, Vector<T>.Zero);
}

/// <summary>x above 0, slope · x below; derivative from the sign of y, which is that of x.</summary>
internal readonly struct LeakyReluFunction<T>(T slope) : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Vector<T> slope = new(slope);

    public static bool DerivativeReadsInput => false;

    public static bool Decays => false;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => VectorLoops.Map(x, x, y, this);

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> sign, Vector<T> value) => Vector.ConditionalSelect(Vector.GreaterThan(sign, Vector<T>.Zero), value, slope * value);
}

/// <summary>1 / (1 + exp(−x)); derivative y (1 − y).</summary>
internal readonly struct SigmoidFunction<T> : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => false;

    public static bool Decays => true;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Sigmoid(x, y);

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> y, Vector<T> g) => g * y * (Vector<T>.One - y);
}

/// <summary>tanh(x); derivative 1 − y².</summary>
internal readonly struct TanhFunction<T> : IElementFunction<T>, IPairFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => false;

    public static bool Decays => true;

    public void Forward(ReadOnlySpan<T> x, Span<T> y) => TensorPrimitives.Tanh(x, y);

    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d) => VectorLoops.Map(from, g, d, this);

    public Vector<T> Invoke(Vector<T> y, Vector<T> g) => g * (Vector<T>.One - (y * y));
}

/// <summary>max(x, 0) + log(1 + exp(−|x|)); derivative 1 − exp(−y).</summary>
internal readonly struct SoftplusFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => false;

    public static bool Decays => true;

    [SkipLocalsInit]
    public void Forward(ReadOnlySpan<T> x, Span<T> y)
    {
        Span<T> u = stackalloc T[Chunks.Elements], log = stackalloc T[Chunks.Elements];
        u = u[..x.Length];
        log = log[..x.Length];
        TensorPrimitives.Abs(x, u);
        TensorPrimitives.Negate(u, u);
        TensorPrimitives.Exp(u, u);
        TensorPrimitives.Add(u, T.One, log);
        TensorPrimitives.Log(log, log);
        VectorLoops.Map<T, Corrected>(u, log, log, default);
        TensorPrimitives.Max(x, T.Zero, y);
        TensorPrimitives.Add(y, log, y);
    }

    [SkipLocalsInit]
    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d)
    {
        Span<T> exponential = stackalloc T[Chunks.Elements];
        exponential = exponential[..from.Length];
        TensorPrimitives.Negate(from, exponential);
        TensorPrimitives.Exp(exponential, exponential);
        VectorLoops.Map<T, Complement>(exponential, g, d, default);
    }

    /// <summary>log(1 + u) to full precision from the logarithm of the rounded sum w = 1 + u: log(w) · u / (w − 1).</summary>
    private readonly struct Corrected : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> u, Vector<T> log)
        {
            var sum = Vector<T>.One + u;
            return Vector.ConditionalSelect(Vector.Equals(sum, Vector<T>.One), u, log * u / (sum - Vector<T>.One));
        }
    }

    private readonly struct Complement : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> exponential, Vector<T> g) => g * (Vector<T>.One - exponential);
    }
}

/// <summary>x · sigmoid(x); derivative s (1 + x (1 − s)).</summary>
internal readonly struct SiluFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool DerivativeReadsInput => true;

    public static bool Decays => true;

    [SkipLocalsInit]
    public void Forward(ReadOnlySpan<T> x, Span<T> y)
    {
        Span<T> s = stackalloc T[Chunks.Elements];
        s = s[..x.Length];
        TensorPrimitives.Sigmoid(x, s);
        TensorPrimitives.Multiply(x, s, y);
    }

    [SkipLocalsInit]
    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d)
    {
        Span<T> s = stackalloc T[Chunks.Elements];
        s = s[..from.Length];
        TensorPrimitives.Sigmoid(from, s);
        VectorLoops.Map<T, Derivative>(from, s, s, default);
        TensorPrimitives.Multiply(g, s, d);
    }

    private readonly struct Derivative : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> x, Vector<T> s) => s * (Vector<T>.One + (x * (Vector<T>.One - s)));
    }
}

/// <summary>x · s with s = sigmoid(2u), u = √(2/π) (x + 0.044715 x³), for ½ (1 + tanh u) is sigmoid(2u); derivative s + x s (1 − s) 2u′.</summary>
internal readonly struct TanhGeluFunction<T> : IElementFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const double Linear = 1.5957691216057308;
    private const double Cubic = 0.044715;

    public static bool DerivativeReadsInput => true;

    public static bool Decays => true;

    [SkipLocalsInit]
    public void Forward(ReadOnlySpan<T> x, Span<T> y)
    {
        Span<T> s = stackalloc T[Chunks.Elements];
        s = s[..x.Length];
        Gate(x, s);
        TensorPrimitives.Multiply(x, s, y);
    }

    [SkipLocalsInit]
    public void Backward(ReadOnlySpan<T> from, ReadOnlySpan<T> g, Span<T> d)
    {
        Span<T> s = stackalloc T[Chunks.Elements];
        s = s[..from.Length];
        Gate(from, s);
        VectorLoops.Map(from, s, s, new Derivative());
        TensorPrimitives.Multiply(g, s, d);
    }

    private static void Gate(ReadOnlySpan<T> x, Span<T> s)
    {
        VectorLoops.Map(x, x, s, new Argument());
        TensorPrimitives.Sigmoid(s, s);
    }

    /// <summary>Beyond ±32 the gate is 0 or 1 in any precision; the cube is kept from overflowing.</summary>
    private static Vector<T> Clamp(Vector<T> x)
    {
        var limit = new Vector<T>(T.CreateChecked(32));
        return Vector.ConditionalSelect(Vector.GreaterThan(x, limit), limit, Vector.ConditionalSelect(Vector.LessThan(x, -limit), -limit, x));
    }

    // The constants stand in the structures: statics would be asked in every turn of the loop whether they have been made yet.
    private readonly struct Argument() : IPairFunction<T>
    {
        private readonly Vector<T> linear = new(T.CreateChecked(Linear));
        private readonly Vector<T> cubic = new(T.CreateChecked(Cubic));

        public Vector<T> Invoke(Vector<T> x, Vector<T> same)
        {
            x = Clamp(x);
            return linear * x * (Vector<T>.One + (cubic * x * x));
        }
    }

    private readonly struct Derivative() : IPairFunction<T>
    {
        private readonly Vector<T> linear = new(T.CreateChecked(Linear));
        private readonly Vector<T> threeCubic = new(T.CreateChecked(3) * T.CreateChecked(Cubic));

        public Vector<T> Invoke(Vector<T> x, Vector<T> s)
        {
            var near = Clamp(x);
            return s + (near * s * (Vector<T>.One - s) * linear * (Vector<T>.One + (threeCubic * near * near)));
        }
    }
}
