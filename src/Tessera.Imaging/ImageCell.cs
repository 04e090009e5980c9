namespace Tessera.Imaging;

/// <summary>
/// Draws one sample within a square of a sheet: an image grey or in colour, a signal as curves, of a volume the middle slice. Small images
/// are enlarged by whole factors, large ones made smaller before they are written.
/// </summary>
internal static class ImageCell
{
    private const int MostCurves = 4;
    private const int LeastHeight = 12;

    /// <summary>Whether samples of a shape can be drawn: [C, L], [C, H, W] or [C, D, H, W].</summary>
    public static bool CanDraw(Sizes shape) => shape.Count is >= 2 and <= 4 && shape.All(size => size >= 1);

    /// <summary>The place that a sample takes in a square of <paramref name="side"/> pixels.</summary>
    public static (double Width, double Height) SizeOf(Sizes shape, int side)
    {
        if (shape.Count == 2) return (side, side / 2);
        var (height, width) = (shape[^2], shape[^1]);
        var scale = Scale(height, width, side);
        return (scale * width, Math.Max(LeastHeight, scale * height));
    }

    /// <summary>Draws a sample at the upper left corner (x, y) of its square.</summary>
    /// <param name="picture">What to draw on.</param>
    /// <param name="x">The left edge.</param>
    /// <param name="y">The upper edge.</param>
    /// <param name="side">The side of the square.</param>
    /// <param name="sample">The values, row-major.</param>
    /// <param name="shape">Their shape, one that can be drawn.</param>
    /// <param name="black">The value that is black, or a curve's lowest.</param>
    /// <param name="white">The value that is white, or a curve's highest.</param>
    public static void Draw(SvgPicture picture, double x, double y, int side, ReadOnlySpan<float> sample, Sizes shape, float black = 0, float white = 1)
    {
        var (shownWidth, shownHeight) = SizeOf(shape, side);
        if (shape.Count == 2)
        {
            Curves(picture, (x, y, shownWidth, shownHeight), sample, shape, black, white);
            return;
        }

        var (height, width) = (shape[^2], shape[^1]);
        var plane = height * width;
        var channelLength = sample.Length / shape[0];
        var slice = shape.Count == 4 ? shape[1] / 2 * plane : 0;

        // Three channels are a colour, of others the first is shown.
        var channels = shape[0] == 3 ? 3 : 1;
        var planes = new byte[channels * plane];
        for (var i = 0; i < planes.Length; i++) planes[i] = Level(sample[(i / plane * channelLength) + slice + (i % plane)], black, white);
        if (Math.Max(height, width) > 2 * side)
        {
            var shrink = 2.0 * side / Math.Max(height, width);
            var small = ImageResize.Resize(new DecodedImage([channels, height, width], planes), Math.Max(1, (int)(height * shrink)), Math.Max(1, (int)(width * shrink)));
            (planes, height, width) = (small.Pixels, small.Height, small.Width);
        }

        var pixels = SideBySide(planes, channels);
        var scale = Scale(height, width, side);
        if (scale >= 1) picture.Image(x, y, (width, height, channels), pixels, ((int)scale, Math.Max((int)scale, LeastHeight / height)));
        else picture.Image(x, y, shownWidth, shownHeight, PngWriter.Encode(width, height, channels, pixels));
    }

    private static double Scale(int height, int width, int side) =>
        Math.Max(height, width) <= side ? side / Math.Max(height, width) : (double)side / Math.Max(height, width);

    private static byte Level(float value, float black, float white)
    {
        if (float.IsNaN(value)) return 0;
        return white > black ? (byte)Math.Clamp(((value - black) / (white - black) * 255) + 0.5f, 0, 255) : (byte)128;
    }

    private static byte[] SideBySide(byte[] planes, int channels)
    {
        if (channels == 1) return planes;
        var plane = planes.Length / channels;
        var pixels = new byte[planes.Length];
        for (var i = 0; i < pixels.Length; i++) pixels[i] = planes[(i % channels * plane) + (i / channels)];
        return pixels;
    }

    /// <summary>A curve for each of the first channels; of a signal with more values than there are pixels, what it reaches within each.</summary>
    private static void Curves(SvgPicture picture, (double X, double Y, double Width, double Height) place, ReadOnlySpan<float> sample, Sizes shape, float black, float white)
    {
        picture.Rectangle(place.X, place.Y, place.Width, place.Height, "grid");
        var length = shape[1];
        var buckets = Math.Min(length, (int)place.Width);
        for (var channel = Math.Min(MostCurves, shape[0]) - 1; channel >= 0; channel--)
        {
            var points = new List<(double X, double Y)>();
            for (var bucket = 0; bucket < buckets; bucket++)
            {
                var first = (int)((long)bucket * length / buckets);
                var values = sample.Slice((channel * length) + first, (int)((long)(bucket + 1) * length / buckets) - first);
                var (least, most) = (float.PositiveInfinity, float.NegativeInfinity);
                foreach (var value in values) (least, most) = (Math.Min(least, Finite(value)), Math.Max(most, Finite(value)));
                var across = place.X + (place.Width * (buckets == 1 ? 0.5 : bucket / (buckets - 1.0)));
                points.Add((across, Down(least)));
                if (most > least) points.Add((across, Down(most)));
            }

            if (points.Count == 1) picture.Circle(points[0].X, points[0].Y, 2, FigureStyle.Hue(channel) + " dot");
            else picture.Polyline(points, FigureStyle.Hue(channel) + " curve");
        }

        float Finite(float value) => float.IsFinite(value) ? value : black;
        double Down(float value) => place.Y + (place.Height * (1 - (white > black ? Math.Clamp((value - black) / (white - black), 0, 1) : 0.5)));
    }
}
