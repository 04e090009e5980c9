using Tessera.Data;

namespace Tessera.Cli.Baselines;

/// <summary>A reconstruction model beside baselines that anyone can check, on test images that nobody has trained on.</summary>
internal sealed record Comparison
{
    private const int MostAnalysed = 10_000;

    /// <summary>Numbers in a code; of a sparse code those that are not 0, in the mean.</summary>
    public required double Numbers { get; init; }

    /// <summary>The mean square of what the model's reconstruction misses of a pixel.</summary>
    public required double Error { get; init; }

    /// <summary>The components that the principal component analysis keeps: as many numbers as a code has.</summary>
    public required int Components { get; init; }

    /// <summary>The same of the reconstruction from that many principal components.</summary>
    public required double ComponentsError { get; init; }

    /// <summary>The noise's standard deviation.</summary>
    public required double Noise { get; init; }

    /// <summary>The peak signal-to-noise ratio of the noisy images, in dB.</summary>
    public required double NoisyDecibel { get; init; }

    /// <summary>The same of the model's reconstructions of them.</summary>
    public required double DenoisedDecibel { get; init; }

    /// <summary>The same of the best Gaussian blur.</summary>
    public required double BlurredDecibel { get; init; }

    /// <summary>The standard deviation of that blur in pixels, chosen on training images.</summary>
    public required double BlurDeviation { get; init; }

    /// <summary>The shape of the features that a linear classifier is given.</summary>
    public required Sizes Features { get; init; }

    /// <summary>Labels of each class; 0 where the data has none.</summary>
    public required int Labels { get; init; }

    /// <summary>The accuracy of a linear classifier on the model's features; null without labels.</summary>
    public required double? FeatureAccuracy { get; init; }

    /// <summary>The same on the pixels.</summary>
    public required double? PixelAccuracy { get; init; }

    /// <summary>The same on the features of the same model before any training.</summary>
    public required double? RandomAccuracy { get; init; }

    /// <summary>Measures a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="untrained">The same with new parameters.</param>
    /// <param name="training">What it was trained on.</param>
    /// <param name="test">What it has never seen.</param>
    /// <param name="noise">The deviation of the noise that is put on images from 0 to 1.</param>
    /// <param name="labels">Labels of each class for the linear classifier.</param>
    /// <param name="seed">What the noise and the labelled examples are drawn from.</param>
    /// <param name="threads">The most threads.</param>
    /// <param name="stopping">Ends the work.</param>
    public static Comparison Of(ImageCoder model, ImageCoder untrained, Dataset training, Dataset test, double noise, int labels, long seed, int threads, CancellationToken stopping)
    {
        var order = Shuffled(training.Count, seed);
        var (analysed, tested) = (Read(training, order.AsSpan(0, Math.Min(MostAnalysed, order.Length))), Read(test, [.. Enumerable.Range(0, test.Count)]));
        var (features, active, made) = model.EncodeAndReconstruct(tested, stopping);
        var components = (int)Math.Min(Math.Round(active), model.ImageShape.Product);
        var analysis = new PrincipalComponents(analysed, (int)model.ImageShape.Product);
        stopping.ThrowIfCancellationRequested();

        var noisy = WithNoise(tested, noise, seed);
        var some = analysed.AsSpan(0, Math.Min(analysed.Length, 500 * (int)model.ImageShape.Product)).ToArray();
        var deviation = GaussianBlur.BestDeviation(WithNoise(some, noise, seed + 1), some, model.ImageShape);
        var few = training.IsLabelled && test.IsLabelled ? Labelled(training, order, labels) : [];
        return new Comparison
        {
            Numbers = active,
            Error = Decibel.MeanSquare(made, tested),
            Components = components,
            ComponentsError = analysis.Error(tested, components),
            Noise = noise,
            NoisyDecibel = Decibel.Of(Decibel.MeanSquare(noisy, tested)),
            DenoisedDecibel = Decibel.Of(Decibel.MeanSquare(model.Reconstruct(noisy, stopping), tested)),
            BlurredDecibel = Decibel.Of(Decibel.MeanSquare(GaussianBlur.Apply(noisy, model.ImageShape, deviation), tested)),
            BlurDeviation = deviation,
            Features = model.FeatureShape,
            Labels = few.Length == 0 ? 0 : labels,
            FeatureAccuracy = Probe(images => model.Encode(images, stopping).Features, features),
            PixelAccuracy = Probe(static images => images, tested),
            RandomAccuracy = Probe(images => untrained.Encode(images, stopping).Features, null),
        };

        double? Probe(Func<float[], float[]> of, float[]? known)
        {
            if (few.Length == 0) return null;
            return LinearProbe.Accuracy(
                of(Read(training, few)), [.. few.Select(training.Label)], known ?? of(tested), [.. Enumerable.Range(0, test.Count).Select(test.Label)], training.ClassCount, threads, stopping);
        }
    }

    /// <summary>The first examples of each class in an order, up to a number each.</summary>
    private static int[] Labelled(Dataset data, int[] order, int each)
    {
        var counts = new int[data.ClassCount];
        return [.. order.Where(index => counts[data.Label(index)]++ < each)];
    }

    private static float[] Read(Dataset data, ReadOnlySpan<int> indices)
    {
        var length = (int)data.SampleShape.Product;
        var images = new float[(long)indices.Length * length];
        for (var i = 0; i < indices.Length; i++) data.Read(indices[i], images.AsSpan(i * length, length));
        return images;
    }

    private static float[] WithNoise(float[] images, double deviation, long seed)
    {
        var noisy = images.ToArray();
        Networks.Layers.Noise.Gaussian(deviation).Apply<float>(noisy, seed, 0);
        return noisy;
    }

    private static int[] Shuffled(int count, long seed)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new RandomSource(seed).Shuffle<int>(order);
        return order;
    }
}
