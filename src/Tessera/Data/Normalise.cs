using System.Numerics.Tensors;

namespace Tessera.Data;

/// <summary>Takes the mean from every value and divides by the standard deviation, both by channel (the first axis).</summary>
public sealed record Normalise : ImageTransform
{
    /// <summary>Normalises with these numbers, one of each for every channel.</summary>
    /// <exception cref="ArgumentException">There are not equally many, or a deviation is not above 0.</exception>
    public Normalise(IReadOnlyList<float> mean, IReadOnlyList<float> standardDeviation)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(standardDeviation);
        if (mean.Count != standardDeviation.Count || mean.Count == 0)
            throw new ArgumentException($"{mean.Count} means and {standardDeviation.Count} standard deviations; each channel needs one of both.", nameof(mean));
        if (!mean.All(float.IsFinite) || !standardDeviation.All(value => float.IsFinite(value) && value > 0))
            throw new ArgumentException("Means must be finite, and standard deviations finite and above 0.", nameof(standardDeviation));
        Mean = [.. mean];
        StandardDeviation = [.. standardDeviation];
    }

    /// <summary>The mean of each channel.</summary>
    public IReadOnlyList<float> Mean { get; }

    /// <summary>The standard deviation of each channel.</summary>
    public IReadOnlyList<float> StandardDeviation { get; }

    /// <summary>The mean and standard deviation of each channel over all samples of <paramref name="data"/>; a channel that never changes has deviation 1.</summary>
    /// <exception cref="ArgumentException">There are no samples.</exception>
    public static Normalise Over(Dataset data)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.Count == 0) throw new ArgumentException("There are no samples to take a mean of.", nameof(data));
        var sample = new float[data.SampleShape.Product];
        var channels = data.SampleShape[0];
        var length = sample.Length / channels;
        var (sums, squares) = (new double[channels], new double[channels]);

        // Two passes: the sum of squares less the square of the sum would lose what is small beside a large mean.
        for (var index = 0; index < data.Count; index++)
        {
            data.Read(index, sample);
            for (var channel = 0; channel < channels; channel++)
            {
                foreach (var value in sample.AsSpan(channel * length, length)) sums[channel] += value;
            }
        }

        var means = Array.ConvertAll(sums, sum => sum / ((double)data.Count * length));
        for (var index = 0; index < data.Count; index++)
        {
            data.Read(index, sample);
            for (var channel = 0; channel < channels; channel++)
            {
                foreach (var value in sample.AsSpan(channel * length, length)) squares[channel] += (value - means[channel]) * (value - means[channel]);
            }
        }

        var deviations = Array.ConvertAll(squares, square => (float)Math.Sqrt(square / ((double)data.Count * length)));
        return new Normalise(Array.ConvertAll(means, mean => (float)mean), Array.ConvertAll(deviations, deviation => deviation > 0 ? deviation : 1f));
    }

    /// <summary>The same numbers for every channel.</summary>
    public bool Equals(Normalise? other) =>
        other is not null && Mean.SequenceEqual(other.Mean) && StandardDeviation.SequenceEqual(other.StandardDeviation);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Mean.Count, Mean[0], StandardDeviation[0]);

    internal override void Check(Sizes shape)
    {
        if (shape.Count == 0 || shape[0] != Mean.Count)
            throw new ArgumentException($"Normalise: {Mean.Count} means do not go with samples of {shape}; give one for each of the channels (the first size).");
    }

    internal override void Apply(Span<float> sample, Span<float> scratch, Sizes shape, ref RandomSource random)
    {
        var length = sample.Length / Mean.Count;
        for (var channel = 0; channel < Mean.Count; channel++)
        {
            var values = sample.Slice(channel * length, length);
            TensorPrimitives.Subtract(values, Mean[channel], values);
            TensorPrimitives.Divide(values, StandardDeviation[channel], values);
        }
    }
}
