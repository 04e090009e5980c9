using Tessera.Connections;

namespace Tessera.Kernels.Winograd;

/// <summary>
/// One axis cut into tiles: six source numbers, evenly spaced, give 7 − r results of a kernel of r taps. With a dilation δ
/// the results of one tile lie δ apart, as its sources do, so that every residue modulo δ is a convolution without one.
/// More than five taps are groups of two to five, whose sums add up: 6 = 3 + 3. One tap needs no tiles: a tile is one number then.
/// <code>
///     δ = 1, r = 3:   sources   0 1 2 3 4 5              δ = 2:   sources   0 . 2 . 4 . 6 . 8 . 10
///                                       4 5 6 7 8 9      
///                     results   0 1 2 3|4 5 6 7|…                 results   0 . 2 . 4 . 6      and 1 . 3 . 5 . 7
/// </code>
/// </summary>
internal sealed class WinogradAxis
{
    /// <summary>The most sources of a tile.</summary>
    public const int MostPoints = 6;

    private const int MostGroups = 4;
    private const int MostStep = 1 << 16;

    private WinogradAxis(TapAxis axis, TapAxis.Tap[] taps, int step, int groups)
    {
        Step = step;
        Groups = groups;
        Lowest = taps[0].Offset;
        SourceSize = axis.SourceSize;
        ResultSize = axis.ResultSize;
        Elements = [.. taps.Select(tap => tap.Element)];
        var starts = new List<int>();
        for (var residue = 0; residue < Math.Min(step, axis.Count); residue++)
        {
            for (var start = residue; start < axis.Count; start += step * Outputs) starts.Add(start);
        }

        Starts = [.. starts];
    }

    /// <summary>Taps r of a group.</summary>
    public int Taps => Elements.Length / Groups;

    /// <summary>The groups that the kernel's taps fall into.</summary>
    public int Groups { get; }

    /// <summary>Sources of a tile, which is also how many products a tile takes.</summary>
    public int Points => Taps == 1 ? 1 : MostPoints;

    /// <summary>Results of a tile.</summary>
    public int Outputs => Points + 1 - Taps;

    /// <summary>The distance δ between neighbouring sources, and results, of a tile.</summary>
    public int Step { get; }

    /// <summary>The source coordinate that the first tap reads for result 0.</summary>
    public int Lowest { get; }

    public int SourceSize { get; }

    public int ResultSize { get; }

    /// <summary>The kernel elements, by rising source coordinate.</summary>
    public int[] Elements { get; }

    /// <summary>The first result of each tile.</summary>
    public int[] Starts { get; }

    /// <summary>The axis in tiles, or null where results are strided or tiled, taps unevenly spaced or not of a number that can be grouped.</summary>
    public static WinogradAxis? TryCut(TapAxis axis)
    {
        var taps = axis.Taps.OrderBy(tap => tap.Offset).ToArray();
        if (taps.Length < 1 || axis.SourceStep != 1 || axis.ResultStep != 1) return null;
        if (taps.Length == 1) return new WinogradAxis(axis, taps, 1, 1);
        var groups = Enumerable.Range(1, taps.Length / 2).FirstOrDefault(groups => taps.Length % groups == 0 && taps.Length / groups <= MostTaps(taps.Length));
        if (groups is 0 or > MostGroups) return null;
        var step = taps[1].Offset - taps[0].Offset;
        return step <= MostStep && taps.Index().All(tap => tap.Item.Offset == taps[0].Offset + (tap.Index * step)) ? new WinogradAxis(axis, taps, step, groups) : null;
    }

    // Tiles of groups of five have but two results, which is worth it for a kernel of five or ten alone.
    private static int MostTaps(int taps) => taps % 5 == 0 ? 5 : 4;
}
