namespace Tessera.Data;

/// <summary>Turns the picture about its centre by a random angle, at most <see cref="Degrees"/> either way, bilinear between pixels; outside is 0.</summary>
public sealed record RandomRotation : ImageTransform
{
    /// <summary>Turns by up to <paramref name="degrees"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The angle is not from 0 to 180.</exception>
    public RandomRotation(double degrees)
    {
        if (!(degrees >= 0 && degrees <= 180)) throw new ArgumentOutOfRangeException(nameof(degrees), degrees, "The largest angle is from 0 to 180 degrees.");
        Degrees = degrees;
    }

    /// <summary>The largest angle in degrees.</summary>
    public double Degrees { get; }

    internal override void Check(Sizes shape)
    {
        if (shape.Count < 3) throw new ArgumentException($"RandomRotation: samples of {shape} are no pictures; channels, height and width are needed.");
    }

    internal override void Apply(Span<float> sample, Span<float> scratch, Sizes shape, ref RandomSource random) =>
        Turn(sample, scratch, shape, ((2 * random.NextDouble()) - 1) * Degrees);

    /// <summary>Turns by <paramref name="degrees"/>, anticlockwise as one sees it.</summary>
    internal static void Turn(Span<float> sample, Span<float> scratch, Sizes shape, double degrees)
    {
        var planes = ImagePlanes.Of(shape);
        var (height, width) = (planes.Height, planes.Width);
        var (sine, cosine) = Math.SinCos(degrees * Math.PI / 180);
        var (centreRow, centreColumn) = ((height - 1) / 2.0, (width - 1) / 2.0);
        sample.CopyTo(scratch);
        for (var row = 0; row < height; row++)
        {
            for (var column = 0; column < width; column++)
            {
                // Where this pixel came from; rows grow downwards.
                var fromRow = centreRow + (cosine * (row - centreRow)) + (sine * (column - centreColumn));
                var fromColumn = centreColumn - (sine * (row - centreRow)) + (cosine * (column - centreColumn));
                var (upper, left) = ((int)Math.Floor(fromRow), (int)Math.Floor(fromColumn));
                var (lowerPart, rightPart) = ((float)(fromRow - upper), (float)(fromColumn - left));
                for (var plane = 0; plane < planes.Count; plane++)
                {
                    var source = scratch.Slice(plane * planes.PlaneLength, planes.PlaneLength);
                    var above = ((1 - rightPart) * At(source, upper, left, height, width)) + (rightPart * At(source, upper, left + 1, height, width));
                    var below = ((1 - rightPart) * At(source, upper + 1, left, height, width)) + (rightPart * At(source, upper + 1, left + 1, height, width));
                    sample[(plane * planes.PlaneLength) + (row * width) + column] = ((1 - lowerPart) * above) + (lowerPart * below);
                }
            }
        }
    }

    private static float At(ReadOnlySpan<float> plane, int row, int column, int height, int width) =>
        (uint)row < (uint)height && (uint)column < (uint)width ? plane[(row * width) + column] : 0;
}
