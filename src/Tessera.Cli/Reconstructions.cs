using System.Globalization;
using Tessera.Data;
using Tessera.Imaging;
using Tessera.Networks;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>Samples beside what a model makes of them, as a sheet: ten in a row, each with the mean square of what its reconstruction misses.</summary>
internal static class Reconstructions
{
    /// <summary>How many are shown where nobody says.</summary>
    public const int Usual = 20;

    private const int PerRow = 10;

    /// <summary>Whether a network gives back samples of the shape that it takes, and they can be shown.</summary>
    public static bool CanDraw(NetworkDescription network) => network.InputShape.Count is >= 2 and <= 4 && network.OutputShape(1).From(1) == network.InputShape;

    /// <summary>The first samples of a dataset through a network.</summary>
    public static ImageSheet Of(TrainedModel trained, Dataset data, int count, int threads, CancellationToken stopping)
    {
        var predictor = new Predictor<float>(trained.Model, trained.Parameters, threads);
        var samples = PredictionSample.FromData(data, Enumerable.Range(0, Math.Min(count, data.Count))).Select(sample => (ReadOnlyMemory<float>)sample.Values).ToArray();
        return Of(samples, data.SampleShape, sample =>
        {
            stopping.ThrowIfCancellationRequested();
            return predictor.Predict(sample.Span);
        });
    }

    /// <summary>Any samples through anything that gives back samples of their shape and range.</summary>
    /// <param name="samples">The samples, images from 0 to 1.</param>
    /// <param name="shape">The shape of each.</param>
    /// <param name="reconstruct">Gives the reconstruction of one.</param>
    public static ImageSheet Of(IReadOnlyList<ReadOnlyMemory<float>> samples, Sizes shape, Func<ReadOnlyMemory<float>, float[]> reconstruct)
    {
        var rows = new List<SheetRow>();
        double sum = 0;
        foreach (var group in samples.Chunk(PerRow))
        {
            var made = new List<SheetImage>();
            foreach (var sample in group)
            {
                var reconstruction = reconstruct(sample);
                var missed = MeanSquare(sample.Span, reconstruction);
                sum += missed;
                made.Add(new SheetImage(reconstruction, shape) { Caption = missed.ToString("G3", CultureInfo.InvariantCulture) });
            }

            rows.Add(new SheetRow("input", [.. group.Select(sample => new SheetImage(sample, shape))]));
            rows.Add(new SheetRow("reconstruction", made));
        }

        var remark = samples.Count == 0 ? "no samples" : string.Create(CultureInfo.InvariantCulture, $"below each the mean square of what it misses; {sum / samples.Count:G3} on average of these {samples.Count}");
        return new ImageSheet("Inputs and their reconstructions", rows) { Remark = remark };
    }

    private static double MeanSquare(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        double sum = 0;
        for (var i = 0; i < one.Length; i++) sum += (one[i] - (double)other[i]) * (one[i] - (double)other[i]);
        return sum / one.Length;
    }
}
