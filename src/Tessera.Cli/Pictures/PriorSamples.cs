using System.Globalization;
using Tessera.Data;
using Tessera.Imaging;
using Tessera.Reconstruction;

namespace Tessera.Cli.Pictures;

/// <summary>What a variational autoencoder makes of draws of its prior, as a sheet: ten in a row.</summary>
internal static class PriorSamples
{
    /// <summary>How many draws there are where nobody says.</summary>
    public const int Usual = 40;

    private const int PerRow = 10;

    /// <summary>The sheet.</summary>
    /// <param name="decoder">The decoder, for a batch of as many codes as there are to be samples.</param>
    /// <param name="normalisation">What its samples are normalised by; null for nothing.</param>
    /// <param name="seed">What codes are drawn from.</param>
    public static ImageSheet Of(VariationalDecoder<float> decoder, Normalise? normalisation, long seed)
    {
        var shape = decoder.SampleShape;
        var samples = new float[decoder.Batch * shape.Product];
        decoder.Sample(samples, seed);
        normalisation?.Undo(samples, shape);
        var images = samples.Chunk((int)shape.Product).Select(pixels => new SheetImage(pixels, shape));
        return new ImageSheet("Samples decoded from draws of the prior", [.. images.Chunk(PerRow).Select(static row => new SheetRow("", row))])
        {
            Side = 64,
            Remark = string.Create(CultureInfo.InvariantCulture, $"each from {decoder.CodeShape.Product} numbers that are standard normal; seed {seed}"),
        };
    }
}
