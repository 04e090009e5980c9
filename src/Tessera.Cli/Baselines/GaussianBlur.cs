namespace Tessera.Cli.Baselines;

/// <summary>The baseline of denoising: every channel's convolution with a Gaussian, axis by axis, the edge repeated beyond itself.</summary>
internal static class GaussianBlur
{
    /// <summary>The deviations that are tried, in pixels.</summary>
    private static readonly double[] Deviations = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0];

    /// <summary>The deviation that brings noisy images nearest to clean ones.</summary>
    /// <param name="noisy">[n, C, i…], row-major.</param>
    /// <param name="clean">The same without noise.</param>
    /// <param name="shape">The shape of one image, [C, i…].</param>
    public static double BestDeviation(float[] noisy, float[] clean, Sizes shape) =>
        Deviations.MinBy(deviation => Decibel.MeanSquare(Apply(noisy, shape, deviation), clean));

    /// <summary>The images blurred by a deviation in pixels.</summary>
    public static float[] Apply(float[] images, Sizes shape, double deviation)
    {
        var radius = (int)Math.Ceiling(3 * deviation);
        var weights = Enumerable.Range(-radius, (2 * radius) + 1).Select(at => Math.Exp(-0.5 * at * at / (deviation * deviation))).ToArray();
        var sum = weights.Sum();
        var blurred = images;
        var stride = 1;
        for (var axis = shape.Count - 1; axis >= 1; axis--)
        {
            blurred = AlongAxis(blurred, shape[axis], stride, weights, sum, radius);
            stride *= shape[axis];
        }

        return blurred;
    }

    private static float[] AlongAxis(float[] images, int size, int stride, double[] weights, double sum, int radius)
    {
        var result = new float[images.Length];
        for (var i = 0; i < images.Length; i++)
        {
            var at = i / stride % size;
            var row = i - (at * stride);
            double value = 0;
            for (var k = -radius; k <= radius; k++) value += weights[k + radius] * images[row + (Math.Clamp(at + k, 0, size - 1) * stride)];
            result[i] = (float)(value / sum);
        }

        return result;
    }
}
