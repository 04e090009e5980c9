using System.Numerics.Tensors;

namespace Tessera.Data;

/// <summary>Some samples side by side, with what is wanted of them. A loader gives it and overwrites it later.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Batch<T>
    where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
{
    private readonly T[] inputs;
    private readonly T[] targets;
    private readonly int[] labels;
    private readonly int[] indices;
    private readonly int sampleLength;
    private readonly int targetLength;

    internal Batch(Dataset data, int size)
    {
        SampleShape = data.SampleShape;
        sampleLength = (int)data.SampleShape.Product;
        targetLength = data.IsLabelled ? 0 : (int)data.TargetShape.Product;
        inputs = new T[size * sampleLength];
        targets = new T[size * targetLength];
        labels = new int[data.IsLabelled ? size : 0];
        indices = new int[size];
    }

    /// <summary>The number of samples in it.</summary>
    public int Count { get; internal set; }

    /// <summary>The epoch it belongs to, from 0.</summary>
    public int Epoch { get; internal set; }

    /// <summary>Its number in the epoch, from 0.</summary>
    public int Number { get; internal set; }

    /// <summary>The shape of one sample.</summary>
    public Sizes SampleShape { get; }

    /// <summary>The samples, row-major: [count, C, spatial…].</summary>
    public Memory<T> Inputs => inputs.AsMemory(0, Count * sampleLength);

    /// <summary>The labels, one for each sample; empty where there are targets.</summary>
    public ReadOnlyMemory<int> Labels => labels.AsMemory(0, labels.Length == 0 ? 0 : Count);

    /// <summary>The targets, row-major, one for each sample; empty where there are labels.</summary>
    public Memory<T> Targets => targets.AsMemory(0, Count * targetLength);

    /// <summary>The number of each sample in the dataset.</summary>
    public ReadOnlyMemory<int> Indices => indices.AsMemory(0, Count);

    /// <summary>The samples as a tensor: [count, C, spatial…].</summary>
    public TensorSpan<T> InputTensor() => new(Inputs.Span, Sizes.Create([Count]).Append(SampleShape).ToLengths());

    /// <summary>Fills the batch with the samples at <paramref name="samples"/>.</summary>
    internal void Fill(Dataset data, ReadOnlySpan<int> samples, Augmentation augmentation, long seed, Span<float> sample, Span<float> scratch)
    {
        Count = samples.Length;
        for (var i = 0; i < samples.Length; i++)
        {
            var index = indices[i] = samples[i];
            data.Read(index, sample[..sampleLength]);
            augmentation.Apply(sample[..sampleLength], scratch, SampleShape, seed, Epoch, index);
            TensorPrimitives.ConvertTruncating<float, T>(sample[..sampleLength], inputs.AsSpan(i * sampleLength));
            if (data.IsLabelled)
            {
                labels[i] = data.Label(index);
            }
            else
            {
                data.ReadTarget(index, sample[..targetLength]);
                TensorPrimitives.ConvertTruncating<float, T>(sample[..targetLength], targets.AsSpan(i * targetLength));
            }
        }
    }
}
