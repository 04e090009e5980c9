using MathNet.Numerics.LinearAlgebra;

namespace Tessera.Cli.Baselines;

/// <summary>
/// Principal component analysis of flattened images: the baseline of every linear code. With k numbers an image's best linear
/// reconstruction is its mean plus its projection on the k leading eigenvectors of the covariance.
/// </summary>
internal sealed class PrincipalComponents
{
    private readonly Matrix<double> components;
    private readonly double[] mean;

    /// <summary>The analysis of training images.</summary>
    /// <param name="images">[n, length], row-major.</param>
    /// <param name="length">Numbers in an image.</param>
    public PrincipalComponents(ReadOnlySpan<float> images, int length)
    {
        var count = images.Length / length;
        mean = new double[length];
        for (var i = 0; i < images.Length; i++) mean[i % length] += images[i] / (double)count;
        var centred = Centred(images, length);
        var covariance = centred.TransposeThisAndMultiply(centred).Divide(count);
        var eigen = covariance.Evd(Symmetricity.Symmetric);
        // Ascending: the leading component is the last column.
        components = Matrix<double>.Build.DenseOfColumnVectors(Enumerable.Range(1, length).Select(k => eigen.EigenVectors.Column(length - k)));
    }

    /// <summary>The mean square of what a reconstruction from the first <paramref name="numbers"/> components misses of an element.</summary>
    public double Error(ReadOnlySpan<float> images, int numbers)
    {
        var length = mean.Length;
        if (numbers >= length) return 0;
        var centred = Centred(images, length);
        var projected = centred * components.SubMatrix(0, length, 0, numbers);
        // Of an orthonormal basis: what is missed is what the projection does not hold.
        return (Squares(centred) - Squares(projected)) / images.Length;
    }

    private Matrix<double> Centred(ReadOnlySpan<float> images, int length)
    {
        var rows = Matrix<double>.Build.Dense(images.Length / length, length);
        for (var i = 0; i < images.Length; i++) rows[i / length, i % length] = images[i] - mean[i % length];
        return rows;
    }

    private static double Squares(Matrix<double> matrix) => matrix.Enumerate().Sum(static value => value * value);
}
