using System.Globalization;
using Tessera.Cli.Baselines;
using Tessera.Data;
using Tessera.Imaging;
using Tessera.Networks;

namespace Tessera.Cli.Pictures;

/// <summary>Samples beside what a model makes of them, as a sheet: ten in a row, each with the mean square of what its reconstruction misses.</summary>
internal static class Reconstructions
{
    /// <summary>How many are shown where nobody says.</summary>
    public const int Usual = 20;

    private const int PerRow = 10;

    /// <summary>Whether a network gives back samples of the shape that it takes, and they can be shown.</summary>
    public static bool CanDraw(NetworkDescription network) => network.InputShape.Count is >= 2 and <= 4 && network.OutputShape(1).From(1) == network.InputShape;

    /// <summary>The first samples of a dataset through a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">The samples, images from 0 to 1.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="stopping">Ends the work.</param>
    public static ImageSheet Of(ImageCoder model, Dataset data, int count, CancellationToken stopping)
    {
        var shape = model.ImageShape;
        float[][] samples = [.. PredictionSample.FromData(data, Enumerable.Range(0, Math.Min(count, data.Count))).Select(static sample => sample.Values)];
        var made = model.Reconstruct([.. samples.SelectMany(static sample => sample)], stopping).Chunk((int)shape.Product).ToArray();
        var rows = new List<SheetRow>();
        double sum = 0;
        for (var first = 0; first < samples.Length; first += PerRow)
        {
            var below = new List<SheetImage>();
            for (var i = first; i < Math.Min(first + PerRow, samples.Length); i++)
            {
                var missed = Decibel.MeanSquare(made[i], samples[i]);
                sum += missed;
                below.Add(new SheetImage(made[i], shape) { Caption = missed.ToString("G3", CultureInfo.InvariantCulture) });
            }

            rows.Add(new SheetRow("input", [.. samples.Skip(first).Take(PerRow).Select(sample => new SheetImage(sample, shape))]));
            rows.Add(new SheetRow("reconstruction", below));
        }

        var remark = samples.Length == 0 ? "no samples" : string.Create(CultureInfo.InvariantCulture, $"below each the mean square of what it misses; {sum / samples.Length:G3} on average of these {samples.Length}");
        return new ImageSheet("Inputs and their reconstructions", rows) { Remark = remark };
    }
}
