namespace Tessera.Connections;

/// <summary>
/// A convolution over all axes as one list of taps (see <see cref="TapAxis"/>). The forward pass of a tiled operator is
/// one for every tile residue, its transpose one for every phase of stride times tile; together they write every
/// element of the result once.
/// </summary>
internal sealed class TapConvolution
{
    private readonly TapAxis[] axes;

    /// <param name="axes">The axes: all of the operator's, or the first of them.</param>
    /// <param name="geometry">The operator.</param>
    public TapConvolution(TapAxis[] axes, OperatorGeometry geometry)
    {
        this.axes = axes;
        var taps = 1;
        foreach (var axis in axes) taps = checked(taps * axis.Taps.Length);
        TapCount = taps;
        Elements = new int[taps];
        Tiles = new int[taps];
        Offsets = new int[taps * axes.Length];
        for (var tap = 0; tap < taps; tap++)
        {
            int rest = tap, element = 0, tile = 0, elementScale = 1, tileScale = 1;
            for (var a = axes.Length - 1; a >= 0; a--)
            {
                var one = axes[a].Taps[rest % axes[a].Taps.Length];
                rest /= axes[a].Taps.Length;
                Offsets[(tap * axes.Length) + a] = one.Offset;
                element += one.Element * elementScale;
                tile += one.Tile * tileScale;
                elementScale *= geometry.KernelSize[a];
                tileScale *= geometry.Tile[a];
            }

            Elements[tap] = element;
            Tiles[tap] = tile;
        }
    }

    /// <summary>The axes.</summary>
    public ReadOnlySpan<TapAxis> Axes => axes;

    /// <summary>The number of taps, the product over all axes.</summary>
    public int TapCount { get; }

    /// <summary>The kernel element of each tap, flattened row-major.</summary>
    public int[] Elements { get; }

    /// <summary>The kernel tile of each tap, flattened row-major.</summary>
    public int[] Tiles { get; }

    /// <summary>Where each tap reads at index 0, [tap, axis].</summary>
    public int[] Offsets { get; }

    /// <summary>Where each tap's weight of a pair stands in a kernel [t…, pair, k…], counted from the pair's first in tile 0.</summary>
    public nint[] KernelPlaces(OperatorGeometry geometry)
    {
        var tileElements = (nint)(geometry.PairCount * geometry.KernelSize.Product);
        return [.. Tiles.Select((tile, tap) => (tile * tileElements) + Elements[tap])];
    }

    /// <summary>The number of positions that this part writes in one plane.</summary>
    public long Positions
    {
        get
        {
            long positions = 1;
            foreach (var axis in axes) positions *= axis.Count;
            return positions;
        }
    }

    /// <summary>Which element of a source plane a tap reads at a position, both flattened; below 0 where it lies outside.</summary>
    public long SourceElement(int position, int tap)
    {
        long element = 0, stride = 1;
        for (var a = axes.Length - 1; a >= 0; a--)
        {
            var axis = axes[a];
            position = Math.DivRem(position, axis.Count, out var j);
            var at = (j * axis.SourceStep) + Offsets[(tap * axes.Length) + a];
            if ((uint)at >= (uint)axis.SourceSize) return -1;
            element += at * stride;
            stride *= axis.SourceSize;
        }

        return element;
    }

    /// <summary>The pairs of elements of a source and a result plane, both flattened, that a tap connects: those alone whose source is inside.</summary>
    public IEnumerable<(long Source, long Result)> Inside(int tap)
    {
        var (starts, length) = RunsInside(tap);
        return starts.SelectMany(_ => Enumerable.Range(0, length), (start, i) => (start.Source + ((long)i * axes[^1].SourceStep), start.Result + ((long)i * axes[^1].ResultStep)));
    }

    /// <summary>The same pairs as runs along the last axis, all of one length: the first pair of each.</summary>
    public ((long Source, long Result)[] Starts, int Length) RunsInside(int tap)
    {
        (long Source, long Result)[] starts = [(0, 0)];
        var length = 1;
        for (var a = 0; a < axes.Length; a++)
        {
            var (axis, offset) = (axes[a], Offsets[(tap * axes.Length) + a]);
            // Places first … end − 1 of the axis read inside.
            var first = (int)Math.Min(axis.Count, Math.Max(0, (axis.SourceStep - 1L - offset) / axis.SourceStep));
            var end = offset >= axis.SourceSize ? 0 : (int)Math.Min(axis.Count, ((axis.SourceSize - 1L - offset) / axis.SourceStep) + 1);
            if (first >= end) return ([], 0);
            if (a == axes.Length - 1) (length, end) = (end - first, first + 1);
            var here = Enumerable.Range(first, end - first).Select(j => (Source: offset + (j * axis.SourceStep), Result: axis.ResultStart + (j * axis.ResultStep))).ToArray();
            starts = [.. starts.SelectMany(_ => here, (pair, place) => ((pair.Source * axis.SourceSize) + place.Source, (pair.Result * axis.ResultSize) + place.Result))];
        }

        return (starts, length);
    }

    /// <summary>The forward pass: one part for each tile residue, whose taps are all kernel elements in their order.</summary>
    public static TapConvolution[] Forward(OperatorGeometry geometry) => All(geometry, TapAxis.Forward);

    /// <summary>The transpose: one part for each phase; a part without taps writes zeros.</summary>
    public static TapConvolution[] InputGradient(OperatorGeometry geometry) => All(geometry, TapAxis.InputGradient);

    /// <summary>The parts of either that write anything.</summary>
    public static TapConvolution[] Written(OperatorGeometry geometry, bool transposed) =>
        [.. (transposed ? InputGradient(geometry) : Forward(geometry)).Where(part => part.Positions > 0)];

    private static TapConvolution[] All(OperatorGeometry geometry, Func<AxisGeometry, TapAxis[]> split)
    {
        IEnumerable<TapAxis[]> parts = [[]];
        foreach (var axis in geometry.Axes)
        {
            var choices = split(axis);
            parts = parts.SelectMany(_ => choices, (part, choice) => (TapAxis[])[.. part, choice]);
        }

        return [.. parts.Select(part => new TapConvolution(part, geometry))];
    }
}
