using Tessera.Data;
using Tessera.Networks.Layers;
using Tessera.Reconstruction;

namespace Tessera.Cli;

/// <summary>A reconstruction model on any number of images as the data has them: it normalises what goes in and undoes that on what comes out.</summary>
/// <param name="model">The model.</param>
/// <param name="normalisation">Its normalisation; null for none.</param>
internal sealed class ImageCoder(IReconstructor<float> model, Normalise? normalisation)
{
    private const int MostPositions = 7;

    /// <summary>The shape of one image.</summary>
    public Sizes ImageShape => model.SampleShape;

    /// <summary>The shape of one code.</summary>
    public Sizes CodeShape => model.CodeShape;

    /// <summary>The shape of one image's features: its code, averaged over blocks so that no axis has more than seven positions.</summary>
    public Sizes FeatureShape => [CodeShape[0], .. CodeShape.From(1).Select(static size => Math.Min(size, MostPositions))];

    /// <summary>The images as the model gives them back.</summary>
    public float[] Reconstruct(float[] images, CancellationToken stopping)
    {
        var result = new float[images.Length];
        var batch = new float[model.Batch * ImageShape.Product];
        ForEachBatch(images, (samples, start, length) =>
        {
            model.Reconstruct(samples, batch);
            batch.AsSpan(0, length).CopyTo(result.AsSpan(start));
        }, stopping);
        normalisation?.Undo(result, ImageShape);
        return result;
    }

    /// <summary>The images with noise on them, which is in the units that the model sees; each by its number.</summary>
    public float[] Corrupt(float[] images, Noise noise, long seed, CancellationToken stopping)
    {
        var (result, each) = (new float[images.Length], (int)ImageShape.Product);
        ForEachBatch(images, (samples, start, length) =>
        {
            for (var at = 0; at < length; at += each)
            {
                var own = samples.AsSpan(at, each);
                noise.Apply(own, seed, (start + at) / each);
                own.CopyTo(result.AsSpan(start + at));
            }
        }, stopping);
        normalisation?.Undo(result, ImageShape);
        return result;
    }

    /// <summary>The whole code of one image.</summary>
    public float[] Code(float[] image, CancellationToken stopping)
    {
        var codes = new float[model.Batch * CodeShape.Product];
        ForEachBatch(image, (samples, _, _) => model.Encode(samples, codes), stopping);
        return codes[..(int)CodeShape.Product];
    }

    /// <summary>The features of images, and how many numbers of a code are not 0 in the mean.</summary>
    public (float[] Features, double Active) Encode(float[] images, CancellationToken stopping)
    {
        var codes = new CodeFeatures(CodeShape, FeatureShape, images.Length / (int)ImageShape.Product);
        var batch = new float[model.Batch * CodeShape.Product];
        ForEachBatch(images, (samples, _, length) =>
        {
            model.Encode(samples, batch);
            codes.Add(batch, length / (int)ImageShape.Product);
        }, stopping);
        return (codes.Features, codes.Active);
    }

    /// <summary>The features of images and the images as the model gives them back, from one inference.</summary>
    public (float[] Features, double Active, float[] Images) EncodeAndReconstruct(float[] images, CancellationToken stopping)
    {
        var codes = new CodeFeatures(CodeShape, FeatureShape, images.Length / (int)ImageShape.Product);
        var batch = new float[model.Batch * CodeShape.Product];
        var made = new float[model.Batch * ImageShape.Product];
        var result = new float[images.Length];
        ForEachBatch(images, (samples, start, length) =>
        {
            model.Reconstruct(samples, batch, made);
            codes.Add(batch, length / (int)ImageShape.Product);
            made.AsSpan(0, length).CopyTo(result.AsSpan(start));
        }, stopping);
        normalisation?.Undo(result, ImageShape);
        return (codes.Features, codes.Active, result);
    }

    private void ForEachBatch(float[] images, Action<float[], int, int> visit, CancellationToken stopping)
    {
        var samples = new float[model.Batch * ImageShape.Product];
        var scratch = new float[ImageShape.Product];
        var preparation = normalisation is null ? Augmentation.None : new Augmentation(normalisation);
        for (var start = 0; start < images.Length; start += samples.Length)
        {
            stopping.ThrowIfCancellationRequested();
            var length = Math.Min(samples.Length, images.Length - start);
            images.AsSpan(start, length).CopyTo(samples);
            for (var at = 0; at < length; at += scratch.Length) preparation.Apply(samples.AsSpan(at, scratch.Length), scratch, ImageShape, 0, 0, 0);
            visit(samples, start, length);
        }
    }
}
