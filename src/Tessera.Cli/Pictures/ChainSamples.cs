using System.Globalization;
using Tessera.Data;
using Tessera.Imaging;
using Tessera.Reconstruction;

namespace Tessera.Cli.Pictures;

/// <summary>What a belief net dreams, as a sheet: a row for each Gibbs chain, a column for each look at it.</summary>
internal static class ChainSamples
{
    /// <summary>How many chains and steps there are where nobody says, and how many steps from one look to the next.</summary>
    public const int Chains = 8, Steps = 1000, Every = 100;

    /// <summary>The sheet.</summary>
    /// <param name="net">The net, for a batch of as many examples as there are to be chains.</param>
    /// <param name="normalisation">What its samples are normalised by; null for nothing.</param>
    /// <param name="start">The samples, normalised, that chains start at, [N, C, i…]; empty to start from noise.</param>
    /// <param name="steps">Steps of each chain.</param>
    /// <param name="every">Steps from one look to the next.</param>
    /// <param name="seed">What is drawn from.</param>
    public static ImageSheet Of(BeliefNet<float> net, Normalise? normalisation, ReadOnlySpan<float> start, int steps, int every, long seed)
    {
        var looks = net.Sample(seed, steps, every, start);
        var shape = net.SampleShape;
        var length = (int)shape.Product;
        var rows = new List<SheetRow>();
        for (var chain = 0; chain < net.Batch; chain++)
        {
            var images = new List<SheetImage>();
            if (!start.IsEmpty) images.Add(Image(start.Slice(chain * length, length)));
            foreach (var look in looks) images.Add(Image(look.AsSpan(chain * length, length)));
            rows.Add(new SheetRow($"chain {chain + 1}", images));
        }

        string[] columns = [.. start.IsEmpty ? (string[])[] : ["start"], .. looks.Select((_, look) => string.Create(CultureInfo.InvariantCulture, $"{(look + 1) * every}"))];
        return new ImageSheet($"Samples along Gibbs chains, from {(start.IsEmpty ? "noise" : "test samples")}", rows)
        {
            Side = 64,
            Columns = columns,
            Remark = string.Create(CultureInfo.InvariantCulture, $"the visible units' means after so many steps; seed {seed}"),
        };

        SheetImage Image(ReadOnlySpan<float> values)
        {
            var pixels = values.ToArray();
            normalisation?.Undo(pixels, shape);
            return new SheetImage(pixels, shape);
        }
    }
}
