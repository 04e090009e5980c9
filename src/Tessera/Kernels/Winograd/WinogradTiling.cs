using Tessera.Connections;

namespace Tessera.Kernels.Winograd;

/// <summary>A run of tiles beside each other: one tile high, at one place of the outer axes of one example.</summary>
internal struct Strip
{
    /// <summary>The example n.</summary>
    public int Example;

    /// <summary>The place on the outer axes, flattened.</summary>
    public int Outer;

    /// <summary>The first place on the rows' axis.</summary>
    public int Row;

    /// <summary>The first tile on the columns' axis, and how many.</summary>
    public int FirstTile;
    public int Tiles;

    /// <summary>The first place on the columns' axis, and the result behind the last that the strip writes.</summary>
    public int First;
    public int End;
}

/// <summary>
/// A convolution cut for Winograd's algorithm: the last two axes into tiles, the tiles into strips. What the taps of
/// the axes before them read, and further groups of taps on the last two, is summed like further channels: outer taps. The residues
/// of a tiled operator are further channels of the result.
/// </summary>
internal sealed class WinogradTiling
{
    private const int MostTiles = 16;

    private readonly TapConvolution outer;
    private readonly int outerPositions;
    private readonly int segments;

    private WinogradTiling(TapConvolution outer, WinogradAxis rows, WinogradAxis columns, int batch, Sizes kernel, int tileColumns)
    {
        this.outer = outer;
        (Rows, Columns) = (rows, columns);
        outerPositions = checked((int)outer.Positions);
        Planes = outer.TapCount;
        OuterTaps = checked(Planes * rows.Groups * columns.Groups);
        var elements = new List<int>();
        foreach (var ofRow in rows.Elements)
        {
            foreach (var ofColumn in columns.Elements)
            {
                foreach (var element in outer.Elements)
                {
                    for (var i = 0; i < rows.Groups * columns.Groups * rows.Taps * columns.Taps; i++)
                    {
                        var (group, tap) = Math.DivRem(i, rows.Taps * columns.Taps);
                        var row = ofRow[(group / columns.Groups * rows.Taps) + (tap / columns.Taps)];
                        var column = ofColumn[(group % columns.Groups * columns.Taps) + (tap % columns.Taps)];
                        elements.Add(row is { } y && column is { } x
                            ? (((y.Tile * tileColumns) + x.Tile) * (int)kernel.Product) + (((element * kernel[^2]) + y.Element) * kernel[^1]) + x.Element
                            : -1);
                    }
                }
            }
        }

        Elements = [.. elements];

        // Strips are short enough for L1, but one strip keeps all residues of a dilation together: its results are neighbours then.
        var most = Math.Max(1, MostTiles / (columns.Dilation * Math.Max(columns.SourceStep, columns.ResultStep)));
        segments = columns.Dilation > 1 ? 1 : (columns.Starts.Length + most - 1) / most;
        TilesPerStrip = (columns.Starts.Length + segments - 1) / segments;
        segments = (columns.Starts.Length + TilesPerStrip - 1) / TilesPerStrip;
        Strips = checked(batch * outerPositions * rows.Starts.Length * segments);
        Tiles = checked((long)batch * outerPositions * rows.Starts.Length * columns.Starts.Length);
        for (var segment = 0; segment < segments; segment++)
        {
            var strip = Locate(segment);
            var places = LastStart(strip) + ((columns.Points - 1) * columns.Dilation) - strip.First;
            Span = Math.Max(Span, Math.Max((places * columns.SourceStep) + 1 + columns.Lowest[^1] - columns.Lowest[0], (places + 1) * columns.ResultStep));
        }
    }

    /// <summary>The axis before the last, cut.</summary>
    public WinogradAxis Rows { get; }

    /// <summary>The last axis, cut.</summary>
    public WinogradAxis Columns { get; }

    /// <summary>The taps of all other axes.</summary>
    public int Planes { get; }

    /// <summary>The taps of all other axes, times the groups of taps on the last two.</summary>
    public int OuterTaps { get; }

    /// <summary>Whether a stride or tiles deal sources or results out.</summary>
    public bool IsDealt => Rows.IsDealt || Columns.IsDealt;

    /// <summary>The residues that results are dealt out into, whose results are further channels; 1 where they are not.</summary>
    public int Residues => Rows.Residues.Length * Columns.Residues.Length;

    /// <summary>The kernel element of [residue, outer tap, row tap, column tap], flattened row-major, behind those of the tiles before its own; −1 where there is none.</summary>
    public int[] Elements { get; }

    public int Strips { get; }

    /// <summary>How many numbers a tile of one channel becomes, and products it takes.</summary>
    public int Components => Rows.Points * Columns.Points;

    /// <summary>The most tiles of a strip.</summary>
    public int TilesPerStrip { get; }

    /// <summary>All tiles.</summary>
    public long Tiles { get; }

    /// <summary>The most source columns that a strip reads, which is also the room that its results take.</summary>
    public int Span { get; }

    /// <summary>The tiling of an operator, or null where an axis does not allow it.</summary>
    /// <param name="geometry">The operator.</param>
    /// <param name="batch">Examples N.</param>
    /// <param name="split">Its axes as lists of taps: forward or transposed.</param>
    public static WinogradTiling? TryCut(OperatorGeometry geometry, int batch, Func<AxisGeometry, TapAxis[]> split)
    {
        TapAxis[][] axes = [.. geometry.Axes.ToArray().Select(split)];
        var (kernel, tile) = (geometry.KernelSize, geometry.Tile);
        if (axes.Any(parts => parts[0].Count == 0)) return null;
        if (axes.Length == 1)
        {
            // A signal is an image one row high.
            axes = [[new TapAxis(1, 1, 0, 1, 1, 1, [new TapAxis.Tap(0, 0, 0)])], axes[0]];
            kernel = [1, kernel[0]];
        }

        if (axes[..^2].Any(parts => parts.Length > 1 || parts[0].ResultStep > 1)) return null;
        return WinogradAxis.TryCut(axes[^2]) is { } rows && WinogradAxis.TryCut(axes[^1]) is { Points: > 1 } columns
            ? new WinogradTiling(new TapConvolution([.. axes[..^2].Select(parts => parts[0])], geometry), rows, columns, batch, kernel, tile[^1])
            : null;
    }

    /// <summary>A strip by its number; strips of one example follow one another.</summary>
    public Strip Locate(int index)
    {
        index = Math.DivRem(index, segments, out var segment);
        index = Math.DivRem(index, Rows.Starts.Length, out var row);
        var example = Math.DivRem(index, outerPositions, out var place);
        var first = segment * TilesPerStrip;
        var strip = new Strip { Example = example, Outer = place, Row = Rows.Starts[row], FirstTile = first, Tiles = Math.Min(TilesPerStrip, Columns.Starts.Length - first) };
        strip.First = segments == 1 ? 0 : Columns.Starts[first];
        strip.End = segments == 1 ? Columns.ResultSize : Math.Min(Columns.ResultSize, (Columns.Starts[first] + (strip.Tiles * Columns.Outputs)) * Columns.ResultStep);
        return strip;
    }

    /// <summary>The tiles of the strips before one, counted from another.</summary>
    public int TilesBetween(int from, int to)
    {
        var tiles = 0;
        for (var strip = from; strip < to; strip++) tiles += Locate(strip).Tiles;
        return tiles;
    }

    /// <summary>Which plane of a source channel a tap of the other axes reads at a place, in planes; below 0 where it lies outside.</summary>
    public long SourcePlane(int place, int tap) => outer.SourceElement(place, tap);

    private int LastStart(in Strip strip)
    {
        var last = 0;
        for (var tile = strip.FirstTile; tile < strip.FirstTile + strip.Tiles; tile++) last = Math.Max(last, Columns.Starts[tile]);
        return last;
    }
}
