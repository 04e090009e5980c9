using Tessera.Connections;

namespace Tessera.Kernels.Winograd;

/// <summary>
/// One axis cut into tiles: six source numbers, evenly spaced, give 7 − r results of a kernel of r taps. With a dilation δ
/// the results of one tile lie δ apart, as its sources do, so that every residue modulo δ is a convolution without one.
/// More than five taps are groups of two to five, whose sums add up: 6 = 3 + 3. One tap needs no tiles: a tile is one number then.
/// With a stride, or where kernels repeat every t results, sources are dealt out into phases and results into residues, and on the lattice of each
/// everything is a convolution without steps: a residue's taps on one phase are a group. Phases have the same tiles for all residues,
/// so that a source is transformed once.
/// <code>
///     δ = 1, r = 3:   sources   0 1 2 3 4 5              δ = 2:   sources   0 . 2 . 4 . 6 . 8 . 10
///                                       4 5 6 7 8 9      
///                     results   0 1 2 3|4 5 6 7|…                 results   0 . 2 . 4 . 6      and 1 . 3 . 5 . 7
///
///     t = 2, 5 taps:  phase 0   0 . 2 . 4 . 6 . 8 . 10   residue 0: taps 0 2 4 of phase 0, 1 3 of phase 1
///                     phase 1   . 1 . 3 . 5 . 7 . 9 . 11 residue 1: taps . 1 3 of phase 0, 0 2 4 of phase 1
/// </code>
/// </summary>
internal sealed class WinogradAxis
{
    /// <summary>The most sources of a tile.</summary>
    public const int MostPoints = 6;

    private const int MostGroups = 4;
    private const int MostStep = 1 << 16;
    private const int MostSteps = 4;

    private WinogradAxis(TapAxis axis, int dilation, int[] residues, int[] lowest, TapAxis.Tap?[][] elements)
    {
        (SourceSize, ResultSize, SourceStep, ResultStep) = (axis.SourceSize, axis.ResultSize, axis.SourceStep, axis.ResultStep);
        (Dilation, Residues, Lowest, Elements, Taps) = (dilation, residues, lowest, elements, elements[0].Length / lowest.Length);
        var starts = new List<int>();
        for (var first = 0; first < Math.Min(dilation, axis.Count); first++)
        {
            for (var start = first; start < axis.Count; start += dilation * Outputs) starts.Add(start);
        }

        Starts = [.. starts];
    }

    /// <summary>Taps r of a group.</summary>
    public int Taps { get; }

    /// <summary>The groups that the kernel's taps fall into.</summary>
    public int Groups => Lowest.Length;

    /// <summary>Sources of a tile, which is also how many products a tile takes.</summary>
    public int Points => Taps == 1 ? 1 : MostPoints;

    /// <summary>Results of a tile.</summary>
    public int Outputs => Points + 1 - Taps;

    /// <summary>The distance δ between neighbouring places of a tile, counted in places j; place j is source SourceStep · j and result ResultStep · j.</summary>
    public int Dilation { get; }

    public int SourceStep { get; }

    public int ResultStep { get; }

    /// <summary>Whether sources or results are dealt out, so that a group of taps may lack some.</summary>
    public bool IsDealt => SourceStep > 1 || ResultStep > 1;

    /// <summary>The residues that results are dealt out into: how far they lie behind those of residue 0. One, 0, where they are not.</summary>
    public int[] Residues { get; }

    /// <summary>The source coordinate that the first tap of each group reads for place 0, rising.</summary>
    public int[] Lowest { get; }

    public int SourceSize { get; }

    public int ResultSize { get; }

    /// <summary>For each residue its kernel elements, [group, tap] by rising source coordinate; null where it has none.</summary>
    public TapAxis.Tap?[][] Elements { get; }

    /// <summary>The first place of each tile.</summary>
    public int[] Starts { get; }

    /// <summary>The axis in tiles, or null where taps are unevenly spaced or not of a number that can be grouped.</summary>
    /// <param name="parts">The tile residues or phases of the axis; the first has the most results.</param>
    public static WinogradAxis? TryCut(TapAxis[] parts)
    {
        var axis = parts[0];
        if (axis.ResultStep > 1 || axis.SourceStep > 1) return TryDeal(parts);
        var taps = axis.Taps.OrderBy(tap => tap.Offset).ToArray();
        if (taps.Length < 1) return null;
        if (taps.Length == 1) return new WinogradAxis(axis, 1, [0], [taps[0].Offset], [[taps[0]]]);
        var groups = Enumerable.Range(1, taps.Length / 2).FirstOrDefault(groups => taps.Length % groups == 0 && taps.Length / groups <= MostTaps(taps.Length));
        if (groups is 0 or > MostGroups) return null;
        var step = taps[1].Offset - taps[0].Offset;
        if (step > MostStep || taps.Index().Any(tap => tap.Item.Offset != taps[0].Offset + (tap.Index * step))) return null;
        return new WinogradAxis(axis, step, [0], [.. Enumerable.Range(0, groups).Select(group => taps[group * (taps.Length / groups)].Offset)], [[.. taps]]);
    }

    /// <summary>A strided or tiled axis: every phase is a group of as many taps as the residues together have on it.</summary>
    private static WinogradAxis? TryDeal(TapAxis[] parts)
    {
        var step = parts[0].SourceStep;
        if (Math.Max(step, parts[0].ResultStep) > MostSteps) return null;
        var phases = parts.SelectMany(part => part.Taps).Select(tap => tap.Offset).GroupBy(offset => ((offset % step) + step) % step).OrderBy(phase => phase.Min()).ToArray();
        if (phases.Length == 0) return null;
        var taps = phases.Max(phase => ((phase.Max() - phase.Min()) / step) + 1);
        if (taps > 5) return null;
        int[] lowest = [.. phases.Select(phase => phase.Min())];
        TapAxis.Tap?[] ElementsOf(TapAxis part) =>
            [.. lowest.SelectMany(low => Enumerable.Range(0, taps).Select(i => part.Taps.Cast<TapAxis.Tap?>().FirstOrDefault(tap => tap!.Value.Offset == low + (i * step))))];
        return new WinogradAxis(parts[0], 1, [.. parts.Select(part => part.ResultStart)], lowest, [.. parts.Select(ElementsOf)]);
    }

    // Tiles of groups of five have but two results, which is worth it for a kernel of five or ten alone.
    private static int MostTaps(int taps) => taps % 5 == 0 ? 5 : 4;
}
