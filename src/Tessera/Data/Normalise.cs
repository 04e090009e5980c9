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
        var (pivots, sums, squares) = (new double[channels], new double[channels], new double[channels]);
        for (var index = 0; index < data.Count; index++)
        {
            data.Read(index, sample);
            for (var channel = 0; channel < channels; channel++)
            {
                var values = sample.AsSpan(channel * length, length);
                // About the first sample's mean, so that squares lose nothing of what is small beside a large mean.
                if (index == 0) pivots[channel] = Sums(values, 0).Sum / length;
                var (sum, square) = Sums(values, pivots[channel]);
                sums[channel] += sum;
                squares[channel] += square;
            }
        }

        var count = (double)data.Count * length;
        var (means, deviations) = (new float[channels], new float[channels]);
        for (var channel = 0; channel < channels; channel++)
        {
            var mean = sums[channel] / count;
            var deviation = (float)Math.Sqrt(Math.Max(0, (squares[channel] / count) - (mean * mean)));
            means[channel] = (float)(pivots[channel] + mean);
            deviations[channel] = deviation > 0 ? deviation : 1;
        }

        return new Normalise(means, deviations);
    }

    /// <summary>Brings normalised samples back to what they were: times the deviation, plus the mean.</summary>
    /// <param name="samples">Any number of samples [N, C, i…], row-major; overwritten.</param>
    /// <param name="sampleShape">The shape of one of them, [C, i…].</param>
    /// <exception cref="ArgumentException">The channels are not as many as the means, or the numbers are no whole samples.</exception>
    public void Undo(Span<float> samples, Sizes sampleShape)
    {
        Check(sampleShape);
        if (samples.Length % sampleShape.Product != 0) throw new ArgumentException($"Normalise: {samples.Length} numbers are no whole samples of {sampleShape}.", nameof(samples));
        var plane = (int)sampleShape.From(1).Product;
        for (var start = 0; start < samples.Length; start += plane)
        {
            var channel = start / plane % Mean.Count;
            var values = samples.Slice(start, plane);
            foreach (ref var value in values) value = (value * StandardDeviation[channel]) + Mean[channel];
        }
    }

    /// <summary>The same numbers for every channel.</summary>
    public bool Equals(Normalise? other) =>
        other is not null && Mean.SequenceEqual(other.Mean) && StandardDeviation.SequenceEqual(other.StandardDeviation);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Mean.Count, Mean[0], StandardDeviation[0]);

    /// <summary>The sum of value − pivot and of its square, in four strands that do not wait for each other.</summary>
    private static (double Sum, double Square) Sums(ReadOnlySpan<float> values, double pivot)
    {
        var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0);
        var (aa, bb, cc, dd) = (0.0, 0.0, 0.0, 0.0);
        var i = 0;
        for (; i + 4 <= values.Length; i += 4)
        {
            var (p, q, r, s) = (values[i] - pivot, values[i + 1] - pivot, values[i + 2] - pivot, values[i + 3] - pivot);
            (a, b, c, d) = (a + p, b + q, c + r, d + s);
            (aa, bb, cc, dd) = (aa + (p * p), bb + (q * q), cc + (r * r), dd + (s * s));
        }

        for (; i < values.Length; i++)
        {
            a += values[i] - pivot;
            aa += (values[i] - pivot) * (values[i] - pivot);
        }

        return (a + b + (c + d), aa + bb + (cc + dd));
    }

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
