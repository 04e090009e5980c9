namespace Tessera.Data;

/// <summary>Shifts the picture by a random whole number of pixels, at most <see cref="Pixels"/> either way on both axes; what comes in is <see cref="Fill"/>.</summary>
public sealed record RandomShift : ImageTransform
{
    /// <summary>Shifts by up to <paramref name="pixels"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public RandomShift(int pixels, float fill = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pixels);
        Pixels = pixels;
        Fill = fill;
    }

    /// <summary>The most pixels to shift by.</summary>
    public int Pixels { get; }

    /// <summary>The value of pixels that come in from outside.</summary>
    public float Fill { get; }

    internal override void Check(Sizes shape)
    {
        base.Check(shape);
        if (Pixels >= shape[^1]) throw new ArgumentException($"RandomShift: a shift of {Pixels} pixels can leave nothing of samples of {shape}; use less than {shape[^1]}.");
    }

    internal override void Apply(Span<float> sample, Span<float> scratch, Sizes shape, ref RandomSource random)
    {
        var planes = ImagePlanes.Of(shape);
        var down = planes.Height == 1 ? 0 : random.NextInt((2 * Pixels) + 1) - Pixels;
        var right = random.NextInt((2 * Pixels) + 1) - Pixels;
        sample.CopyTo(scratch);
        sample.Fill(Fill);
        var kept = planes.Width - Math.Abs(right);
        for (var row = 0; row < planes.Count * planes.Height; row++)
        {
            var from = (row % planes.Height) - down;
            if (from < 0 || from >= planes.Height) continue;
            var source = scratch.Slice((row - down) * planes.Width, planes.Width);
            source.Slice(Math.Max(0, -right), kept).CopyTo(sample[((row * planes.Width) + Math.Max(0, right))..]);
        }
    }
}
