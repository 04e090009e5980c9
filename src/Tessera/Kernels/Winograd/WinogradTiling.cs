using Tessera.Connections;

namespace Tessera.Kernels.Winograd;

/// <summary>A run of tiles beside each other: one tile high, at one place of the outer axes of one example.</summary>
internal struct Strip
{
    /// <summary>The example n.</summary>
    public int Example;

    /// <summary>The place on the outer axes, flattened.</summary>
    public int Outer;

    /// <summary>The first result on the rows' axis.</summary>
    public int Row;

    /// <summary>The first tile on the columns' axis, and how many.</summary>
    public int FirstTile;
    public int Tiles;

    /// <summary>The results [First, End) on the columns' axis that the strip writes.</summary>
    public int First;
    public int End;
}

/// <summary>
/// A convolution cut for Winograd's algorithm: the last two axes into tiles, the tiles into strips. What the taps of
/// the axes before them read, and further groups of taps on the last two, is summed like further channels: outer taps.
/// </summary>
internal sealed class WinogradTiling
{
    private const int MostTiles = 16;

    private readonly TapAxis[] outer;
    private readonly long[] outerStrides;
    private readonly int[] outerOffsets;
    private readonly int outerPositions;
    private readonly int segments;

    private WinogradTiling(TapAxis[] outer, WinogradAxis rows, WinogradAxis columns, int batch, Sizes kernel)
    {
        this.outer = outer;
        (Rows, Columns) = (rows, columns);
        outerStrides = Sizes.Create([.. outer.Select(axis => axis.SourceSize)]).RowMajorStrides();
        outerPositions = 1;
        var outerTaps = 1;
        foreach (var axis in outer)
        {
            outerPositions = checked(outerPositions * axis.Count);
            outerTaps = checked(outerTaps * axis.Taps.Length);
        }

        OuterTaps = checked(outerTaps * rows.Groups * columns.Groups);

        outerOffsets = new int[outerTaps * outer.Length];
        Elements = new int[OuterTaps * rows.Taps * columns.Taps];
        for (var tap = 0; tap < outerTaps; tap++)
        {
            int rest = tap, element = 0, scale = 1;
            for (var a = outer.Length - 1; a >= 0; a--)
            {
                var one = outer[a].Taps[rest % outer[a].Taps.Length];
                rest /= outer[a].Taps.Length;
                outerOffsets[(tap * outer.Length) + a] = one.Offset;
                element += one.Element * scale;
                scale *= kernel[a];
            }

            for (var group = 0; group < rows.Groups * columns.Groups; group++)
            {
                int row = group / columns.Groups * rows.Taps, column = group % columns.Groups * columns.Taps;
                for (var i = 0; i < rows.Taps * columns.Taps; i++)
                {
                    Elements[(((tap * rows.Groups * columns.Groups) + group) * rows.Taps * columns.Taps) + i] =
                        (((element * kernel[outer.Length]) + rows.Elements[row + (i / columns.Taps)]) * kernel[outer.Length + 1]) + columns.Elements[column + (i % columns.Taps)];
                }
            }
        }

        // Strips are short enough for L1, but one strip keeps all residues of a dilation together: its results are neighbours then.
        segments = columns.Step > 1 ? 1 : (columns.Starts.Length + MostTiles - 1) / MostTiles;
        TilesPerStrip = (columns.Starts.Length + segments - 1) / segments;
        segments = (columns.Starts.Length + TilesPerStrip - 1) / TilesPerStrip;
        Strips = checked(batch * outerPositions * rows.Starts.Length * segments);
        Tiles = checked((long)batch * outerPositions * rows.Starts.Length * columns.Starts.Length);
        for (var segment = 0; segment < segments; segment++)
        {
            var strip = Locate(segment);
            Span = Math.Max(Span, LastStart(strip) + ((columns.Points - 1) * columns.Step) - strip.First + 1);
        }
    }

    /// <summary>The axis before the last, cut.</summary>
    public WinogradAxis Rows { get; }

    /// <summary>The last axis, cut.</summary>
    public WinogradAxis Columns { get; }

    /// <summary>The taps of all other axes, times the groups of taps on the last two.</summary>
    public int OuterTaps { get; }

    /// <summary>The kernel element of [outer tap, row tap, column tap], flattened row-major.</summary>
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

    /// <summary>The tiling of one part of a convolution, or null where the part does not allow it.</summary>
    /// <param name="parts">All parts: there may be one alone.</param>
    /// <param name="batch">Examples N.</param>
    /// <param name="kernel">Kernel size.</param>
    public static WinogradTiling? TryCut(TapConvolution[] parts, int batch, Sizes kernel)
    {
        if (parts.Length != 1 || parts[0].Positions == 0) return null;
        var axes = parts[0].Axes;
        if (axes.Length == 1)
        {
            // A signal is an image one row high.
            axes = (TapAxis[])[new TapAxis(1, 1, 0, 1, 1, 1, [new TapAxis.Tap(0, 0, 0)]), axes[0]];
            kernel = [1, kernel[0]];
        }

        foreach (var axis in axes)
        {
            if (axis.ResultStep != 1) return null;
        }

        return WinogradAxis.TryCut(axes[^2]) is { } rows && WinogradAxis.TryCut(axes[^1]) is { Points: > 1 } columns
            ? new WinogradTiling(axes[..^2].ToArray(), rows, columns, batch, kernel)
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
        strip.End = segments == 1 ? Columns.ResultSize : Math.Min(Columns.ResultSize, Columns.Starts[first] + (strip.Tiles * Columns.Outputs));
        return strip;
    }

    /// <summary>The tiles of the strips before one, counted from another.</summary>
    public int TilesBetween(int from, int to)
    {
        var tiles = 0;
        for (var strip = from; strip < to; strip++) tiles += Locate(strip).Tiles;
        return tiles;
    }

    /// <summary>The source coordinates, on the last two axes, that the first tap of an outer tap's group reads for result 0.</summary>
    public (int Row, int Column) Lowest(int tap)
    {
        var group = tap % (Rows.Groups * Columns.Groups);
        return (Rows.Lowest + (group / Columns.Groups * Rows.Taps * Rows.Step), Columns.Lowest + (group % Columns.Groups * Columns.Taps * Columns.Step));
    }

    /// <summary>Which plane of a source channel an outer tap reads at a place, in planes; below 0 where it lies outside.</summary>
    public long SourcePlane(int place, int tap)
    {
        long plane = 0;
        tap /= Rows.Groups * Columns.Groups;
        for (var a = outer.Length - 1; a >= 0; a--)
        {
            var axis = outer[a];
            place = Math.DivRem(place, axis.Count, out var j);
            var at = (j * axis.SourceStep) + outerOffsets[(tap * outer.Length) + a];
            if ((uint)at >= (uint)axis.SourceSize) return -1;
            plane += at * outerStrides[a];
        }

        return plane;
    }

    private int LastStart(in Strip strip)
    {
        var last = 0;
        for (var tile = strip.FirstTile; tile < strip.FirstTile + strip.Tiles; tile++) last = Math.Max(last, Columns.Starts[tile]);
        return last;
    }
}
