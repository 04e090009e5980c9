namespace Tessera.Imaging;

/// <summary>
/// Brings images to another size: along each axis a triangle filter as wide as two pixels of the coarser of both pictures, so that making
/// larger is bilinear and making smaller takes every pixel into account.
/// </summary>
public static class ImageResize
{
    /// <summary><paramref name="image"/> at <paramref name="height"/> × <paramref name="width"/> pixels.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public static DecodedImage Resize(DecodedImage image, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (image.Height == height && image.Width == width) return image;

        var channels = image.Shape[0];
        var rows = Weights(image.Height, height);
        var columns = Weights(image.Width, width);
        var narrow = new float[image.Height * width];
        var pixels = new byte[checked(channels * height * width)];
        for (var channel = 0; channel < channels; channel++)
        {
            var source = image.Pixels.AsSpan(channel * image.Height * image.Width);
            for (var row = 0; row < image.Height; row++)
            {
                for (var column = 0; column < width; column++)
                {
                    var (first, weights) = columns[column];
                    var sum = 0f;
                    for (var i = 0; i < weights.Length; i++) sum += weights[i] * source[(row * image.Width) + first + i];
                    narrow[(row * width) + column] = sum;
                }
            }

            for (var row = 0; row < height; row++)
            {
                var (first, weights) = rows[row];
                for (var column = 0; column < width; column++)
                {
                    var sum = 0f;
                    for (var i = 0; i < weights.Length; i++) sum += weights[i] * narrow[((first + i) * width) + column];
                    pixels[(((channel * height) + row) * width) + column] = (byte)Math.Clamp(MathF.Round(sum), 0, 255);
                }
            }
        }

        return new DecodedImage([channels, height, width], pixels);
    }

    /// <summary>For each new pixel the first old one that it sees, and how much of each it takes.</summary>
    private static (int First, float[] Weights)[] Weights(int from, int to)
    {
        var scale = (double)from / to;
        var reach = Math.Max(1, scale);
        var result = new (int, float[])[to];
        for (var pixel = 0; pixel < to; pixel++)
        {
            var centre = ((pixel + 0.5) * scale) - 0.5;
            var first = Math.Max(0, (int)Math.Ceiling(centre - reach));
            var last = Math.Min(from - 1, (int)Math.Floor(centre + reach));
            var weights = new double[last - first + 1];
            for (var i = 0; i < weights.Length; i++) weights[i] = Math.Max(0, 1 - (Math.Abs(first + i - centre) / reach));
            var sum = weights.Sum();
            result[pixel] = (first, Array.ConvertAll(weights, weight => (float)(weight / sum)));
        }

        return result;
    }
}
