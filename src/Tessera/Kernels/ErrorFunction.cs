using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Tessera.Kernels;

/// <summary>
/// erf(x) = 2/√π ∫₀ˣ exp(−t²) dt and erfc(x) = 1 − erf(x), by the elements of a span. With a = |x|, erfc(a) is exp(−a²) / (1 + 2a) · h(s), and h goes so
/// smoothly from 1 at a = 0 to 2/√π at infinity that a polynomial in s = (a − 3) / (a + 3) is enough (the form is of Shepherd and Laframboise 1981);
/// below ½, where 1 − erfc would lose digits, erf(x) is x times a polynomial in x². The coefficients interpolate at Chebyshev's points, computed with
/// 50 digits. Errors are a few units in the last place, in erfc's tail times x², which exp(−a²) costs.
/// </summary>
internal static class ErrorFunction
{
    /// <summary>The most elements of a span.</summary>
    public const int MostElements = 1024;

    private static ReadOnlySpan<double> Tail =>
    [
        1.2530080582697296, -0.13562110612458117, -0.04756229435345087, 0.1296451587027606, -0.11927366341530699,
        0.06830802734397842, -0.023770514918645947, 0.0025293918160670084, 0.0018886903591569639, -0.000779832272114198,
        -0.00010515979982110902, 0.00012509935238210292, 4.949485020404755e-06, -2.010056800825956e-05, -7.31510597347354e-07,
        3.472414748465152e-06, 3.568385446218421e-07, -6.166497860444189e-07, -1.4160083686165256e-07, 1.0187014218684821e-07,
        4.180799018310733e-08, -1.3326423747154523e-08, -8.500459896845804e-09, 9.885909081313708e-10, 8.864334940396352e-10,
    ];

    private static ReadOnlySpan<double> ShortTail =>
    [
        1.2530080582697296, -0.13562106822069417, -0.04756229382771763, 0.1296440910249622, -0.1192736784315029,
        0.06831669729438275, -0.023770388711381683, 0.0024988226113873105, 0.0018882157008084247, -0.0007261608011693134,
        -0.00010422117710741312, 7.720413938052222e-05, 3.891751557197811e-06,
    ];

    private static ReadOnlySpan<double> Near =>
    [
        1.1283791670955126, -0.37612638903183476, 0.11283791670925353, -0.026866170632887928, 0.00522397737302147,
        -0.0008548297753674966, 0.00012053335124353741, -1.4845849259707869e-05, 1.4725865480556744e-06,
    ];

    private static ReadOnlySpan<double> ShortNear => [1.1283791656017914, -0.37612609007469805, 0.11282831428465862, -0.026757732735015517, 0.004719082567218814];

    /// <summary>y = erf(x); y may stand where x stands.</summary>
    [SkipLocalsInit]
    public static void Evaluate<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> tail = stackalloc T[MostElements], near = stackalloc T[MostElements], square = stackalloc T[MostElements];
        tail = tail[..x.Length];
        near = near[..x.Length];
        square = square[..x.Length];
        OfMagnitude(x, tail);
        // Beyond ½ the polynomial is not used, and a number too large would only overflow in it.
        TensorPrimitives.Multiply(x, x, square);
        TensorPrimitives.Min(square, T.One, square);
        Polynomial(IsSingle<T>() ? ShortNear : Near, square, near);
        TensorPrimitives.Multiply(x, near, near);
        VectorLoops.Map(x, tail, tail, new FromTail<T>());
        VectorLoops.Map(tail, near, y, new Nearer<T>());
    }

    /// <summary>y = erfc(x), true to its tail on both sides; y may stand where x stands.</summary>
    [SkipLocalsInit]
    public static void Complement<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> tail = stackalloc T[MostElements];
        tail = tail[..x.Length];
        OfMagnitude(x, tail);
        VectorLoops.Map(x, tail, y, new Reflected<T>());
    }

    /// <summary>y = erfc(|x|).</summary>
    [SkipLocalsInit]
    private static void OfMagnitude<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> a = stackalloc T[MostElements], s = stackalloc T[MostElements];
        a = a[..x.Length];
        s = s[..x.Length];
        TensorPrimitives.Abs(x, a);
        // erfc(28) is below the smallest number of a double.
        TensorPrimitives.Min(a, T.CreateChecked(28), a);
        var three = T.CreateChecked(3);
        TensorPrimitives.Subtract(a, three, s);
        TensorPrimitives.Add(a, three, y);
        TensorPrimitives.Divide(s, y, s);
        Polynomial(IsSingle<T>() ? ShortTail : Tail, s, y);
        TensorPrimitives.Multiply(a, a, s);
        TensorPrimitives.Negate(s, s);
        TensorPrimitives.Exp(s, s);
        TensorPrimitives.Multiply(y, s, y);
        TensorPrimitives.Add(a, a, a);
        TensorPrimitives.Add(a, T.One, a);
        TensorPrimitives.Divide(y, a, y);
    }

    /// <summary>Horner's rule, a pass for each coefficient: the elements of a span stay in the nearest cache.</summary>
    private static void Polynomial<T>(ReadOnlySpan<double> coefficients, ReadOnlySpan<T> s, Span<T> result)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        result.Fill(T.CreateChecked(coefficients[^1]));
        for (var i = coefficients.Length - 2; i >= 0; i--) TensorPrimitives.MultiplyAddEstimate(result, s, T.CreateChecked(coefficients[i]), result);
    }

    private static bool IsSingle<T>() => typeof(T) == typeof(float);

    /// <summary>erfc(x) from x and erfc(|x|).</summary>
    private readonly struct Reflected<T>() : IPairFunction<T>
    {
        private readonly Vector<T> two = Vector<T>.One + Vector<T>.One;

        public Vector<T> Invoke(Vector<T> x, Vector<T> tail) => Vector.ConditionalSelect(Vector.LessThan(x, Vector<T>.Zero), two - tail, tail);
    }

    /// <summary>erf(x) from x and erfc(|x|).</summary>
    private readonly struct FromTail<T> : IPairFunction<T>
    {
        public Vector<T> Invoke(Vector<T> x, Vector<T> tail)
        {
            var value = Vector<T>.One - tail;
            return Vector.ConditionalSelect(Vector.LessThan(x, Vector<T>.Zero), -value, value);
        }
    }

    /// <summary>The second where the first lies between −½ and ½.</summary>
    private readonly struct Nearer<T>() : IPairFunction<T>
    {
        private readonly Vector<T> half = Vector<T>.One / (Vector<T>.One + Vector<T>.One);

        public Vector<T> Invoke(Vector<T> tail, Vector<T> near) => Vector.ConditionalSelect(Vector.LessThan(Vector.Abs(tail), half), near, tail);
    }
}
