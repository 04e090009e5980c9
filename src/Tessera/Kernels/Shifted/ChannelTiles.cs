using System.Numerics;
using Tessera.Connections;

namespace Tessera.Kernels.Shifted;

/// <summary>Source channels that are laid out together, and the tiles of result channels that read them: a group, or a whole table.</summary>
internal readonly record struct ChannelUnit(int FirstSource, int Sources, int FirstTile, int Tiles);

/// <summary>Up to four result channels, first and number, and the entries that add to them.</summary>
internal readonly record struct ChannelTile(int First, int Rows, int FirstEntry, int Entries);

/// <summary>
/// Some rows of a tile (a set of bits) and the source channels that exactly those rows see. Its pairs, row by row, have
/// the slots from FirstSlot on.
/// </summary>
internal readonly record struct TileEntry(int RowSet, int FirstChannel, int Channels, int FirstSlot)
{
    public int Rows => BitOperations.PopCount((uint)RowSet);
}

/// <summary>
/// The connections of an operator for kernels that take few result channels at once. Result channels go four by four;
/// the source channels of such a tile are sorted by which of the four see them, so that each set of rows is a small dense
/// product and nothing unconnected is multiplied:
/// <code>
///            source  a b c d e f
///     row 0          ▪ . ▪ ▪ . ▪        {0}    : d
///     row 1          ▪ ▪ . . . ▪   ──▸  {1}    : b
///     row 2          . . ▪ . ▪ ▪        {2}    : e        {0,1}: a   {0,2}: c   {0,1,2}: f
/// </code>
/// </summary>
internal sealed class ChannelTiles
{
    private const int TileRows = 4;

    private ChannelTiles(ChannelUnit[] units, ChannelTile[] tiles, TileEntry[] entries, int[] channels, int[] pairs)
    {
        Units = units;
        Tiles = tiles;
        Entries = entries;
        Channels = channels;
        Pairs = pairs;
        // Runs ask for it, and must not allocate an enumerator.
        MostSources = units.Max(unit => unit.Sources);
    }

    public ChannelUnit[] Units { get; }

    public ChannelTile[] Tiles { get; }

    public TileEntry[] Entries { get; }

    /// <summary>The channels of all entries, counted within their unit.</summary>
    public int[] Channels { get; }

    /// <summary>For each slot the pair whose weights it holds.</summary>
    public int[] Pairs { get; }

    /// <summary>The most source channels of a unit.</summary>
    public int MostSources { get; }

    /// <param name="g">The operator.</param>
    /// <param name="transposed">Whether results are input channels, not output channels.</param>
    public static ChannelTiles Of(OperatorGeometry g, bool transposed)
    {
        var (resultCount, sourceCount) = transposed ? (g.InputChannels, g.OutputChannels) : (g.OutputChannels, g.InputChannels);
        var sees = new List<(int Source, int Pair)>[resultCount];
        for (var r = 0; r < resultCount; r++) sees[r] = [];
        for (var m = 0; m < g.OutputChannels; m++)
        {
            for (var i = 0; i < g.FanIn(m); i++)
            {
                var c = g.InputChannel(m, i);
                sees[transposed ? c : m].Add((transposed ? m : c, g.FirstPair(m) + i));
            }
        }

        int resultsPerUnit = resultCount / g.Groups, sourcesPerUnit = sourceCount / g.Groups;
        var units = new ChannelUnit[g.Groups];
        var tiles = new List<ChannelTile>();
        var entries = new List<TileEntry>();
        var channels = new List<int>();
        var pairs = new List<int>();
        for (var u = 0; u < g.Groups; u++)
        {
            var firstTile = tiles.Count;
            for (var r = u * resultsPerUnit; r < (u + 1) * resultsPerUnit; r += TileRows)
            {
                var rows = Math.Min(TileRows, ((u + 1) * resultsPerUnit) - r);
                var firstEntry = entries.Count;
                AddEntries(sees.AsSpan(r, rows), u * sourcesPerUnit, entries, channels, pairs);
                tiles.Add(new ChannelTile(r, rows, firstEntry, entries.Count - firstEntry));
            }

            units[u] = new ChannelUnit(u * sourcesPerUnit, sourcesPerUnit, firstTile, tiles.Count - firstTile);
        }

        return new ChannelTiles(units, [.. tiles], [.. entries], [.. channels], [.. pairs]);
    }

    private static void AddEntries(ReadOnlySpan<List<(int Source, int Pair)>> rows, int firstSource, List<TileEntry> entries, List<int> channels, List<int> pairs)
    {
        var seenBy = new SortedDictionary<int, int[]>();
        for (var r = 0; r < rows.Length; r++)
        {
            foreach (var (source, pair) in rows[r])
            {
                if (!seenBy.TryGetValue(source, out var of)) seenBy[source] = of = [-1, -1, -1, -1];
                of[r] = pair;
            }
        }

        foreach (var set in seenBy.GroupBy(one => Enumerable.Range(0, TileRows).Sum(r => one.Value[r] >= 0 ? 1 << r : 0)).OrderBy(set => set.Key))
        {
            entries.Add(new TileEntry(set.Key, channels.Count, set.Count(), pairs.Count));
            for (var r = 0; r < TileRows; r++)
            {
                if ((set.Key >> r & 1) != 0) pairs.AddRange(set.Select(one => one.Value[r]));
            }

            channels.AddRange(set.Select(one => one.Key - firstSource));
        }
    }
}
