using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Kernels;

namespace Tessera.Execution.Layers;

/// <summary>x + y.</summary>
internal readonly struct SumFunction<T> : IBroadcastFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool Decays => false;

    public static bool BackwardReadsInputs => false;

    public static void Forward(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Add(x, y, z);

    public static void Forward(ReadOnlySpan<T> x, T y, Span<T> z) => TensorPrimitives.Add(x, y, z);

    public static void Forward(T x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Add(y, x, z);

    public static void Backward(int input, int other, ReadOnlySpan<T> own, ReadOnlySpan<T> others, Span<T> d)
    {
    }
}

/// <summary>x − y.</summary>
internal readonly struct DifferenceFunction<T> : IBroadcastFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool Decays => false;

    public static bool BackwardReadsInputs => false;

    public static void Forward(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Subtract(x, y, z);

    public static void Forward(ReadOnlySpan<T> x, T y, Span<T> z) => TensorPrimitives.Subtract(x, y, z);

    public static void Forward(T x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Subtract(x, y, z);

    public static void Backward(int input, int other, ReadOnlySpan<T> own, ReadOnlySpan<T> others, Span<T> d)
    {
        if (input == 1) TensorPrimitives.Negate(d, d);
    }
}

/// <summary>x · y; the gradient is multiplied by every other input.</summary>
internal readonly struct ProductFunction<T> : IBroadcastFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool Decays => true;

    public static bool BackwardReadsInputs => true;

    public static void Forward(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Multiply(x, y, z);

    public static void Forward(ReadOnlySpan<T> x, T y, Span<T> z) => TensorPrimitives.Multiply(x, y, z);

    public static void Forward(T x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Multiply(y, x, z);

    public static void Backward(int input, int other, ReadOnlySpan<T> own, ReadOnlySpan<T> others, Span<T> d) => TensorPrimitives.Multiply(d, others, d);
}

/// <summary>x / y; gradients g / y and −g · x / y².</summary>
internal readonly struct QuotientFunction<T> : IBroadcastFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool Decays => true;

    public static bool BackwardReadsInputs => true;

    public static void Forward(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Divide(x, y, z);

    public static void Forward(ReadOnlySpan<T> x, T y, Span<T> z) => TensorPrimitives.Divide(x, y, z);

    public static void Forward(T x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Divide(x, y, z);

    public static void Backward(int input, int other, ReadOnlySpan<T> own, ReadOnlySpan<T> others, Span<T> d)
    {
        if (input == 0)
        {
            TensorPrimitives.Divide(d, others, d);
            return;
        }

        TensorPrimitives.Divide(d, own, d);
        TensorPrimitives.Multiply(d, others, d);
        TensorPrimitives.Divide(d, own, d);
        TensorPrimitives.Negate(d, d);
    }
}

/// <summary>x to the power y; gradients g · y · x^(y − 1) and g · x^y · ln x, the latter 0 where x is not above 0.</summary>
internal readonly struct PowerFunction<T> : IBroadcastFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private static readonly T Half = T.CreateTruncating(0.5);
    private static readonly T Two = T.CreateTruncating(2);
    private static readonly T Three = T.CreateTruncating(3);

    public static bool Decays => true;

    public static bool BackwardReadsInputs => true;

    public static void Forward(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Pow(x, y, z);

    public static void Forward(ReadOnlySpan<T> x, T y, Span<T> z)
    {
        // Powers that networks are written with, of which a general one costs tens of times as much.
        if (y == Two) TensorPrimitives.Multiply(x, x, z);
        else if (y == Three) VectorLoops.Map<T, Cube>(x, x, z, default);
        else if (y == Half) TensorPrimitives.Sqrt(x, z);
        else if (y == T.NegativeOne) TensorPrimitives.Divide(T.One, x, z);
        else TensorPrimitives.Pow(x, y, z);
    }

    public static void Forward(T x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Pow(x, y, z);

    public static void Backward(int input, int other, ReadOnlySpan<T> own, ReadOnlySpan<T> others, Span<T> d)
    {
        if (input == 0)
        {
            for (var i = 0; i < d.Length; i++) d[i] *= Slope(own[i], others[i]);
            return;
        }

        for (var i = 0; i < d.Length; i++) d[i] *= others[i] > T.Zero ? T.Pow(others[i], own[i]) * T.Log(others[i]) : T.Zero;
    }

    private static T Slope(T x, T y) => y == Two ? x + x : y == T.One ? T.One : y == T.Zero ? T.Zero : y * T.Pow(x, y - T.One);

    private readonly struct Cube : IPairFunction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector<T> Invoke(Vector<T> x, Vector<T> unused) => x * x * x;
    }
}

/// <summary>The larger of x and y; the gradient is the first largest input's.</summary>
internal readonly struct MaximumFunction<T> : IBroadcastFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool Decays => false;

    public static bool BackwardReadsInputs => true;

    public static void Forward(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Max(x, y, z);

    public static void Forward(ReadOnlySpan<T> x, T y, Span<T> z) => TensorPrimitives.Max(x, y, z);

    public static void Forward(T x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Max(y, x, z);

    public static void Backward(int input, int other, ReadOnlySpan<T> own, ReadOnlySpan<T> others, Span<T> d) =>
        Winners.Keep(own, others, orEqual: input < other, d);
}

/// <summary>The smaller of x and y; the gradient is the first smallest input's.</summary>
internal readonly struct MinimumFunction<T> : IBroadcastFunction<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public static bool Decays => false;

    public static bool BackwardReadsInputs => true;

    public static void Forward(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Min(x, y, z);

    public static void Forward(ReadOnlySpan<T> x, T y, Span<T> z) => TensorPrimitives.Min(x, y, z);

    public static void Forward(T x, ReadOnlySpan<T> y, Span<T> z) => TensorPrimitives.Min(y, x, z);

    public static void Backward(int input, int other, ReadOnlySpan<T> own, ReadOnlySpan<T> others, Span<T> d) =>
        Winners.Keep(others, own, orEqual: input < other, d);
}

/// <summary>The choice between numbers that a maximum or a minimum has made.</summary>
file static class Winners
{
    /// <summary>Sets d to 0 where the one is not larger than the other, or as large where that is enough.</summary>
    public static void Keep<T>(ReadOnlySpan<T> larger, ReadOnlySpan<T> smaller, bool orEqual, Span<T> d)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var i = 0;
        for (; i <= d.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            Vector<T> a = new(larger[i..]), b = new(smaller[i..]);
            var kept = orEqual ? Vector.GreaterThanOrEqual(a, b) : Vector.GreaterThan(a, b);
            Vector.ConditionalSelect(kept, new Vector<T>(d[i..]), Vector<T>.Zero).CopyTo(d[i..]);
        }

        for (; i < d.Length; i++)
        {
            if (!(orEqual ? larger[i] >= smaller[i] : larger[i] > smaller[i])) d[i] = T.Zero;
        }
    }
}
