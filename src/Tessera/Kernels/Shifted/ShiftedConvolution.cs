using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Shifted;

/// <summary>
/// Forward and input gradient of shared and tiled operators that connect few channels: depthwise, and tables. Nothing is
/// unfolded: a tap is the same source, shifted (see <see cref="ShiftedBox"/>), and nothing unconnected is multiplied
/// (see <see cref="ChannelTiles"/>).
/// <code>
///   source [n][c] ──▸ laid out with zeros around [c][phase][rows][x], in the second-level cache
///                        │ + shift of the tap
///   weights of a set ──▸ product ──▸ sums [4 rows][columns], in the first-level cache ──▸ result rows
/// </code>
/// Where every result channel sees one source channel (depthwise), planes of enough columns are streamed from the source
/// as it is laid out into the result itself (see <see cref="RowStream{TVector, T, TLanes}"/>), without sums between.
/// A first stage lays the weights out set by set. A job is a box of an example, for some tiles of result channels.
/// </summary>
internal sealed unsafe class ShiftedConvolution<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int CacheBytes = 320 * 1024;
    private const int WantedJobs = 16;

    private readonly bool transposed;
    private readonly ChannelTiles channels;
    private readonly ShiftedBox[] parts;
    private readonly RowStream<TVector, T, TLanes>?[] streams;
    private readonly int[] firstJob;
    private readonly long[] packed;
    private readonly int[][] scalars;
    private readonly int[] channelLanes;
    private readonly int sourceStride;
    private readonly int sumElements;
    private readonly int rowElements;
    private readonly int tilesPerJob;
    private readonly int tileBlocks;
    private readonly int batch;
    private readonly int sources;
    private readonly int results;
    private readonly long sourcePlane;
    private readonly long resultPlane;
    private readonly int volume;
    private readonly long kernelStride;

    public ShiftedConvolution(OperatorGeometry geometry, int batch, bool transposed, int cacheBytes = CacheBytes)
    {
        this.transposed = transposed;
        this.batch = batch;
        channels = ChannelTiles.Of(geometry, transposed);
        (sources, results) = transposed ? (geometry.OutputChannels, geometry.InputChannels) : (geometry.InputChannels, geometry.OutputChannels);
        (sourcePlane, resultPlane) = (geometry.InputSize.Product, geometry.OutputSize.Product);
        if (transposed) (sourcePlane, resultPlane) = (resultPlane, sourcePlane);
        volume = (int)geometry.KernelSize.Product;
        kernelStride = (long)geometry.PairCount * volume;
        var all = (transposed ? TapConvolution.InputGradient(geometry) : TapConvolution.Forward(geometry)).Where(part => part.Positions > 0).ToArray();
        var jobsElsewhere = (long)all.Length * batch * channels.Units.Length;
        var leastBoxes = (int)((WantedJobs + jobsElsewhere - 1) / jobsElsewhere);
        parts = [.. all.Select(part => new ShiftedBox(part, TLanes.Count, channels.MostSources, cacheBytes / sizeof(T), leastBoxes))];
        var alone = channels.Tiles.All(tile => tile.Entries == 1 && channels.Entries[tile.FirstEntry] is var entry && entry.Rows == tile.Rows && entry.Channels == 1);
        streams = [.. parts.Select(part => alone ? RowStream<TVector, T, TLanes>.TryMake(part) : null)];
        tilesPerJob = channels.Units.Length == 1 ? channels.Tiles.Length : Math.Max(1, (int)Math.Min(channels.Tiles.Length, channels.Tiles.Length * (long)all.Length * batch / WantedJobs));
        tileBlocks = (channels.Tiles.Length + tilesPerJob - 1) / tilesPerJob;
        firstJob = new int[parts.Length + 1];
        packed = new long[parts.Length + 1];
        scalars = new int[parts.Length][];
        var mostChannels = Math.Max(1, channels.Entries.Max(entry => (int?)entry.Channels) ?? 1);
        for (var p = 0; p < parts.Length; p++)
        {
            firstJob[p + 1] = checked(firstJob[p] + (parts[p].Boxes * batch * tileBlocks));
            packed[p + 1] = packed[p] + ((long)channels.Pairs.Length * parts[p].Part.TapCount);
            sourceStride = Math.Max(sourceStride, parts[p].SourceElements);
            sumElements = Math.Max(sumElements, 4 * parts[p].Columns);
            rowElements = Math.Max(rowElements, checked(parts[p].ResultRows * sizeof(ShiftedRow) / sizeof(T)));
            scalars[p] = GC.AllocateUninitializedArray<int>(mostChannels, pinned: true);
            for (var i = 0; i < mostChannels; i++) scalars[p][i] = checked(i * parts[p].Part.TapCount);
        }

        channelLanes = GC.AllocateUninitializedArray<int>(Math.Max(1, channels.Channels.Length), pinned: true);
        for (var i = 0; i < channels.Channels.Length; i++) channelLanes[i] = checked(channels.Channels[i] * sourceStride);
        Stages = [parts.Length, firstJob[^1]];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"shifted planes{(streams[0] is null ? "" : ", rows streamed")}, {TLanes.Name} vectors, {parts.Length} {(transposed ? "phases" : "residues")}, boxes of {parts[0].Columns} columns, {channels.Entries.Length} sets of rows in {channels.Tiles.Length} tiles of four channels");

    public override long SharedElements => packed[^1];

    public override long WorkerElements => ((long)channels.MostSources * sourceStride) + sumElements + rowElements;

    public override IReadOnlyList<int> Stages { get; }

    public override bool AddsBias => !transposed;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (stage == 0)
        {
            Pack(job, operands.Kernel, shared + packed[job]);
            return;
        }

        var p = Array.BinarySearch(firstJob, job);
        if (p < 0) p = ~p - 1;
        job -= firstJob[p];
        job = Math.DivRem(job, tileBlocks, out var block);
        var n = Math.DivRem(job, parts[p].Boxes, out var box);
        var sums = own + ((long)channels.MostSources * sourceStride);
        var rows = (ShiftedRow*)(sums + sumElements);
        parts[p].ListRows(box, rows);
        int first = block * tilesPerJob, end = Math.Min(channels.Tiles.Length, first + tilesPerJob);
        for (var u = 0; u < channels.Units.Length; u++)
        {
            var unit = channels.Units[u];
            if (unit.FirstTile + unit.Tiles <= first || unit.FirstTile >= end) continue;
            LayOut(p, box, n, unit, operands, own);
            for (var tile = Math.Max(first, unit.FirstTile); tile < Math.Min(end, unit.FirstTile + unit.Tiles); tile++)
            {
                if (streams[p] is { } stream && rows->Length >= TLanes.Count)
                {
                    if (Stream(p, stream, n, channels.Tiles[tile], operands, shared + packed[p], own, sums, rows)) continue;
                }
                else
                {
                    Sum(p, channels.Tiles[tile], operands, shared + packed[p], own, sums);
                }

                Write(p, n, channels.Tiles[tile], operands, sums, rows);
            }
        }
    }

    private void LayOut(int p, int box, int n, in ChannelUnit unit, in Operands<T> operands, T* own)
    {
        var source = (transposed ? operands.Output : operands.Input) + ((((long)n * sources) + unit.FirstSource) * sourcePlane);
        for (var c = 0; c < unit.Sources; c++) parts[p].LayOut<TVector, T, TLanes>(source + (c * sourcePlane), box, own + ((long)c * sourceStride));
    }

    /// <summary>Result channels that see one source channel each: into the result where its rows are whole, else into sums. Whether into the result.</summary>
    private bool Stream(int p, RowStream<TVector, T, TLanes> stream, int n, in ChannelTile tile, in Operands<T> operands, T* weights, T* own, T* sums, ShiftedRow* rows)
    {
        var part = parts[p];
        var entry = channels.Entries[tile.FirstEntry];
        var direct = part.ResultStep == 1 && !operands.Accumulate;
        var to = sums + rows->Column;
        nint pitch = part.ResultRows == 1 ? 0 : rows[1].Column - rows->Column, toChannel = part.Columns;
        if (direct)
        {
            to = (transposed ? operands.Input : operands.Output) + ((((long)n * results) + tile.First) * resultPlane) + rows->Result;
            (pitch, toChannel) = (part.ResultRows == 1 ? 0 : (nint)(rows[1].Result - rows->Result), (nint)resultPlane);
        }

        var count = 0;
        while (count < part.ResultRows && rows[count].Length > 0) count++;
        var source = own + channelLanes[entry.FirstChannel];
        weights += (long)entry.FirstSlot * part.Part.TapCount;
        for (var r = 0; r < tile.Rows; r++, weights += part.Part.TapCount, to += toChannel)
        {
            stream.Run(source, part.RowPitch, weights, operands.Bias == null ? default : operands.Bias[tile.First + r], to, pitch, count, rows->Length);
        }

        return direct;
    }

    private void Sum(int p, in ChannelTile tile, in Operands<T> operands, T* weights, T* own, T* sums)
    {
        var part = parts[p];

        // A single set of all rows, as depthwise has, need not add to what stands there.
        var adds = operands.Bias != null || tile.Entries != 1 || channels.Entries[tile.FirstEntry].Rows != tile.Rows;
        for (var r = 0; adds && r < tile.Rows; r++) new Span<T>(sums + ((long)r * part.Columns), part.Columns).Fill(operands.Bias == null ? T.Zero : operands.Bias[tile.First + r]);
        var taps = part.Taps;
        var rows = stackalloc int[4];
        var sumRows = stackalloc int[4];
        fixed (int* scalar = scalars[p], lane = channelLanes)
        {
            for (var e = tile.FirstEntry; e < tile.FirstEntry + tile.Entries; e++)
            {
                var entry = channels.Entries[e];
                var count = 0;
                for (var r = 0; r < 4; r++)
                {
                    if ((entry.RowSet >> r & 1) == 0) continue;
                    rows[count] = count * entry.Channels * taps.Count;
                    sumRows[count++] = r * part.Columns;
                }

                var list = new Terms(scalar, lane + entry.FirstChannel, entry.Channels);
                var from = weights + ((long)entry.FirstSlot * taps.Count);
                for (var run = 0; run < part.Runs; run++)
                {
                    var source = own + part.RunStart(run);
                    var to = sums + ((long)run * part.Vectors * TLanes.Count);
                    if (taps.Count == 1) BroadcastProduct<T, TVector, TLanes>.Run(from, rows, count, source, taps, list, to, sumRows, part.Vectors, adds);
                    else BroadcastProduct<T, TVector, TLanes>.Run(from, rows, count, source, list, taps, to, sumRows, part.Vectors, adds);
                }
            }
        }
    }

    private void Write(int p, int n, in ChannelTile tile, in Operands<T> operands, T* sums, ShiftedRow* rows)
    {
        var part = parts[p];
        var result = (transposed ? operands.Input : operands.Output) + ((((long)n * results) + tile.First) * resultPlane);
        for (var r = 0; r < tile.Rows; r++, result += resultPlane, sums += part.Columns)
        {
            for (var row = rows; row < rows + part.ResultRows; row++)
            {
                if (row->Length == 0) continue;
                if (part.ResultStep == 1 && !operands.Accumulate) Dense.RowCopy<TVector, T, TLanes>.Copy(sums + row->Column, result + row->Result, row->Length);
                else Spread(sums + row->Column, result + row->Result, part.ResultStep, row->Length, operands.Accumulate);
            }
        }
    }

    private static void Spread(T* from, T* to, int step, int count, bool add)
    {
        var i = 0;
        if (step == 1)
        {
            for (; i + TLanes.Count <= count; i += TLanes.Count) TLanes.Store(TLanes.Add(TLanes.Load(to + i), TLanes.Load(from + i)), to + i);
        }

        for (var at = (long)i * step; i < count; i++, at += step) to[at] = add ? to[at] + from[i] : from[i];
    }

    /// <summary>Lays the weights of one part out by slot and tap.</summary>
    private void Pack(int p, T* kernel, T* to)
    {
        var part = parts[p].Part;
        for (var slot = 0; slot < channels.Pairs.Length; slot++)
        {
            var from = kernel + ((long)channels.Pairs[slot] * volume);
            for (var tap = 0; tap < part.TapCount; tap++) *to++ = from[(part.Tiles[tap] * kernelStride) + part.Elements[tap]];
        }
    }
}
