using Tessera.Data;
using Tessera.Reconstruction;
using Xunit;

namespace Tessera.Cli.Tests;

public sealed class ImageCoderTests
{
    [Fact]
    public void Features_and_reconstructions_together_take_one_inference_of_each_batch()
    {
        var random = new RandomSource(4);
        var images = new float[7 * 6];
        foreach (ref var pixel in images.AsSpan()) pixel = (float)random.NextDouble();
        var normalise = new Normalise([0.4f], [0.3f]);
        var model = new Halves();
        var (features, active, made) = new ImageCoder(model, normalise).EncodeAndReconstruct(images, CancellationToken.None);
        Assert.Equal(3, model.Inferences);

        var (same, sameActive) = new ImageCoder(model, normalise).Encode(images, CancellationToken.None);
        Assert.Equal(same, features);
        Assert.Equal(sameActive, active);
        Assert.Equal(new ImageCoder(model, normalise).Reconstruct(images, CancellationToken.None), made);
        Assert.Equal(9, model.Inferences);
    }

    /// <summary>Codes are what is above 0 of the first half of an image; a reconstruction repeats them.</summary>
    private sealed class Halves : IReconstructor<float>
    {
        public int Inferences { get; private set; }

        public int Batch => 3;

        public Sizes SampleShape => [1, 6];

        public Sizes CodeShape => [1, 3];

        public void Encode(ReadOnlySpan<float> samples, Span<float> codes)
        {
            Inferences++;
            for (var i = 0; i < codes.Length; i++) codes[i] = Math.Max(0, samples[(i / 3 * 6) + (i % 3)]);
        }

        public void Reconstruct(ReadOnlySpan<float> samples, Span<float> reconstructions) => Reconstruct(samples, new float[9], reconstructions);

        public void Reconstruct(ReadOnlySpan<float> samples, Span<float> codes, Span<float> reconstructions)
        {
            Encode(samples, codes);
            for (var i = 0; i < reconstructions.Length; i++) reconstructions[i] = codes[(i / 6 * 3) + (i % 3)];
        }
    }
}
