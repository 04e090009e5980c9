namespace Tessera.Data;

/// <summary>
/// Pads the picture by <see cref="Padding"/> pixels on every side with its own mirror image (without repeating the border) and cuts a
/// picture of the old size out at random.
/// </summary>
public sealed record RandomCrop : ImageTransform
{
    /// <summary>Pads by <paramref name="padding"/> pixels.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public RandomCrop(int padding)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        Padding = padding;
    }

    /// <summary>The pixels of padding on every side.</summary>
    public int Padding { get; }

    internal override void Check(Sizes shape)
    {
        base.Check(shape);
        var planes = ImagePlanes.Of(shape);
        var least = planes.Height == 1 ? planes.Width : Math.Min(planes.Height, planes.Width);
        if (Padding >= least) throw new ArgumentException($"RandomCrop: samples of {shape} cannot be mirrored by {Padding} pixels; use less than {least}.");
    }

    internal override void Apply(Span<float> sample, Span<float> scratch, Sizes shape, ref RandomSource random)
    {
        var planes = ImagePlanes.Of(shape);
        var down = planes.Height == 1 ? 0 : random.NextInt((2 * Padding) + 1) - Padding;
        var right = random.NextInt((2 * Padding) + 1) - Padding;
        sample.CopyTo(scratch);
        for (var plane = 0; plane < planes.Count; plane++)
        {
            for (var row = 0; row < planes.Height; row++)
            {
                var source = scratch.Slice((plane * planes.PlaneLength) + (Mirror(row + down, planes.Height) * planes.Width), planes.Width);
                var target = sample.Slice((plane * planes.PlaneLength) + (row * planes.Width), planes.Width);
                for (var column = 0; column < target.Length; column++) target[column] = source[Mirror(column + right, planes.Width)];
            }
        }
    }

    private static int Mirror(int index, int size) => index < 0 ? -index : index >= size ? (2 * (size - 1)) - index : index;
}
