using System.Globalization;
using System.Numerics.Tensors;

namespace Tessera.Data;

/// <summary>
/// Samples in memory, each with a class label or with a target tensor. Samples are bytes (read as 0 to 1) or floats, channels first:
/// [C, spatial…], row-major. Immutable; subsets share the memory. Safe to read from several threads.
/// </summary>
public sealed class Dataset
{
    private readonly byte[]? bytes;
    private readonly float[]? floats;
    private readonly int[]? labels;
    private readonly float[]? targets;
    private readonly int[]? indices;
    private readonly int sampleLength;
    private readonly int targetLength;

    private Dataset(
        byte[]? bytes, float[]? floats, Sizes sampleShape, int[]? labels, IReadOnlyList<string> classNames, float[]? targets, Sizes targetShape, int[]? indices, int count)
    {
        this.bytes = bytes;
        this.floats = floats;
        this.labels = labels;
        this.targets = targets;
        this.indices = indices;
        SampleShape = sampleShape;
        ClassNames = classNames;
        TargetShape = targetShape;
        Count = count;
        sampleLength = (int)sampleShape.Product;
        targetLength = targets is null ? 0 : (int)targetShape.Product;
    }

    /// <summary>The number of samples.</summary>
    public int Count { get; }

    /// <summary>The shape of one sample: channels, then the spatial sizes.</summary>
    public Sizes SampleShape { get; }

    /// <summary>The name of each class, by label; empty where samples have targets instead of labels.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>The number of classes; 0 where samples have targets instead of labels.</summary>
    public int ClassCount => ClassNames.Count;

    /// <summary>Whether samples have class labels; otherwise they have targets.</summary>
    public bool IsLabelled => labels is not null;

    /// <summary>The shape of one sample's target; empty where samples have labels.</summary>
    public Sizes TargetShape { get; }

    /// <summary>A dataset over bytes; keeps the arrays, does not copy them.</summary>
    /// <param name="samples">All samples, one behind the other; 0 to 255 stand for 0 to 1.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <param name="labels">The label of each sample, from 0.</param>
    /// <param name="classNames">The name of each class.</param>
    /// <exception cref="ArgumentException">The lengths do not belong together, or a label has no class.</exception>
    public static Dataset Create(byte[] samples, Sizes sampleShape, int[] labels, IReadOnlyList<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(samples);
        CheckLabels(samples.Length, sampleShape, labels, classNames);
        return new Dataset(samples, null, sampleShape, labels, classNames, null, Sizes.Empty, null, labels.Length);
    }

    /// <summary>A dataset over floats; keeps the arrays, does not copy them.</summary>
    /// <param name="samples">All samples, one behind the other; finite.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <param name="labels">The label of each sample, from 0.</param>
    /// <param name="classNames">The name of each class.</param>
    /// <exception cref="ArgumentException">The lengths do not belong together, a label has no class, or a value is not finite.</exception>
    public static Dataset Create(float[] samples, Sizes sampleShape, int[] labels, IReadOnlyList<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(samples);
        CheckLabels(samples.Length, sampleShape, labels, classNames);
        CheckFinite(samples, sampleShape, "sample");
        return new Dataset(null, samples, sampleShape, labels, classNames, null, Sizes.Empty, null, labels.Length);
    }

    /// <summary>A dataset for regression or reconstruction; keeps the arrays, does not copy them.</summary>
    /// <param name="samples">All samples, one behind the other; finite.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    /// <param name="targets">All targets, one behind the other; finite.</param>
    /// <param name="targetShape">The shape of one target.</param>
    /// <exception cref="ArgumentException">The lengths do not belong together, or a value is not finite.</exception>
    public static Dataset Create(float[] samples, Sizes sampleShape, float[] targets, Sizes targetShape)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(targets);
        CheckShape(sampleShape);
        CheckShape(targetShape);
        if (samples.Length % sampleShape.Product != 0 || targets.Length % targetShape.Product != 0
            || samples.Length / sampleShape.Product != targets.Length / targetShape.Product)
        {
            throw new ArgumentException(
                $"{samples.Length} values of samples of {sampleShape} and {targets.Length} values of targets of {targetShape} are not equally many samples and targets.", nameof(targets));
        }

        CheckFinite(samples, sampleShape, "sample");
        CheckFinite(targets, targetShape, "target");
        return new Dataset(null, samples, sampleShape, null, [], targets, targetShape, null, (int)(samples.Length / sampleShape.Product));
    }

    /// <summary>The names "0", "1", … for classes that have no better ones.</summary>
    public static IReadOnlyList<string> NumberedClasses(int count) =>
        [.. Enumerable.Range(0, count).Select(number => number.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Reads one sample as floats, row-major; bytes become 0 to 1.</summary>
    /// <exception cref="ArgumentException">The span is not as long as a sample.</exception>
    public void Read(int index, Span<float> sample)
    {
        var start = Position(index) * sampleLength;
        if (sample.Length != sampleLength)
            throw new ArgumentException($"A sample of {SampleShape} has {sampleLength} values and does not go into a span of {sample.Length}.", nameof(sample));
        if (floats is not null)
        {
            floats.AsSpan(start, sampleLength).CopyTo(sample);
            return;
        }

        TensorPrimitives.ConvertTruncating<byte, float>(bytes.AsSpan(start, sampleLength), sample);
        TensorPrimitives.Divide(sample, 255f, sample);
    }

    /// <summary>The class of one sample, from 0.</summary>
    /// <exception cref="InvalidOperationException">Samples have targets instead of labels.</exception>
    public int Label(int index) =>
        labels is null ? throw new InvalidOperationException("These samples have targets, not labels.") : labels[Position(index)];

    /// <summary>Reads one sample's target, row-major.</summary>
    /// <exception cref="InvalidOperationException">Samples have labels instead of targets.</exception>
    /// <exception cref="ArgumentException">The span is not as long as a target.</exception>
    public void ReadTarget(int index, Span<float> target)
    {
        if (targets is null) throw new InvalidOperationException("These samples have labels, not targets.");
        if (target.Length != targetLength)
            throw new ArgumentException($"A target of {TargetShape} has {targetLength} values and does not go into a span of {target.Length}.", nameof(target));
        targets.AsSpan(Position(index) * targetLength, targetLength).CopyTo(target);
    }

    /// <summary>These samples in another shape of as many values: [28, 28] as [1, 28, 28].</summary>
    /// <exception cref="ArgumentException">The shape has another number of values.</exception>
    public Dataset WithSampleShape(Sizes shape)
    {
        CheckShape(shape);
        if (shape.Product != sampleLength)
            throw new ArgumentException($"Samples of {SampleShape} ({sampleLength} values) cannot be taken for {shape} ({shape.Product} values).", nameof(shape));
        return new Dataset(bytes, floats, shape, labels, ClassNames, targets, TargetShape, indices, Count);
    }

    /// <summary>These samples with other names for the classes.</summary>
    /// <exception cref="ArgumentException">There are not as many names as classes.</exception>
    public Dataset WithClassNames(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count != ClassCount) throw new ArgumentException($"{names.Count} names do not go with {ClassCount} classes.", nameof(names));
        return new Dataset(bytes, floats, SampleShape, labels, names, targets, TargetShape, indices, Count);
    }

    /// <summary>The samples at <paramref name="samples"/>, in that order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sample.</exception>
    public Dataset Subset(ReadOnlySpan<int> samples)
    {
        var positions = new int[samples.Length];
        for (var i = 0; i < positions.Length; i++) positions[i] = Position(samples[i]);
        return new Dataset(bytes, floats, SampleShape, labels, ClassNames, targets, TargetShape, positions, positions.Length);
    }

    /// <summary>The first <paramref name="count"/> samples, or all where there are fewer.</summary>
    public Dataset Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return count >= Count ? this : Subset([.. Enumerable.Range(0, count)]);
    }

    /// <summary>
    /// Splits off a part for validation: from every class (or from all samples, where they have targets) the same
    /// <paramref name="fraction"/>, rounded, drawn from <paramref name="seed"/>; the order is kept.
    /// </summary>
    /// <exception cref="ArgumentException">The fraction is not between 0 and 1, or one part would be empty.</exception>
    public (Dataset Training, Dataset Validation) Split(double fraction, long seed)
    {
        if (!(fraction > 0 && fraction < 1)) throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "The validation part must be between 0 and 1.");
        var held = new bool[Count];
        for (var kind = 0; kind < Math.Max(1, ClassCount); kind++)
        {
            var members = Enumerable.Range(0, Count).Where(index => labels is null || Label(index) == kind).ToArray();
            new RandomSource(seed, kind).Shuffle<int>(members);
            foreach (var index in members.AsSpan(0, (int)Math.Round(members.Length * fraction))) held[index] = true;
        }

        var validation = Enumerable.Range(0, Count).Where(index => held[index]).ToArray();
        var training = Enumerable.Range(0, Count).Where(index => !held[index]).ToArray();
        if (validation.Length == 0 || training.Length == 0)
            throw new ArgumentException($"A validation part of {fraction} leaves {training.Length} of {Count} samples to train and {validation.Length} to validate; both need some.", nameof(fraction));
        return (Subset(training), Subset(validation));
    }

    /// <summary>The first sample with a value outside of <paramref name="least"/> … <paramref name="most"/>, which has 0 and 1 within; −1 for none.</summary>
    internal int FirstOutside(float least, float most)
    {
        for (var index = 0; floats is not null && index < Count; index++)
        {
            foreach (var value in floats.AsSpan(Position(index) * sampleLength, sampleLength))
            {
                if (value < least || value > most) return index;
            }
        }

        return -1;
    }

    private int Position(int index)
    {
        if ((uint)index >= (uint)Count) throw new ArgumentOutOfRangeException(nameof(index), index, $"There are {Count} samples.");
        return indices is null ? index : indices[index];
    }

    private static void CheckShape(Sizes shape)
    {
        if (shape.Count == 0 || shape.Any(size => size < 1)) throw new ArgumentException($"A shape of {shape} holds no values; every size must be at least 1.", nameof(shape));
    }

    private static void CheckLabels(int values, Sizes sampleShape, int[] labels, IReadOnlyList<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(classNames);
        CheckShape(sampleShape);
        if (values != labels.Length * (Int128)sampleShape.Product)
            throw new ArgumentException($"{values} values are not {labels.Length} samples (one for each label) of {sampleShape}.", nameof(labels));
        for (var i = 0; i < labels.Length; i++)
        {
            if ((uint)labels[i] >= (uint)classNames.Count)
                throw new ArgumentException($"The label {labels[i]} of sample {i} is none of the {classNames.Count} classes 0 to {classNames.Count - 1}.", nameof(labels));
        }
    }

    private static void CheckFinite(ReadOnlySpan<float> values, Sizes shape, string what)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                throw new ArgumentException($"{what} {i / shape.Product} holds {values[i].ToString(CultureInfo.InvariantCulture)}, which is not a finite number; clean the data first.");
        }
    }
}
