using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// A box of result positions and the source planes around it, laid out so that every tap of every channel is one
/// shift: neighbouring positions are neighbours in memory, whatever the stride, and padding is real zeros.
/// <code>
///     source row, step 2:   x0 x1 x2 x3 x4 x5 …          plane of remainder 0:  0 x0 x2 x4 …
///                                                        plane of remainder 1:  0 x1 x3 x5 …
///     tap with offset step·u + remainder reads plane[remainder][j + u]: a vector of positions j from one address
/// </code>
/// Positions are flattened with the planes' row pitch, so that vectors run over the ends of rows; what they compute
/// in between is thrown away.
/// </summary>
internal sealed unsafe class PlaneBox
{
    private readonly TapAxis[] axes;
    private readonly int rank;
    private readonly int[] size;
    private readonly int[] extents;
    private readonly long[] strides;
    private readonly int[] lowest;
    private readonly int[] span;
    private readonly int[] remainders;
    private readonly long[] sourceStrides;
    private readonly int channels;

    /// <param name="part">The convolution.</param>
    /// <param name="batch">Examples N.</param>
    /// <param name="channels">Source channels that a box holds.</param>
    /// <param name="mostElements">What the planes of a box should not exceed.</param>
    /// <param name="wantedBoxes">How many boxes there should be at least, where positions allow.</param>
    /// <param name="leastPositions">Positions below which a box is not halved for that.</param>
    public PlaneBox(TapConvolution part, int batch, int channels, long mostElements, long wantedBoxes, long leastPositions)
    {
        this.channels = channels;
        axes = part.Axes.ToArray();
        rank = axes.Length;
        sourceStrides = Sizes.Create([.. axes.Select(a => a.SourceSize)]).RowMajorStrides();
        var shifts = part.Offsets.Select((offset, i) => (int)Math.Floor(offset / (double)axes[i % rank].SourceStep)).ToArray();
        lowest = [.. Enumerable.Range(0, rank).Select(a => part.TapCount == 0 ? 0 : Enumerable.Range(0, part.TapCount).Min(tap => shifts[(tap * rank) + a]))];
        span = [.. Enumerable.Range(0, rank).Select(a => part.TapCount == 0 ? 0 : Enumerable.Range(0, part.TapCount).Max(tap => shifts[(tap * rank) + a]) - lowest[a])];

        // One plane for each combination of remainders that some tap has.
        var planes = new List<int[]>();
        var planeOfTap = new int[part.TapCount];
        for (var tap = 0; tap < part.TapCount; tap++)
        {
            var remainder = new int[rank];
            for (var a = 0; a < rank; a++) remainder[a] = part.Offsets[(tap * rank) + a] - (shifts[(tap * rank) + a] * axes[a].SourceStep);
            planeOfTap[tap] = planes.FindIndex(other => other.AsSpan().SequenceEqual(remainder));
            if (planeOfTap[tap] >= 0) continue;
            planeOfTap[tap] = planes.Count;
            planes.Add(remainder);
        }

        remainders = [.. planes.SelectMany(remainder => remainder)];
        Planes = planes.Count;
        Overlap = Planes == 0 ? 0 : Enumerable.Range(0, Planes).Min(ZerosShared);
        size = [.. axes.Select(a => a.Count)];
        extents = new int[rank];
        strides = new long[rank];
        Examples = batch;
        while (Measure() > mostElements || (Boxes(batch) < wantedBoxes && Positions > leastPositions))
        {
            if (Examples > 1) Examples = (Examples + 1) / 2;
            else if (Array.FindIndex(size, s => s > 1) is >= 0 and var a) size[a] = (size[a] + 1) / 2;
            else break;
        }

        for (var a = 0; a < rank; a++) size[a] = Up(axes[a].Count, Up(axes[a].Count, size[a]));
        Measure();
        TapShifts = new nint[part.TapCount];
        for (var tap = 0; tap < part.TapCount; tap++)
        {
            var shift = planeOfTap[tap] * PlaneElements;
            for (var a = 0; a < rank; a++) shift += (shifts[(tap * rank) + a] - lowest[a]) * strides[a];
            TapShifts[tap] = (nint)shift;
        }

        Count = Boxes(batch);
        // Runs ask for it: worked out anew, it would allocate a delegate for each job.
        Rows = checked(Examples * Product(a => a == rank - 1 ? 1 : size[a]));
    }

    /// <summary>The planes of one channel: one for each remainder of offsets by the stride.</summary>
    public int Planes { get; }

    /// <summary>How many elements a row and the next one share where a box has whole rows: the zeros after one are the zeros before the other.</summary>
    public int Overlap { get; }

    /// <summary>Examples in a box.</summary>
    public int Examples { get; private set; }

    /// <summary>The number of boxes.</summary>
    public long Count { get; }

    /// <summary>For each tap, how far from a position's own place it reads in the planes of a channel.</summary>
    public nint[] TapShifts { get; }

    /// <summary>Elements from one plane of a channel to the next: all examples of the box.</summary>
    public long PlaneElements => Examples * ImageElements;

    /// <summary>Elements from one channel to the next.</summary>
    public nint ChannelElements => (nint)(Planes * PlaneElements);

    /// <summary>Elements of all channels.</summary>
    public long Elements => ChannelElements * (long)channels;

    /// <summary>The most rows of positions in a box.</summary>
    public int Rows { get; }

    /// <summary>The most positions in a box.</summary>
    public long Positions => (long)Examples * Product(a => size[a]);

    /// <summary>How far apart neighbouring rows of a source plane that a panel touches are, counted once for each tap row: rows that a panel reads of one channel.</summary>
    public int RowsTouched => Math.Max(1, Planes) * Product(a => a == rank - 1 ? 1 : span[a] + 1);

    /// <summary>How many positions further than itself a position reads along a row.</summary>
    public int RowSpan => span[^1];

    private long ImageElements => strides[0] * extents[0];

    /// <summary>Where a box begins: [first example, first position per axis].</summary>
    public void Locate(long index, int* corner)
    {
        for (var a = rank - 1; a >= 0; a--)
        {
            var boxes = Up(axes[a].Count, size[a]);
            corner[a + 1] = (int)(index % boxes) * size[a];
            index /= boxes;
        }

        corner[0] = (int)index * Examples;
    }

    /// <summary>The rows of positions of a box in rising order: where each begins in the flattened planes, and where in the result.</summary>
    /// <returns>The number of rows; each is <paramref name="length"/> long.</returns>
    public int FindRows(int* corner, int batch, nint resultImage, nint* places, nint* results, out int length)
    {
        var rows = Math.Min(Examples, batch - corner[0]);
        for (var a = 0; a < rank - 1; a++) rows *= Math.Min(size[a], axes[a].Count - corner[a + 1]);
        length = Math.Min(size[^1], axes[^1].Count - corner[rank]);
        for (var row = 0; row < rows; row++)
        {
            var rest = row;
            long place = 0, stride = axes[^1].ResultSize;
            var result = axes[^1].ResultStart + ((long)corner[rank] * axes[^1].ResultStep);
            for (var a = rank - 2; a >= 0; a--)
            {
                var count = Math.Min(size[a], axes[a].Count - corner[a + 1]);
                var j = rest % count;
                rest /= count;
                place += j * strides[a];
                result += (axes[a].ResultStart + ((long)(corner[a + 1] + j) * axes[a].ResultStep)) * stride;
                stride *= axes[a].ResultSize;
            }

            places[row] = (nint)(place + (rest * ImageElements));
            results[row] = (nint)(result + ((long)(corner[0] + rest) * resultImage));
        }

        return rows;
    }

    /// <summary>Lays the planes of all channels out, [channel, remainder, example, …], with zeros outside the source; the last row reaches <see cref="Overlap"/> beyond them.</summary>
    public void LayOut<TVector, T, TLanes>(T* source, nint sourceImage, nint sourcePlane, int* corner, int batch, T* to)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T>
    {
        var last = rank - 1;
        var examples = Math.Min(Examples, batch - corner[0]);
        var rows = 1;
        for (var a = 0; a < last; a++) rows *= ExtentHere(a, corner);
        var length = ExtentHere(last, corner);
        var step = axes[last].SourceStep;
        var channelElements = ChannelElements;
        for (var plane = 0; plane < Planes; plane++)
        {
            var x = ((corner[rank] + lowest[last]) * step) + remainders[(plane * rank) + last];
            var (from, end) = Column.Inside(x, step, axes[last].SourceSize, length);
            for (var row = 0; row < rows * examples; row++)
            {
                int rest = row;
                var place = plane * PlaneElements;
                nint offset = x + (nint)((long)from * step);
                var inside = end > from;
                for (var a = last - 1; a >= 0; a--)
                {
                    var extent = ExtentHere(a, corner);
                    var e = rest % extent;
                    rest /= extent;
                    var at = ((corner[a + 1] + e + lowest[a]) * axes[a].SourceStep) + remainders[(plane * rank) + a];
                    inside &= (uint)at < (uint)axes[a].SourceSize;
                    offset += (nint)(at * sourceStrides[a]);
                    place += e * strides[a];
                }

                var line = to + (nint)(place + (rest * ImageElements));
                var read = source + ((corner[0] + rest) * sourceImage) + offset;
                if (!inside)
                {
                    for (var c = 0; c < channels; c++) new Span<T>(line + (c * channelElements), length).Clear();
                    continue;
                }

                for (var i = 0; i < from; i++) Zero(line + i);
                for (var i = end; i < length; i++) Zero(line + i);
                if (step == 1)
                {
                    RowCopy<TVector, T, TLanes>.CopyEach(read, sourcePlane, line + from, channelElements, end - from, channels);
                    continue;
                }

                for (var c = 0; c < channels; c++, line += channelElements, read += sourcePlane) RowCopy<TVector, T, TLanes>.Copy(read, step, line + from, end - from);
            }
        }

        void Zero(T* first)
        {
            for (var c = 0; c < channels; c++, first += channelElements) *first = default;
        }
    }

    /// <summary>The vectors that the panels of a whole box have, wasted columns among them.</summary>
    public long VectorsOfBox(int lanes)
    {
        long vectors = 0;
        int rows = Rows, perImage = rows / Examples;
        long free = long.MinValue;
        for (var row = 0; row < rows; row++)
        {
            long place = row / perImage * ImageElements, rest = row % perImage;
            for (var a = rank - 2; a >= 0; a--)
            {
                place += rest % size[a] * strides[a];
                rest /= size[a];
            }

            for (var from = Math.Max(free, place); from < place + size[^1]; from = free)
            {
                free = from + lanes;
                vectors++;
            }
        }

        return vectors;
    }

    private int ZerosShared(int plane)
    {
        var axis = axes[^1];
        var length = axis.Count + span[^1];
        var (from, end) = Column.Inside((lowest[^1] * axis.SourceStep) + remainders[(plane * rank) + rank - 1], axis.SourceStep, axis.SourceSize, length);
        return Math.Min(span[^1], Math.Min(from, length - end));
    }

    private int ExtentHere(int a, int* corner) => Math.Min(size[a], axes[a].Count - corner[a + 1]) + span[a];

    private long Boxes(int batch)
    {
        long boxes = Up(batch, Examples);
        for (var a = 0; a < rank; a++) boxes *= Up(axes[a].Count, size[a]);
        return boxes;
    }

    private long Measure()
    {
        long stride = 1;
        for (var a = rank - 1; a >= 0; a--)
        {
            extents[a] = size[a] + span[a] - (a == rank - 1 && size[a] == axes[a].Count ? Overlap : 0);
            strides[a] = stride;
            stride *= extents[a];
        }

        return stride * Examples * Planes * channels;
    }

    private int Product(Func<int, int> factor)
    {
        var product = 1;
        for (var a = 0; a < rank; a++) product = checked(product * factor(a));
        return product;
    }
}
