using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// The connections of a table as a convolution over planes takes them: for each source channel the rows (result channels) that see it, and
/// the weights in that order. Nothing unconnected is stored or multiplied.
/// <code>
///     weights   [part][block of rows][some of the taps][source channel c][row that sees c][tap]
/// </code>
/// </summary>
internal sealed unsafe class ConnectedRows<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly TapConvolution[] parts;
    private readonly nint[][] elements;
    private readonly int volume;
    private readonly int blocks;
    private readonly long[] starts;

    // Block by block the channels that some row of it sees, and for each of these the rows that do: a slot each, with its pair.
    private readonly int[] firstEntry;
    private readonly int[] channels;
    private readonly int[] slots;
    private readonly int[] rows;
    private readonly int[] pairs;

    /// <param name="geometry">The operator; it has a table.</param>
    /// <param name="parts">The parts of its forward pass or of its transpose.</param>
    /// <param name="transposed">Whether source channels are output channels.</param>
    /// <param name="rowsPerBlock">How many rows are summed at a time.</param>
    public ConnectedRows(OperatorGeometry geometry, TapConvolution[] parts, bool transposed, int rowsPerBlock)
    {
        this.parts = parts;
        var table = geometry.Table!;
        volume = (int)geometry.KernelSize.Product;
        elements = [.. parts.Select(part => part.KernelPlaces(geometry))];
        var (rowCount, channelCount) = transposed ? (geometry.InputChannels, geometry.OutputChannels) : (geometry.OutputChannels, geometry.InputChannels);
        blocks = Up(rowCount, rowsPerBlock);

        // By block, channel and row.
        pairs = [.. Enumerable.Range(0, geometry.PairCount)];
        var order = new long[pairs.Length];
        for (var m = 0; m < geometry.OutputChannels; m++)
        {
            var pair = table.FirstPair(m);
            foreach (var c in table.InputsOf(m))
            {
                var (row, channel) = transposed ? (c, m) : (m, c);
                order[pair++] = ((((long)row / rowsPerBlock * channelCount) + channel) * rowsPerBlock) + (row % rowsPerBlock);
            }
        }

        Array.Sort(order, pairs);
        rows = GC.AllocateUninitializedArray<int>(pairs.Length, pinned: true);
        firstEntry = new int[blocks + 1];
        List<int> entries = [], starting = [];
        for (var slot = 0; slot < order.Length; slot++)
        {
            rows[slot] = (int)(order[slot] % rowsPerBlock) * SumPitch;
            var seen = order[slot] / rowsPerBlock;
            if (slot > 0 && seen == order[slot - 1] / rowsPerBlock) continue;
            entries.Add((int)(seen % channelCount));
            starting.Add(slot);
            firstEntry[(seen / channelCount) + 1] = entries.Count;
        }

        for (var block = 0; block < blocks; block++) firstEntry[block + 1] = Math.Max(firstEntry[block + 1], firstEntry[block]);
        channels = Pinned(entries);
        slots = Pinned([.. starting, pairs.Length]);
        starts = new long[parts.Length + 1];
        for (var part = 0; part < parts.Length; part++) starts[part + 1] = starts[part] + ((long)pairs.Length * parts[part].TapCount);
    }

    /// <summary>From one row's sums to the next.</summary>
    public static int SumPitch => ConnectedProduct<T, TVector, TLanes>.MostVectors * TLanes.Count;

    /// <summary>The elements of all weights laid out.</summary>
    public long PackedElements => starts[^1];

    /// <summary>The jobs that lay them out: some of a part each.</summary>
    public int Jobs => parts.Length * Shares.LeastJobs;

    /// <summary>Lays some weights out.</summary>
    public void Pack(int job, T* kernel, T* packed)
    {
        var part = Math.DivRem(job, Shares.LeastJobs, out var share);
        for (var block = 0; block < blocks; block++)
        {
            int first = slots[firstEntry[block]], count = slots[firstEntry[block + 1]] - first;
            var (slot, end) = Shares.Of(count, Shares.LeastJobs, share);
            for (var group = 0; group < TapGroups(part); group++)
            {
                var (firstTap, endTap) = TapGroup(part, group);
                var to = Packed(packed, part, block, firstTap) + ((nint)slot * (endTap - firstTap));
                fixed (nint* element = elements[part])
                {
                    for (var i = first + slot; i < first + end; i++)
                    {
                        var from = kernel + ((nint)pairs[i] * volume);
                        for (var tap = firstTap; tap < endTap; tap++) *to++ = from[element[tap]];
                    }
                }
            }
        }
    }

    /// <summary>The sums of a block of rows, [row][vector], over all channels and taps.</summary>
    /// <param name="part">Which part.</param>
    /// <param name="block">Which block of rows.</param>
    /// <param name="packed">All weights laid out.</param>
    /// <param name="source">The vectors of positions.</param>
    /// <param name="shifts">The shift of each tap.</param>
    /// <param name="bias">What each row begins with.</param>
    /// <param name="count">How many rows the block has.</param>
    /// <param name="sums">Room for <see cref="SumPitch"/> times as many.</param>
    public void Multiply(int part, int block, T* packed, in PlaneVectors<T> source, nint[] shifts, T* bias, int count, T* sums)
    {
        for (var row = 0; row < count; row++)
        {
            for (var v = 0; v < source.Count; v++) TLanes.Store(TLanes.Broadcast(bias[row]), sums + (row * SumPitch) + (v * TLanes.Count));
        }

        int first = firstEntry[block], entries = firstEntry[block + 1] - first;
        if (entries == 0) return;
        fixed (int* slot = slots, row = rows, channel = channels)
        fixed (nint* shift = shifts)
        {
            for (var group = 0; group < TapGroups(part); group++)
            {
                var (firstTap, endTap) = TapGroup(part, group);
                ConnectedProduct<T, TVector, TLanes>.Run(source, shift + firstTap, endTap - firstTap, channel + first, slot + first, entries, row, Packed(packed, part, block, firstTap), sums);
            }
        }
    }

    /// <summary>Where the weights of some taps of a block of rows stand.</summary>
    private T* Packed(T* packed, int part, int block, int firstTap)
    {
        nint first = slots[firstEntry[block]], count = slots[firstEntry[block + 1]] - first;
        return packed + (nint)starts[part] + (first * parts[part].TapCount) + (count * firstTap);
    }

    private static int[] Pinned(List<int> numbers)
    {
        var pinned = GC.AllocateUninitializedArray<int>(numbers.Count, pinned: true);
        numbers.CopyTo(pinned);
        return pinned;
    }

    private int TapGroups(int part) => Up(parts[part].TapCount, ConnectedProduct<T, TVector, TLanes>.MostTaps);

    private (int First, int End) TapGroup(int part, int group) => Shares.Of(parts[part].TapCount, TapGroups(part), group);
}
