using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// A box of result positions of all parts (tile residues or phases) together, and the source around it laid out channels
/// last: what a position of any part reads with any tap is one run of channels from there.
/// <code>
///     part r, index j:   result r + P·j,  source S·j + offset      the same S for all parts
///     layout             [example][x_0 … ][x_last][channel pitch]   zeros outside the source
/// </code>
/// </summary>
internal sealed unsafe class ChannelsLastBox
{
    private const int MostReach = 1 << 16;

    private readonly TapAxis[][] axes;
    private readonly int rank;
    private readonly int[] counts;
    private readonly int[] size;
    private readonly int[] lowest;
    private readonly int[] reach;
    private readonly int[] extents;
    private readonly long[] strides;
    private readonly long[] sourceStrides;
    private readonly int batch;

    /// <param name="parts">The parts that write anything.</param>
    /// <param name="batch">Examples N.</param>
    /// <param name="pitch">Elements from one place to the next along the last axis.</param>
    /// <param name="mostElements">What the layout of a box should not exceed.</param>
    /// <param name="mostResults">What the result positions of a box, over all parts, should not exceed.</param>
    /// <param name="wantedBoxes">How many boxes there should be, where there are positions enough.</param>
    public ChannelsLastBox(TapConvolution[] parts, int batch, int pitch, long mostElements, long mostResults, int wantedBoxes)
    {
        (this.batch, Pitch) = (batch, pitch);
        axes = [.. parts.Select(part => part.Axes.ToArray())];
        rank = axes[0].Length;
        counts = [.. Enumerable.Range(0, rank).Select(a => axes.Max(part => part[a].Count))];
        sourceStrides = Sizes.Create([.. axes[0].Select(axis => axis.SourceSize)]).RowMajorStrides();
        lowest = new int[rank];
        reach = new int[rank];
        for (var a = 0; a < rank; a++)
        {
            var offsets = axes.SelectMany(part => part[a].Taps.Select(tap => tap.Offset)).DefaultIfEmpty(0).ToArray();
            (lowest[a], reach[a]) = (offsets.Min(), offsets.Max() - offsets.Min());
        }

        size = [.. counts];
        extents = new int[rank];
        strides = new long[rank];
        Examples = batch;
        while (Measure() > mostElements || Results > mostResults || (Boxes() < wantedBoxes && Results > 64))
        {
            if (Examples > 1) Examples = (Examples + 1) / 2;
            else if (Array.FindIndex(size, s => s > 1) is >= 0 and var a) size[a] = (size[a] + 1) / 2;
            else break;
        }

        for (var a = 0; a < rank; a++) size[a] = Up(counts[a], Up(counts[a], size[a]));
        Elements = Measure();
        // Runs ask for it: worked out anew, it would allocate.
        Count = Boxes();
        ResultRows = Examples;
        for (var a = 0; a < rank - 1; a++) ResultRows = checked(ResultRows * size[a] * axes[0][a].ResultStep);
        MostPositions = checked((int)(Examples * Product(size)));
    }

    /// <summary>Whether kernels and steps are short enough for a box to be laid out at all.</summary>
    public static bool CanLayOut(OperatorGeometry geometry)
    {
        foreach (var axis in geometry.Axes)
        {
            if (axis.DilatedKernel > MostReach || (long)axis.Stride * axis.Tile > MostReach) return false;
        }

        return true;
    }

    /// <summary>Elements from one place to the next along the last axis: the channels, and perhaps some more.</summary>
    public int Pitch { get; }

    /// <summary>Examples in a box.</summary>
    public int Examples { get; private set; }

    /// <summary>Elements of the layout.</summary>
    public long Elements { get; }

    /// <summary>The number of boxes.</summary>
    public long Count { get; }

    /// <summary>The most positions that one part has in a box.</summary>
    public int MostPositions { get; }

    /// <summary>The most rows of the result in a box.</summary>
    public int ResultRows { get; }

    /// <summary>The most results along a row of a box.</summary>
    public int ResultColumns => size[^1] * axes[0][^1].ResultStep;

    private long Results => Examples * Product([.. size.Select((count, a) => count * axes[0][a].ResultStep)]);

    /// <summary>Where a tap reads, from a position's own place.</summary>
    public nint Shift(ReadOnlySpan<int> offsets)
    {
        long shift = 0;
        for (var a = 0; a < rank; a++) shift += (offsets[a] - lowest[a]) * strides[a];
        return (nint)shift;
    }

    /// <summary>Where a box begins: [first example, first index per axis].</summary>
    public void Locate(long index, int* corner)
    {
        for (var a = rank - 1; a >= 0; a--)
        {
            var boxes = Up(counts[a], size[a]);
            corner[a + 1] = (int)(index % boxes) * size[a];
            index /= boxes;
        }

        corner[0] = (int)index * Examples;
    }

    /// <summary>The positions of a part in a box: where each reads in the layout, and its place among the box's results, row · <see cref="ResultColumns"/> + column.</summary>
    public int Find(int part, int* corner, nint* places, int* results)
    {
        var last = rank - 1;
        int along = CountHere(part, last, corner), start = axes[part][last].ResultStart, step = axes[part][last].ResultStep;
        var placeStep = (nint)(axes[part][last].SourceStep * strides[last]);
        var found = Math.Min(Examples, batch - corner[0]) * along;
        for (var a = 0; a < last; a++) found *= CountHere(part, a, corner);
        for (int position = 0, line = 0; position < found; line++)
        {
            var rest = line;
            long place = 0;
            int row = 0, rows = 1;
            for (var a = last - 1; a >= 0; a--)
            {
                var axis = axes[part][a];
                rest = Math.DivRem(rest, CountHere(part, a, corner), out var j);
                place += (long)j * axis.SourceStep * strides[a];
                row += (axis.ResultStart + (j * axis.ResultStep)) * rows;
                rows *= size[a] * axis.ResultStep;
            }

            var at = (nint)(place + (rest * ImageElements));
            var result = (((rest * rows) + row) * ResultColumns) + start;
            for (var end = position + along; position < end; position++, at += placeStep, result += step) (places[position], results[position]) = (at, result);
        }

        return found;
    }

    /// <summary>How many neighbouring positions of a part a row of a box has.</summary>
    public int RowLength(int part, int* corner) => CountHere(part, rank - 1, corner);

    /// <summary>Where a row of a box's results goes, from the first channel of the result; the number of results that it has, or 0 where it lies outside.</summary>
    public int ResultRow(int row, int* corner, nint resultImage, out nint to)
    {
        long at = ResultStart(rank - 1, corner), stride = axes[0][^1].ResultSize;
        to = 0;
        for (var a = rank - 2; a >= 0; a--)
        {
            row = Math.DivRem(row, size[a] * axes[0][a].ResultStep, out var here);
            var place = ResultStart(a, corner) + here;
            if (place >= axes[0][a].ResultSize) return 0;
            at += place * stride;
            stride *= axes[0][a].ResultSize;
        }

        if (corner[0] + row >= batch) return 0;
        to = (nint)(at + ((corner[0] + row) * (long)resultImage));
        return (int)Math.Min(ResultColumns, axes[0][^1].ResultSize - ResultStart(rank - 1, corner));
    }

    /// <summary>Lays <paramref name="count"/> channels of the source around a box out.</summary>
    public void LayOut<T>(T* source, nint sourceImage, nint sourcePlane, int count, int* corner, T* to, bool vectors)
        where T : unmanaged, INumberBase<T>
    {
        var last = rank - 1;
        int step = axes[0][last].SourceStep, x = (corner[rank] * step) + lowest[last];
        int from = Math.Clamp(-x, 0, extents[last]), end = Math.Clamp(axes[0][last].SourceSize - x, from, extents[last]);
        var rows = Elements / ((long)extents[last] * Pitch);
        for (long row = 0; row < rows; row++, to += (nint)extents[last] * Pitch)
        {
            var rest = row;
            long offset = x + from;
            var inside = end > from;
            for (var a = last - 1; a >= 0; a--)
            {
                var at = (corner[a + 1] * axes[0][a].SourceStep) + lowest[a] + (int)(rest % extents[a]);
                rest /= extents[a];
                inside &= (uint)at < (uint)axes[0][a].SourceSize;
                offset += at * sourceStrides[a];
            }

            if (!inside || corner[0] + rest >= batch)
            {
                new Span<T>(to, extents[last] * Pitch).Clear();
                continue;
            }

            new Span<T>(to, from * Pitch).Clear();
            Transposition.Run(source + (nint)((corner[0] + rest) * sourceImage) + (nint)offset, sourcePlane, count, end - from, to + ((nint)from * Pitch), Pitch, false, vectors);
            new Span<T>(to + ((nint)end * Pitch), (extents[last] - end) * Pitch).Clear();
        }
    }

    private long Boxes() => Up(batch, Examples) * Product([.. counts.Select((count, a) => Up(count, size[a]))]);

    private long ImageElements => strides[0] * extents[0];

    private long ResultStart(int a, int* corner) => (long)corner[a + 1] * axes[0][a].ResultStep;

    private int CountHere(int part, int a, int* corner) => Math.Clamp(axes[part][a].Count - corner[a + 1], 0, size[a]);

    private long Measure()
    {
        long stride = Pitch;
        for (var a = rank - 1; a >= 0; a--)
        {
            extents[a] = ((size[a] - 1) * axes[0][a].SourceStep) + reach[a] + 1;
            strides[a] = stride;
            stride *= extents[a];
        }

        return stride * Examples;
    }

    private static long Product(int[] factors)
    {
        long product = 1;
        foreach (var factor in factors) product *= factor;
        return product;
    }
}
