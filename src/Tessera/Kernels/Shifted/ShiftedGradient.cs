using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Shifted;

/// <summary>
/// Kernel gradient of shared and tiled operators that connect few channels: dK[m, c, q] is the product of G[m] and of
/// V[c] shifted by the tap, column by column (see <see cref="ShiftedBox"/>).
/// <code>
///   G [m] ──▸ in columns, zeros where a column is no position   ─┐ up to 4 rows
///                                                                ├─▸ sums [pair][tap], a vector each, over all boxes
///   V [c] ──▸ laid out with zeros around, + shift of the tap    ─┘ up to 4 taps
/// </code>
/// A job is some tiles of output channels of one residue; it takes all examples and boxes in order and adds each
/// vector's lanes up at the end.
/// </summary>
internal sealed unsafe class ShiftedGradient<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int SourceBytes = 256 * 1024;
    private const int SumBytes = 256 * 1024;
    private const int WantedJobs = 16;

    private readonly ChannelTiles channels;
    private readonly ShiftedBox[] parts;
    private readonly int batch;
    private readonly int inputs;
    private readonly int outputs;
    private readonly long inputPlane;
    private readonly long outputPlane;
    private readonly int volume;
    private readonly int pairCount;
    private readonly int[] blockStarts;
    private readonly int sourceStride;
    private readonly long gradientElements;
    private readonly long sumElements;

    public ShiftedGradient(OperatorGeometry geometry, int batch)
    {
        this.batch = batch;
        channels = ChannelTiles.Of(geometry, transposed: false);
        (inputs, outputs) = (geometry.InputChannels, geometry.OutputChannels);
        (inputPlane, outputPlane) = (geometry.InputSize.Product, geometry.OutputSize.Product);
        volume = (int)geometry.KernelSize.Product;
        pairCount = geometry.PairCount;
        parts = [.. TapConvolution.Forward(geometry).Select(part => part.Positions == 0 ? null! : new ShiftedBox(part, TLanes.Count, channels.MostSources, SourceBytes / sizeof(T), 1))];
        blockStarts = Cut();
        sourceStride = parts.Max(part => part?.SourceElements ?? 0);
        gradientElements = 4L * parts.Max(part => part?.Columns ?? 0);
        for (var b = 0; b + 1 < blockStarts.Length; b++) sumElements = Math.Max(sumElements, (long)(SlotOf(blockStarts[b + 1]) - SlotOf(blockStarts[b])) * volume * TLanes.Count);
        Stages = [checked(parts.Length * (blockStarts.Length - 1))];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"products of shifted planes, {TLanes.Name} vectors, {parts.Length} residues, boxes of {parts.First(part => part is not null).Columns} columns, {channels.Entries.Length} sets of rows in {blockStarts.Length - 1} blocks");

    public override long WorkerElements => ((long)channels.MostSources * sourceStride) + gradientElements + sumElements;

    public override IReadOnlyList<int> Stages { get; }

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var residue = Math.DivRem(job, blockStarts.Length - 1, out var block);
        int first = blockStarts[block], end = blockStarts[block + 1];
        int firstSlot = SlotOf(first), slots = SlotOf(end) - firstSlot;
        var gradients = own + ((long)channels.MostSources * sourceStride);
        var sums = gradients + gradientElements;
        new Span<T>(sums, checked(slots * volume * TLanes.Count)).Clear();
        if (parts[residue] is { } part)
        {
            for (var n = 0; n < batch; n++)
            {
                for (var box = 0; box < part.Boxes; box++) AddBox(part, n, box, first, end, operands, own, gradients, sums - ((long)firstSlot * volume * TLanes.Count));
            }
        }

        for (var slot = 0; slot < slots; slot++)
        {
            var to = operands.Kernel + ((((long)residue * pairCount) + channels.Pairs[firstSlot + slot]) * volume);
            for (var tap = 0; tap < volume; tap++, sums += TLanes.Count)
            {
                var sum = Total(sums);
                to[tap] = operands.Accumulate ? to[tap] + sum : sum;
            }
        }
    }

    private void AddBox(ShiftedBox part, int n, int box, int first, int end, in Operands<T> operands, T* own, T* gradients, T* sums)
    {
        for (var u = 0; u < channels.Units.Length; u++)
        {
            var unit = channels.Units[u];
            if (unit.FirstTile + unit.Tiles <= first || unit.FirstTile >= end) continue;
            var source = operands.Input + ((((long)n * inputs) + unit.FirstSource) * inputPlane);
            for (var c = 0; c < unit.Sources; c++) part.LayOut<TVector, T, TLanes>(source + (c * inputPlane), box, own + ((long)c * sourceStride));
            for (var t = Math.Max(first, unit.FirstTile); t < Math.Min(end, unit.FirstTile + unit.Tiles); t++)
            {
                var tile = channels.Tiles[t];
                Gather(part, box, tile, operands.Output + ((((long)n * outputs) + tile.First) * outputPlane), gradients);
                for (var e = tile.FirstEntry; e < tile.FirstEntry + tile.Entries; e++) AddEntry(part, channels.Entries[e], own, gradients, sums);
            }
        }
    }

    private void AddEntry(ShiftedBox part, in TileEntry entry, T* own, T* gradients, T* sums)
    {
        var rows = stackalloc int[4];
        var count = 0;
        for (var r = 0; r < 4; r++)
        {
            if ((entry.RowSet >> r & 1) != 0) rows[count++] = r * part.Columns;
        }

        var taps = part.Taps;
        for (var i = 0; i < entry.Channels; i++)
        {
            var source = own + ((long)channels.Channels[entry.FirstChannel + i] * sourceStride);
            var to = sums + ((((long)entry.FirstSlot + i) * volume) * TLanes.Count);
            var rowStride = (long)entry.Channels * volume * TLanes.Count;
            for (var run = 0; run < part.Runs; run++)
            {
                var g = gradients + ((long)run * part.Vectors * TLanes.Count);
                ShiftedProduct<T, TVector, TLanes>.Run(g, rows, count, source + part.RunStart(run), taps.Lane, taps.Count, part.Vectors, to, rowStride);
            }
        }
    }

    /// <summary>The output gradient of a tile in columns.</summary>
    private void Gather(ShiftedBox part, int box, in ChannelTile tile, T* from, T* to)
    {
        new Span<T>(to, tile.Rows * part.Columns).Clear();
        for (var row = 0; row < part.ResultRows; row++)
        {
            var at = part.ResultRow(box, row);
            for (var r = 0; r < tile.Rows; r++)
            {
                Dense.RowCopy<TVector, T, TLanes>.Copy(from + (r * outputPlane) + at.Result, at.Step, to + ((long)r * part.Columns) + at.Column, at.Length);
            }
        }
    }

    /// <summary>Cuts the tiles into blocks whose sums fit, and further until there are jobs enough.</summary>
    private int[] Cut()
    {
        var most = Math.Max(1, SumBytes / (sizeof(T) * TLanes.Count * volume));
        most = Math.Min(most, Math.Max(1, channels.Pairs.Length * parts.Length / WantedJobs));
        var starts = new List<int> { 0 };
        for (var t = 1; t < channels.Tiles.Length; t++)
        {
            if (SlotOf(t + 1) - SlotOf(starts[^1]) > most) starts.Add(t);
        }

        starts.Add(channels.Tiles.Length);
        return [.. starts];
    }

    /// <summary>The first slot of a tile, or the number of slots after the last.</summary>
    private int SlotOf(int tile)
    {
        if (tile >= channels.Tiles.Length) return channels.Pairs.Length;
        var entry = channels.Tiles[tile].FirstEntry;
        return entry >= channels.Entries.Length ? channels.Pairs.Length : channels.Entries[entry].FirstSlot;
    }

    private static T Total(T* lanes)
    {
        var sum = lanes[0];
        for (var i = 1; i < TLanes.Count; i++) sum += lanes[i];
        return sum;
    }
}
