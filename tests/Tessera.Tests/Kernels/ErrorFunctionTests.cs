using System.Numerics;
using Tessera.Kernels;
using Xunit;

namespace Tessera.Tests.Kernels;

public class ErrorFunctionTests
{
    [Theory]
    [InlineData(0.0, 1.0)]
    [InlineData(0.5, 0.47950012218695346)]
    [InlineData(1.0, 0.15729920705028513)]
    [InlineData(-1.0, 1.8427007929497148)]
    [InlineData(2.0, 0.004677734981047266)]
    [InlineData(5.0, 1.5374597944280349e-12)]
    public void The_reference_has_the_values_of_the_tables(double x, double expected) => Assert.Equal(expected, Complement(x), 4e-15 * expected);

    [Fact]
    public void Both_functions_are_true_to_a_few_units_in_the_last_place_at_all_sizes()
    {
        Check<double>(2.3e-16, 26);
        Check<float>(1.2e-7, 9);
    }

    [Fact]
    public void Ends_are_exact_and_what_is_not_a_number_stays()
    {
        double[] x = [double.NegativeInfinity, -40, 0, 40, double.PositiveInfinity, double.NaN], y = new double[6];
        ErrorFunction.Evaluate<double>(x, y);
        Assert.Equal([-1, -1, 0, 1, 1, double.NaN], y);
        ErrorFunction.Complement<double>(x, y);
        Assert.Equal([2, 2, 1, 0, 0, double.NaN], y);
    }

    /// <summary>erfc in double: a series of positive terms near 0, a continued fraction beyond.</summary>
    public static double Complement(double x)
    {
        if (x < 0) return 2 - Complement(-x);
        if (x < 1)
        {
            // erf(x) = 2/√π exp(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!
            double term = x, sum = x;
            for (var n = 1; n < 120; n++) sum += term *= 2 * x * x / ((2 * n) + 1);
            return 1 - (2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum);
        }

        // √π exp(x²) erfc(x) = 1 / (x + ½ / (x + 1 / (x + 3/2 / (x + …
        var rest = x;
        for (var k = 200; k >= 1; k--) rest = x + (k / 2.0 / rest);
        return Math.Exp(-x * x) / (rest * Math.Sqrt(Math.PI));
    }

    private static void Check<T>(double epsilon, double far)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var random = new RandomSource(1);
        var x = new T[1000];
        for (var i = 0; i < x.Length; i++) x[i] = T.CreateChecked((random.NextDouble() - 0.5) * (i % 3 == 0 ? 1e-3 : i % 3 == 1 ? 6 : 2 * far));
        var (value, complement) = (new T[x.Length], new T[x.Length]);
        // Lengths that are no multiple of a vector, and in place.
        ErrorFunction.Evaluate<T>(x.AsSpan(0, 993), value.AsSpan(0, 993));
        x.CopyTo(complement, 0);
        ErrorFunction.Complement<T>(complement, complement);
        for (var i = 0; i < 993; i++)
        {
            var at = double.CreateChecked(x[i]);
            var expected = Math.Abs(at) < 1e-3 ? 2 / Math.Sqrt(Math.PI) * (at - (at * at * at / 3) + (Math.Pow(at, 5) / 10)) : 1 - Complement(at);
            Assert.Equal(expected, double.CreateChecked(value[i]), (4 * epsilon * Math.Abs(expected)) + 2e-16);
            // In the tail the reference and what is tested both take exp(−x²), which turns a rounding of x² into x² roundings.
            var tail = Complement(at);
            Assert.Equal(tail, double.CreateChecked(complement[i]), (epsilon * (8 + (2 * at * at)) * tail) + 1e-300);
        }
    }
}
