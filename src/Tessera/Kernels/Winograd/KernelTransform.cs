using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Dense;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Winograd;

/// <summary>
/// The kernel's side of Winograd's algorithm: E k Eᵀ / w into panels of result channels, and the transpose back into a
/// kernel gradient.
/// <code>
///     K [m][c][q…]  →  turned to [c, q][lanes], some channels at a time  →  [component][outer tap][c][lanes]
/// </code>
/// Lanes are the channels of the result: m going forward and for the kernel gradient, c for the input gradient. Pairs that
/// a table leaves out are zeros. A tiled operator's kernels are turned together, [tile][c, q][lanes], and each residue takes from
/// them the elements that its groups of taps have.
/// </summary>
internal sealed unsafe class KernelTransform<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int Points = WinogradAxis.MostPoints;
    private const int Components = Points * Points;
    private const int ChannelsTogether = 8;

    private readonly WinogradTiling tiling;
    private readonly bool transposed;
    private readonly ConnectionTable? table;
    private readonly TurnedKernel dense;
    private readonly int inputs;
    private readonly int volume;
    private readonly int tiles;
    private readonly nint tilePitch;
    private readonly int rowTaps;
    private readonly int columnTaps;
    private readonly int tapsPerOuter;
    private readonly int rowStep;
    private readonly int columnStep;
    private readonly bool isEven; // Taps stand evenly spaced in the kernel, and need not be gathered first.

    public KernelTransform(OperatorGeometry geometry, WinogradTiling tiling, bool transposed)
    {
        this.tiling = tiling;
        this.transposed = transposed;
        table = geometry.Table;
        dense = new TurnedKernel(geometry, transposed);
        inputs = geometry.InputChannels / geometry.Groups;
        volume = (int)geometry.KernelSize.Product;
        tiles = (int)geometry.Tile.Product;
        tilePitch = (nint)geometry.PairCount * volume;
        (rowTaps, columnTaps) = (tiling.Rows.Taps, tiling.Columns.Taps);
        isEven = !tiling.IsDealt;
        tapsPerOuter = rowTaps * columnTaps;
        (rowStep, columnStep) = (rowTaps == 1 ? 0 : tiling.Elements[columnTaps] - tiling.Elements[0], tiling.Elements[1] - tiling.Elements[0]);
    }

    /// <summary>What turning some channels takes, for panels of a width; a table's kernel gradient has them all once more on its way back.</summary>
    public long ScratchElements(int channels, int width) => ((tiles + (table is null ? 0 : 1)) * TurnedElements(channels, width)) + (2 * Components * TLanes.Count);

    /// <summary>Elements of some channels turned round, of one tile.</summary>
    public long TurnedElements(int channels, int width) => dense.Elements(channels, width);

    /// <summary>Transforms source channels [first, end) for a panel of result channels; those that do not exist become zeros.</summary>
    /// <param name="kernel">The kernel of a group.</param>
    /// <param name="lane">The first result channel.</param>
    /// <param name="lanes">How many there are.</param>
    /// <param name="width">The panel's width, in whole vectors.</param>
    /// <param name="first">The first source channel.</param>
    /// <param name="end">The one after the last.</param>
    /// <param name="to">Where the first channel of outer tap 0 goes, component 0.</param>
    /// <param name="componentPitch">From one component to the next.</param>
    /// <param name="outerPitch">From one outer tap to the next.</param>
    /// <param name="residuePitch">From one residue to the next.</param>
    /// <param name="scratch">Room for <see cref="ScratchElements"/>.</param>
    /// <param name="before">The channels as <see cref="Turn"/> laid them out before, or null; of an operator without tiles.</param>
    public void Pack(T* kernel, int lane, int lanes, int width, int first, int end, T* to, nint componentPitch, nint outerPitch, nint residuePitch, T* scratch, T* before = null)
    {
        T* halfway = scratch, taken = halfway + (Components * TLanes.Count), turned = taken + (Components * TLanes.Count);
        nint row = isEven ? (nint)rowStep * width : columnTaps * TLanes.Count, column = isEven ? (nint)columnStep * width : TLanes.Count;
        if (before != null) turned = before;
        for (var tile = 0; before == null && tile < tiles; tile++)
        {
            Turn(kernel + (tile * tilePitch), lane, lanes, width, first, end, turned + ((nint)tile * (end - first) * volume * width));
        }

        if (isEven && (rowTaps == 1 || (rowTaps == 3 && columnTaps == 3)))
        {
            for (int c = 0, count; c < end - first; c += count)
            {
                count = Math.Min(ChannelsTogether, end - first - c);
                if (before != null) Prefetch.Elements(turned + (nint)TurnedElements(c + ChannelsTogether, width), TurnedElements(count, width));
                for (var outer = 0; outer < tiling.OuterTaps; outer++)
                {
                    var from = turned + (nint)TurnedElements(c, width) + ((nint)tiling.Elements[outer * tapsPerOuter] * width);
                    var into = to + (outer * outerPitch) + ((nint)c * width);
                    for (var v = 0; v < width; v += TLanes.Count)
                    {
                        if (rowTaps == 1) PointTransform<TVector, T, TLanes>.Evaluate(columnTaps, true, from + v, column, (nint)volume * width, into + v, componentPitch, width, count);
                        else PointTransform<TVector, T, TLanes>.EvaluateSquare(from + v, row, column, (nint)volume * width, into + v, componentPitch, width, count);
                    }
                }
            }

            return;
        }

        for (var residue = 0; residue < tiling.Residues; residue++)
        {
            for (var c = 0; c < end - first; c++)
            {
                for (var outer = 0; outer < tiling.OuterTaps; outer++)
                {
                    var elements = tiling.Elements.AsSpan(((residue * tiling.OuterTaps) + outer) * tapsPerOuter, tapsPerOuter);
                    var into = to + (residue * residuePitch) + (outer * outerPitch) + ((nint)c * width);
                    var firstElement = isEven ? turned + ((((nint)c * volume) + elements[0]) * width) : taken;
                    for (var v = 0; v < width; v += TLanes.Count)
                    {
                        var from = isEven ? firstElement + v : taken;
                        if (!isEven) Take(elements, turned + v, c, end - first, width, taken);
                        if (rowTaps == 1)
                        {
                            PointTransform<TVector, T, TLanes>.Evaluate(columnTaps, true, from, column, 0, into + v, componentPitch, 0, 1);
                            continue;
                        }

                        PointTransform<TVector, T, TLanes>.Evaluate(rowTaps, true, from, row, column, halfway, Points * TLanes.Count, TLanes.Count, columnTaps);
                        PointTransform<TVector, T, TLanes>.Evaluate(columnTaps, true, halfway, TLanes.Count, Points * TLanes.Count, into + v, componentPitch, Points * componentPitch, Points);
                    }
                }
            }
        }
    }

    /// <summary>
    /// The transpose of <see cref="Pack"/> for the forward kernel: sums of components [component][outer tap][c][residue][lanes], <paramref name="rowPitch"/> from one c
    /// to the next, become the gradient of source channels [first, end).
    /// </summary>
    public void Unpack(T* from, nint componentPitch, nint outerPitch, nint rowPitch, int width, T* kernel, int lane, int lanes, int first, int end, bool accumulate, T* scratch)
    {
        T* halfway = scratch, taken = halfway + (Components * TLanes.Count), turned = taken + (Components * TLanes.Count);
        nint row = isEven ? (nint)rowStep * width : columnTaps * TLanes.Count, column = isEven ? (nint)columnStep * width : TLanes.Count;
        for (var residue = 0; residue < tiling.Residues; residue++)
        {
            for (var c = 0; c < end - first; c++)
            {
                for (var outer = 0; outer < tiling.OuterTaps; outer++)
                {
                    var elements = tiling.Elements.AsSpan(((residue * tiling.OuterTaps) + outer) * tapsPerOuter, tapsPerOuter);
                    var sums = from + (outer * outerPitch) + (c * rowPitch) + ((nint)residue * width);
                    for (var v = 0; v < width; v += TLanes.Count)
                    {
                        T* to = isEven ? turned + ((((nint)c * volume) + elements[0]) * width) + v : taken;
                        if (rowTaps == 1)
                        {
                            PointTransform<TVector, T, TLanes>.Gather(columnTaps, true, sums + v, componentPitch, 0, to, column, 0, 1);
                        }
                        else
                        {
                            PointTransform<TVector, T, TLanes>.Gather(columnTaps, true, sums + v, componentPitch, Points * componentPitch, halfway, TLanes.Count, Points * TLanes.Count, Points);
                            PointTransform<TVector, T, TLanes>.Gather(rowTaps, true, halfway, Points * TLanes.Count, TLanes.Count, to, row, column, columnTaps);
                        }

                        if (!isEven) Give(elements, taken, c, end - first, width, turned + v);
                    }
                }
            }
        }

        for (var tile = 0; tile < tiles; tile++)
        {
            TurnBack(turned + ((nint)tile * (end - first) * volume * width), width, kernel + (tile * tilePitch), lane, lanes, first, end, accumulate, turned + ((nint)tiles * (end - first) * volume * width));
        }
    }

    /// <summary>Source channels [first, end) of one tile's kernel, [c, q][lanes]; lanes and pairs that do not exist are zeros.</summary>
    public void Turn(T* kernel, int lane, int lanes, int width, int first, int end, T* turned)
    {
        if (table is null)
        {
            dense.Turn<TVector, T, TLanes>(kernel, lane, width, first, end, turned);
            return;
        }

        new Span<T>(turned, (end - first) * volume * width).Clear();
        var (output, outputEnd, input, inputEnd) = transposed ? (first, end, lane, lane + lanes) : (lane, lane + lanes, first, end);
        for (var m = output; m < outputEnd; m++)
        {
            var row = table.InputsOf(m);
            var from = kernel + ((nint)table.FirstPair(m) * volume);
            for (var pair = FirstAt(row, input); pair < row.Length && row[pair] < inputEnd; pair++)
            {
                var (depth, across) = transposed ? (m, row[pair]) : (row[pair], m);
                var into = turned + ((nint)(depth - first) * volume * width) + (across - lane);
                for (var q = 0; q < volume; q++, into += width) *into = from[(pair * volume) + q];
            }
        }
    }

    /// <summary>The transpose of <see cref="Turn"/> for the forward kernel; for a table all lanes are turned back into <paramref name="whole"/> first, and its pairs taken from there.</summary>
    private void TurnBack(T* turned, int width, T* kernel, int lane, int lanes, int first, int end, bool accumulate, T* whole)
    {
        if (table is null)
        {
            dense.TurnBack<TVector, T, TLanes>(turned, width, kernel, lane, first, end, accumulate);
            return;
        }

        var row = (end - first) * volume;
        Transposition.Run(turned, width, row, lanes, whole, row, false, TLanes.Count * sizeof(T) > 16);
        for (var m = lane; m < lane + lanes; m++, whole += row)
        {
            var inputs = table.InputsOf(m);
            for (var pair = FirstAt(inputs, first); pair < inputs.Length && inputs[pair] < end; pair++)
            {
                T* from = whole + ((nint)(inputs[pair] - first) * volume), into = kernel + ((nint)(table.FirstPair(m) + pair) * volume);
                if (accumulate) for (var q = 0; q < volume; q++) into[q] += from[q];
                else RowCopy<TVector, T, TLanes>.Copy(from, into, volume);
            }
        }
    }

    /// <summary>The elements that a group of taps has, side by side, a vector of each; zeros where it has none.</summary>
    private void Take(ReadOnlySpan<int> elements, T* turned, int c, int channels, int width, T* taken)
    {
        foreach (var element in elements)
        {
            TLanes.Store(element < 0 ? TLanes.Broadcast(T.Zero) : TLanes.Load(turned + Place(element, c, channels, width)), taken);
            taken += TLanes.Count;
        }
    }

    /// <summary>The transpose of <see cref="Take"/>: every element is in one group of one residue.</summary>
    private void Give(ReadOnlySpan<int> elements, T* taken, int c, int channels, int width, T* turned)
    {
        foreach (var element in elements)
        {
            if (element >= 0) TLanes.Store(TLanes.Load(taken), turned + Place(element, c, channels, width));
            taken += TLanes.Count;
        }
    }

    private nint Place(int element, int c, int channels, int width)
    {
        var tile = Math.DivRem(element, volume, out var q);
        return ((((((nint)tile * channels) + c) * volume) + q) * width);
    }

    /// <summary>The first pair of an output channel's <paramref name="row"/> whose input channel is at least <paramref name="input"/>.</summary>
    private static int FirstAt(ReadOnlySpan<int> row, int input)
    {
        var place = row.BinarySearch(input);
        return place < 0 ? ~place : place;
    }
}
