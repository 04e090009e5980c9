using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// How the kernel gradient lays a box of output positions, and the inputs that they meet, beside each other. Columns
/// are (channel, lane tap), where lane taps are the kernel elements of the innermost <see cref="Expanded"/> axes; the
/// taps of the other axes are shifts within the box, because inputs are laid out with their surroundings there.
/// <code>
///     inputs, last column fastest:   [ example, axis 0 with surroundings, …, axis d−1 ] × [ columns ]
///     taps of an outer axis          +1 row of the box = the same numbers, one row on
/// </code>
/// With no axis expanded this is the input with its channels last, one copy for all taps; with few channels, expanding
/// fills the vectors.
/// </summary>
internal sealed unsafe class GradientBox
{
    private readonly TapAxis[] axes;
    private readonly int[] size;
    private readonly int[] extents;
    private readonly int[] lowest;
    private readonly int[] highest;
    private readonly long[] strides;
    private readonly long[] sourceStrides;
    private readonly int[] laneOffsets;
    private readonly bool tapsAreNeighbours;
    private readonly int rank;

    /// <param name="part">One tile residue of the forward pass, with at least one position.</param>
    /// <param name="batch">Examples N.</param>
    /// <param name="expanded">How many innermost axes have their taps in columns.</param>
    /// <param name="mostElements">What the inputs of a box should not exceed, for each column.</param>
    /// <param name="mostPositions">What the output positions of a box should not exceed.</param>
    public GradientBox(TapConvolution part, int batch, int expanded, long mostElements, long mostPositions)
    {
        axes = part.Axes.ToArray();
        rank = axes.Length;
        Expanded = expanded;
        sourceStrides = Sizes.Create([.. axes.Select(a => a.SourceSize)]).RowMajorStrides();
        lowest = [.. axes.Select(a => a.Taps.Min(tap => tap.Offset))];
        highest = [.. axes.Select(a => a.Taps.Max(tap => tap.Offset))];
        LaneTaps = Product(rank - expanded, rank, a => axes[a].Taps.Length);
        OuterTaps = Product(0, rank - expanded, a => axes[a].Taps.Length);
        size = [.. axes.Select(a => a.Count)];
        size[^1] = Math.Min(size[^1], 512);
        extents = new int[rank];
        strides = new long[rank];
        Examples = batch;
        while (Measure() > mostElements || Positions > mostPositions)
        {
            if (Examples > 1) Examples = (Examples + 1) / 2;
            else if (Array.FindIndex(size, s => s > 1) is >= 0 and var a) size[a] = (size[a] + 1) / 2;
            else break;
        }

        Rows = Examples * Product(0, rank - 1, a => size[a]);
        Boxes = checked(Up(batch, Examples) * Product(0, rank, a => Up(axes[a].Count, size[a])));
        tapsAreNeighbours = axes[^1].Taps.Index().All(tap => tap.Item.Offset == axes[^1].Taps[0].Offset + tap.Index);
        laneOffsets = Offsets(rank - expanded, rank, LaneTaps, (a, offset) => offset);
        var outer = Offsets(0, rank - expanded, OuterTaps, (a, offset) => offset - lowest[a]);
        TapShifts = new nint[OuterTaps];
        for (var tap = 0; tap < OuterTaps; tap++)
        {
            for (var a = 0; a < rank - expanded; a++) TapShifts[tap] += (nint)(outer[(tap * (rank - expanded)) + a] * strides[a]);
        }
    }

    /// <summary>How many innermost axes have their taps in columns.</summary>
    public int Expanded { get; }

    /// <summary>The number of kernel elements over the expanded axes.</summary>
    public int LaneTaps { get; }

    /// <summary>The number of kernel elements over the other axes.</summary>
    public int OuterTaps { get; }

    /// <summary>For each outer tap, the distance in the laid out inputs (to be multiplied by the columns).</summary>
    public nint[] TapShifts { get; }

    /// <summary>Examples in a box.</summary>
    public int Examples { get; private set; }

    /// <summary>The most rows (runs along the last axis) of output positions in a box.</summary>
    public int Rows { get; }

    /// <summary>The most output positions in a box.</summary>
    public long Positions => Product(0, rank, a => size[a]) * (long)Examples;

    /// <summary>The input elements of a box, for each column.</summary>
    public long Elements => Examples * ImageElements;

    /// <summary>The distance between neighbouring output positions in the laid out inputs.</summary>
    public int Pitch => Expanded == 0 ? axes[^1].SourceStep : 1;

    /// <summary>Positions along the last axis of a whole box.</summary>
    public int RowLength => size[^1];

    /// <summary>About how long laying out one element takes, where multiplying a row by a vector takes 1: blocks are transposed, neighbouring taps are one copy, the rest goes one by one, and each row needs finding.</summary>
    public double LayOutCost => Expanded == 0 ? 0.5 : tapsAreNeighbours ? (0.5 + (20.0 / RowLength)) / axes[^1].Taps.Length : 2 + (80.0 / RowLength);

    private long ImageElements => strides[0] * extents[0];

    /// <summary>How many boxes there are.</summary>
    public int Boxes { get; }

    /// <summary>Finds the corner of a box: [first example, first position per axis].</summary>
    public void Place(int index, int* corner)
    {
        for (var a = rank - 1; a >= 0; a--)
        {
            index = Math.DivRem(index, Up(axes[a].Count, size[a]), out var place);
            corner[a + 1] = place * size[a];
        }

        corner[0] = index * Examples;
    }

    /// <summary>The rows of the box at a corner: for each, where its inputs begin (to be multiplied by the columns) and where its outputs do.</summary>
    /// <returns>The number of rows; their length is <paramref name="length"/>.</returns>
    public int FindRows(int* corner, int batch, nint resultImage, nint* inputs, nint* outputs, out int length)
    {
        var examples = Math.Min(Examples, batch - corner[0]);
        var rows = examples;
        for (var a = 0; a < rank - 1; a++) rows *= Math.Min(size[a], axes[a].Count - corner[a + 1]);
        length = Math.Min(size[^1], axes[^1].Count - corner[rank]);
        for (var row = 0; row < rows; row++)
        {
            var rest = row;
            nint input = 0;
            nint output = axes[^1].ResultStart + ((nint)corner[rank] * axes[^1].ResultStep);
            nint stride = axes[^1].ResultSize;
            for (var a = rank - 2; a >= 0; a--)
            {
                var count = Math.Min(size[a], axes[a].Count - corner[a + 1]);
                var j = rest % count;
                rest /= count;
                input += (nint)(j * (long)StepOn(a) * strides[a]);
                output += (axes[a].ResultStart + ((nint)(corner[a + 1] + j) * axes[a].ResultStep)) * stride;
                stride *= axes[a].ResultSize;
            }

            inputs[row] = input + (nint)(rest * ImageElements);
            outputs[row] = output + ((corner[0] + rest) * resultImage);
        }

        return rows;
    }

    /// <summary>Lays the inputs of a box out, some columns beside each other, with zeros outside the source.</summary>
    /// <param name="source">The first channel of the group, [N, …].</param>
    /// <param name="sourceImage">Elements from one example to the next.</param>
    /// <param name="sourcePlane">Elements from one channel to the next.</param>
    /// <param name="corner">The box.</param>
    /// <param name="batch">Examples N.</param>
    /// <param name="firstColumn">The first column, (channel, lane tap) flattened.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="width">Elements from one position to the next.</param>
    /// <param name="to">Where they go.</param>
    public void LayOut<TVector, T, TLanes>(T* source, nint sourceImage, nint sourcePlane, int* corner, int batch, int firstColumn, int columns, int width, T* to)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T>
    {
        var examples = Math.Min(Examples, batch - corner[0]);
        var last = rank - 1;
        var rows = 1;
        for (var a = 0; a < last; a++) rows *= ExtentHere(a, corner[a + 1]);
        var length = ExtentHere(last, corner[rank]);
        var step = Expanded == 0 ? 1 : axes[last].SourceStep;
        var start = stackalloc int[rank];
        for (var n = 0; n < examples; n++)
        {
            var image = source + ((corner[0] + n) * sourceImage);
            for (var row = 0; row < rows; row++)
            {
                // Source coordinates of the row's first number at lane offset 0, and its place in the box.
                int rest = row;
                var place = n * ImageElements;
                start[last] = Start(last, corner[rank]);
                for (var a = last - 1; a >= 0; a--)
                {
                    var extent = ExtentHere(a, corner[a + 1]);
                    var i = rest % extent;
                    rest /= extent;
                    start[a] = Start(a, corner[a + 1]) + (a < rank - Expanded ? i : i * axes[a].SourceStep);
                    place += i * strides[a];
                }

                var line = to + ((nint)place * width);
                if (Expanded == 0)
                {
                    var (from, end) = Column.Inside(FindLine(start, 0, out var beginning), 1, axes[last].SourceSize, length);
                    if (beginning < 0) (from, end) = (length, length);
                    for (var i = 0; i < from; i++) RowCopy<TVector, T, TLanes>.Clear(line + ((nint)i * width), width);
                    Transposition.Run(image + (firstColumn * sourcePlane) + (nint)beginning + start[last] + from, sourcePlane, columns, end - from, line + ((nint)from * width), width, add: false, TLanes.Count * sizeof(T) > 16);
                    for (var i = end; i < length; i++) RowCopy<TVector, T, TLanes>.Clear(line + ((nint)i * width), width);
                    continue;
                }

                if (tapsAreNeighbours)
                {
                    LayOutTaps<TVector, T, TLanes>(image, sourcePlane, start, step, firstColumn, columns, width, length, line);
                    continue;
                }

                for (var column = 0; column < columns; column++)
                {
                    int channel = Math.DivRem(firstColumn + column, LaneTaps, out var lane);
                    var x = FindLine(start, lane, out var offset);
                    Column.Lay(offset < 0 ? null : image + (channel * sourcePlane) + (nint)offset, x, step, axes[last].SourceSize, line + column, width, length);
                }
            }
        }
    }

    /// <summary>One row where the taps of the last axis read neighbours: a position's columns of one channel are copied together.</summary>
    private void LayOutTaps<TVector, T, TLanes>(T* image, nint sourcePlane, int* start, int step, int firstColumn, int columns, int width, int length, T* line)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T>
    {
        int taps = axes[^1].Taps.Length, size = axes[^1].SourceSize;
        for (int column = 0, count; column < columns; column += count)
        {
            int channel = Math.DivRem(firstColumn + column, LaneTaps, out var lane);
            count = Math.Min(taps - (lane % taps), columns - column);
            var x = FindLine(start, lane, out var offset);
            // What a move that is too wide writes, columns to come write over.
            var moved = RowCopy<TVector, T, TLanes>.MoveFor(count);
            if (column + moved > columns) moved = count;
            var (from, end) = offset < 0 ? (length, length) : Column.Inside(x, step, size - moved + 1, length);
            var row = image + (channel * sourcePlane) + (nint)offset;
            var to = line + column;
            RowCopy<TVector, T, TLanes>.CopyEach(row + x + ((nint)from * step), step, to + ((nint)from * width), width, moved, end - from);
            for (var i = 0; i < length; i++)
            {
                if (i == from) i = end;
                if (i == length) break;
                var at = x + ((nint)i * step);
                int low = (int)Math.Clamp(-at, 0, count), high = offset < 0 ? 0 : (int)Math.Clamp(size - at, 0, count);
                var place = to + ((nint)i * width);
                for (var tap = 0; tap < low; tap++) place[tap] = default;
                if (low < high) RowCopy<TVector, T, TLanes>.Copy(row + at + low, place + low, high - low);
                for (var tap = Math.Max(low, high); tap < count; tap++) place[tap] = default;
            }
        }
    }

    /// <summary>The last coordinate that a lane tap gives a row, and where that row begins in a plane: below 0 where it lies outside.</summary>
    private int FindLine(int* start, int lane, out long offset)
    {
        offset = 0;
        var x = start[rank - 1];
        for (var a = 0; a < rank; a++)
        {
            var at = start[a] + (a < rank - Expanded ? 0 : laneOffsets[(lane * Expanded) + a - (rank - Expanded)]);
            if (a == rank - 1) x = at;
            else if ((uint)at >= (uint)axes[a].SourceSize) offset = long.MinValue / 2;
            else offset += at * sourceStrides[a];
        }

        return x;
    }

    private int Start(int a, int corner) => (corner * axes[a].SourceStep) + (a < rank - Expanded ? lowest[a] : 0);

    private int StepOn(int a) => a < rank - Expanded ? axes[a].SourceStep : 1;

    private int ExtentHere(int a, int corner) => Extent(a, Math.Min(size[a], axes[a].Count - corner));

    private int Extent(int a, int count) => a < rank - Expanded
        ? ((count - 1) * axes[a].SourceStep) + highest[a] - lowest[a] + 1
        : count;

    private long Measure()
    {
        long stride = 1;
        for (var a = rank - 1; a >= 0; a--)
        {
            extents[a] = Extent(a, size[a]);
            strides[a] = stride;
            stride *= extents[a];
        }

        return stride * Examples;
    }

    /// <summary>The offsets of all taps over the axes [from, to), [tap, axis].</summary>
    private int[] Offsets(int from, int to, int taps, Func<int, int, int> transform)
    {
        var offsets = new int[taps * (to - from)];
        for (var tap = 0; tap < taps; tap++)
        {
            var rest = tap;
            for (var a = to - 1; a >= from; a--)
            {
                var count = axes[a].Taps.Length;
                offsets[(tap * (to - from)) + a - from] = transform(a, axes[a].Taps[rest % count].Offset);
                rest /= count;
            }
        }

        return offsets;
    }

    private static int Product(int from, int to, Func<int, int> factor)
    {
        var product = 1;
        for (var a = from; a < to; a++) product = checked(product * factor(a));
        return product;
    }
}
