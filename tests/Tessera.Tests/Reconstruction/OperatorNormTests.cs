using CsCheck;
using Tessera.Operators;
using Tessera.Reconstruction;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Reconstruction;

public class OperatorNormTests
{
    [Fact]
    public void The_norm_is_that_of_the_sparse_matrix() => Small.Holds(
        random =>
        {
            var kernel = Kernel(random, out var exact);
            var norm = new OperatorNorm<double>(random.Description, random.InputShape.From(1)) { Tolerance = 1e-9, MostIterations = 20_000 };
            Assert.Equal(exact, norm.LargestEigenvalue(kernel), 1e-4 * exact);
        },
        iterations: 40);

    [Fact]
    public void The_estimate_is_from_below_and_near_and_the_bound_above() => Small.Holds(
        random =>
        {
            var kernel = Kernel(random, out var exact);
            var norm = new OperatorNorm<float>(random.Description, random.InputShape.From(1));
            float[] single = [.. kernel.Select(value => (float)value)];
            Assert.InRange(norm.LargestEigenvalue(single), 0.85 * exact, exact * (1 + 1e-5));
            Assert.True(norm.UpperBound(single) >= exact * (1 - 1e-6));
        },
        iterations: 60);

    [Fact]
    public void A_kernel_of_zeros_has_norm_0()
    {
        var norm = new OperatorNorm<float>(new() { Kernel = [3], Outputs = 2 }, [1, 9]);
        Assert.Equal(0, norm.LargestEigenvalue(new float[6]));
        Assert.Equal(0, norm.UpperBound(new float[6]));
        Assert.StartsWith("operator norm: a kernel of 5 elements for 2×1×3; give 6.", Assert.Throws<ArgumentException>(() => norm.LargestEigenvalue(new float[5])).Message, StringComparison.Ordinal);
    }

    /// <summary>Operators whose matrix is small enough for all eigenvalues.</summary>
    private static Gen<RandomOperator> Small => RandomOperator.Any.Where(random => random.InputShape.From(1).Product is > 1 and <= 48);

    private static double[] Kernel(RandomOperator random, out double largest)
    {
        var geometry = random.Description.Resolve(random.InputShape[1], random.InputShape.From(2));
        var kernel = random.RandomValues<double>(geometry.KernelShape.Product, 2);
        var matrix = SparseMatrix<double>.Of(geometry, kernel);
        var gram = new double[matrix.ColumnCount, matrix.ColumnCount];
        var unit = new double[matrix.ColumnCount];
        for (var i = 0; i < unit.Length; i++)
        {
            Array.Clear(unit);
            unit[i] = 1;
            var column = matrix.MultiplyTransposed(matrix.Multiply(unit));
            for (var j = 0; j < unit.Length; j++) gram[i, j] = column[j];
        }

        largest = LargestEigenvalue(gram);
        return kernel;
    }

    /// <summary>Jacobi's rotations until nothing is left beside the diagonal.</summary>
    private static double LargestEigenvalue(double[,] a)
    {
        var n = a.GetLength(0);
        for (var sweep = 0; sweep < 40; sweep++)
        {
            for (var p = 0; p < n; p++)
            {
                for (var q = p + 1; q < n; q++)
                {
                    if (Math.Abs(a[p, q]) < 1e-14) continue;
                    var angle = 0.5 * Math.Atan2(2 * a[p, q], a[q, q] - a[p, p]);
                    var (sine, cosine) = Math.SinCos(angle);
                    for (var k = 0; k < n; k++) (a[k, p], a[k, q]) = ((cosine * a[k, p]) - (sine * a[k, q]), (sine * a[k, p]) + (cosine * a[k, q]));
                    for (var k = 0; k < n; k++) (a[p, k], a[q, k]) = ((cosine * a[p, k]) - (sine * a[q, k]), (sine * a[p, k]) + (cosine * a[q, k]));
                }
            }
        }

        return Enumerable.Range(0, n).Max(i => a[i, i]);
    }
}
