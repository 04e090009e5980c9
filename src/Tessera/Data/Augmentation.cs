namespace Tessera.Data;

/// <summary>
/// Changes to samples, one after the other. What is random depends on the seed, the epoch and the sample's number alone, so that it is the
/// same whatever came before and on whatever thread.
/// </summary>
public sealed record Augmentation
{
    /// <summary>These changes, in this order.</summary>
    public Augmentation(params IReadOnlyList<ImageTransform> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        Steps = [.. steps];
    }

    /// <summary>No change at all.</summary>
    public static Augmentation None { get; } = new();

    /// <summary>The changes, in order.</summary>
    public IReadOnlyList<ImageTransform> Steps { get; }

    /// <summary>Checks that samples of <paramref name="shape"/> can be changed so.</summary>
    /// <exception cref="ArgumentException">They cannot; the message says which change and why.</exception>
    public void Check(Sizes shape)
    {
        foreach (var step in Steps) step.Check(shape);
    }

    /// <summary>Changes one sample in place.</summary>
    /// <param name="sample">The sample, row-major.</param>
    /// <param name="scratch">As long as the sample; overwritten.</param>
    /// <param name="shape">The sample's shape.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="index">The sample's number in its dataset.</param>
    public void Apply(Span<float> sample, Span<float> scratch, Sizes shape, long seed, int epoch, int index)
    {
        var random = new RandomSource(seed, epoch, index);
        // By index: an enumerator of an interface would be allocated for every sample.
        for (var step = 0; step < Steps.Count; step++) Steps[step].Apply(sample, scratch[..sample.Length], shape, ref random);
    }

    /// <summary>The same changes in the same order.</summary>
    public bool Equals(Augmentation? other) => other is not null && Steps.SequenceEqual(other.Steps);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var step in Steps) hash.Add(step);
        return hash.ToHashCode();
    }
}
