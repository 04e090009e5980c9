namespace Tessera.Data;

/// <summary>Mirrors the picture left to right (the last axis) with a probability.</summary>
public sealed record HorizontalFlip : ImageTransform
{
    /// <summary>Mirrors with <paramref name="probability"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not from 0 to 1.</exception>
    public HorizontalFlip(double probability = 0.5)
    {
        if (!(probability >= 0 && probability <= 1)) throw new ArgumentOutOfRangeException(nameof(probability), probability, "A probability is from 0 to 1.");
        Probability = probability;
    }

    /// <summary>How likely a sample is mirrored.</summary>
    public double Probability { get; }

    internal override void Apply(Span<float> sample, Span<float> scratch, Sizes shape, ref RandomSource random)
    {
        if (random.NextDouble() >= Probability) return;
        var width = shape[^1];
        for (var start = 0; start < sample.Length; start += width) sample.Slice(start, width).Reverse();
    }
}
