using System.Globalization;
using Tessera.Cli.Baselines;
using Tessera.Data;
using Tessera.Imaging;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Cli.Pictures;

/// <summary>Samples beside what a model makes of them, as a sheet: ten in a row, each with the mean square of what its reconstruction misses.</summary>
internal static class Reconstructions
{
    /// <summary>How many are shown where nobody says.</summary>
    public const int Usual = 20;

    private const int PerRow = 10;

    /// <summary>Whether a network gives back samples of the shape that it takes, and they can be shown.</summary>
    public static bool CanDraw(NetworkDescription network) => network.InputShape.Count is >= 2 and <= 4 && network.OutputShape(1).From(1) == network.InputShape;

    /// <summary>The first samples of a dataset through a model; of one that learnt to take noise away, with such noise on them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">The samples, images from 0 to 1.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="noise">What is put on them first, drawn from a seed of 1; null for nothing.</param>
    /// <param name="stopping">Ends the work.</param>
    public static ImageSheet Of(ImageCoder model, Dataset data, int count, Noise? noise, CancellationToken stopping)
    {
        var shape = model.ImageShape;
        float[][] samples = [.. PredictionSample.FromData(data, Enumerable.Range(0, Math.Min(count, data.Count))).Select(static sample => sample.Values)];
        float[] seen = [.. samples.SelectMany(static sample => sample)];
        if (noise is not null) seen = model.Corrupt(seen, noise, 1, stopping);
        var given = seen.Chunk((int)shape.Product).ToArray();
        var made = model.Reconstruct(seen, stopping).Chunk((int)shape.Product).ToArray();
        var rows = new List<SheetRow>();
        for (var first = 0; first < samples.Length; first += PerRow)
        {
            int[] shown = [.. Enumerable.Range(first, Math.Min(PerRow, samples.Length - first))];
            rows.Add(new SheetRow("input", [.. shown.Select(i => new SheetImage(samples[i], shape))]));
            if (noise is not null) rows.Add(new SheetRow("noisy input", [.. shown.Select(i => Beside(given[i], samples[i], shape))]));
            rows.Add(new SheetRow("reconstruction", [.. shown.Select(i => Beside(made[i], samples[i], shape))]));
        }

        return new ImageSheet(noise is null ? "Inputs and their reconstructions" : "Inputs, with noise, and reconstructed from that", rows) { Remark = Remark(samples, given, made, noise) };
    }

    private static SheetImage Beside(float[] image, float[] sample, Sizes shape) =>
        new(image, shape) { Caption = Decibel.MeanSquare(image, sample).ToString("G3", CultureInfo.InvariantCulture) };

    private static string Remark(float[][] samples, float[][] given, float[][] made, Noise? noise)
    {
        if (samples.Length == 0) return "no samples";
        return noise is null
            ? string.Create(CultureInfo.InvariantCulture, $"below each the mean square of what it misses; {Missed(made):G3} on average of these {samples.Length}")
            : string.Create(CultureInfo.InvariantCulture, $"below each the mean square of what it misses of the input; on average of these {samples.Length}: {Missed(given):G3} with noise, {Missed(made):G3} reconstructed");

        double Missed(float[][] images) => images.Zip(samples, static (image, sample) => Decibel.MeanSquare(image, sample)).Average();
    }
}
