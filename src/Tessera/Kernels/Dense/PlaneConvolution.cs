using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Forward and input gradient of shared and tiled operators, where a kernel has several
/// taps and results are not many channels, or channels are connected by a table: a box of source planes is laid out once in L2 (see <see cref="PlaneBox"/>),
/// and every tap reads its vectors from there, so nothing is copied for each tap.
/// <code>
///                           columns: 1 to 3 vectors of the box's positions
///     k = (channel, tap)  [ planes + shift of the tap ]       a block of channels stays in L1
///       ↓
///     rows   [ kernel ]   [ sums of all rows, in L1 ]  →  rows of the result
/// </code>
/// Dense rows are a matrix product, those of a table are taken channel by channel (see <see cref="ConnectedRows{TVector, T, TLanes}"/>).
/// A job is a box by a block of rows of one group and one tile residue or phase.
/// </summary>
internal sealed unsafe class PlaneConvolution<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int BoxBytes = 256 * 1024;
    private const int FirstCacheBytes = 24 * 1024;
    private const int MostRows = 128;
    private const int LeastPositions = 512;
    private const int MostVectors = PanelKernel<TVector, T, TLanes>.MostVectors;

    private readonly int batch;
    private readonly bool transposed;
    private readonly KernelRows<T> kernelRows;
    private readonly ConnectedRows<TVector, T, TLanes>? connected;
    private readonly int packingJobs;
    private readonly Part[] parts;
    private readonly int rows;
    private readonly int channels;
    private readonly int rowBlocks;
    private readonly int rowsPerBlock;
    private readonly nint sourcePlane;
    private readonly nint resultPlane;
    private readonly nint sourceImage;
    private readonly nint resultImage;
    private readonly long planeElements;
    private readonly long tableElements;

    public PlaneConvolution(OperatorGeometry geometry, int batch, bool transposed, int wantedJobs = Shares.LeastJobs)
    {
        this.batch = batch;
        this.transposed = transposed;
        var groups = geometry.Groups;
        var perGroup = (Outputs: geometry.OutputChannels / groups, Inputs: geometry.InputChannels / groups);
        (rows, channels) = transposed ? (perGroup.Inputs, perGroup.Outputs) : (perGroup.Outputs, perGroup.Inputs);
        nint inputPlane = (nint)geometry.InputSize.Product, outputPlane = (nint)geometry.OutputSize.Product;
        (sourcePlane, resultPlane) = transposed ? (outputPlane, inputPlane) : (inputPlane, outputPlane);
        (sourceImage, resultImage) = (sourcePlane * channels * groups, resultPlane * rows * groups);
        kernelRows = new KernelRows<T>(geometry, transposed);
        rowBlocks = Up(rows, MostRows);
        var wantedBoxes = Up(wantedJobs, groups * kernelRows.Parts.Length * rowBlocks);
        var made = kernelRows.Parts.Select(taps => new Part(taps, new PlaneBox(taps, batch, channels, BoxBytes / sizeof(T), wantedBoxes, LeastPositions * Shares.LeastJobs / wantedJobs))).ToArray();
        rowBlocks = (int)Math.Clamp(Up(wantedJobs, (int)Math.Min(wantedJobs, groups * made.Sum(part => part.Box.Count))), rowBlocks, Math.Max(rowBlocks, rows / 32));
        rowsPerBlock = Up(Up(rows, rowBlocks), 8) * 8;
        rowBlocks = Up(rows, rowsPerBlock);
        parts = made;
        var jobs = 0;
        var mostRows = 0;
        foreach (var part in parts)
        {
            part.FirstJob = jobs;
            jobs = checked((int)(jobs + (groups * rowBlocks * part.Box.Count)));
            var perChannel = part.Box.RowsTouched * ((3 * TLanes.Count) + part.Box.RowSpan) * sizeof(T);
            part.ChannelBlocks = Up(channels, Math.Max(1, Math.Max(FirstCacheBytes / perChannel, 64 / Math.Max(1, part.Taps.TapCount))));
            part.Elements = [.. Enumerable.Range(0, part.Taps.TapCount)];
            planeElements = Math.Max(planeElements, part.Box.Elements + part.Slack);
            part.Rows = part.Box.Rows;
            mostRows = Math.Max(mostRows, part.Rows);
        }

        if (geometry.Table is not null) connected = new ConnectedRows<TVector, T, TLanes>(geometry, kernelRows.Parts, transposed, rowsPerBlock);
        packingJobs = connected?.Jobs ?? kernelRows.Jobs;
        tableElements = 2L * (mostRows + 8) * sizeof(nint) / sizeof(T);
        Stages = packingJobs > 0 ? [packingJobs, jobs] : [jobs];
    }

    public override string Name
    {
        get
        {
            var part = parts[0];
            return string.Create(CultureInfo.InvariantCulture, $"{(connected is null ? "matrix product" : "connected channels")} over shifted planes, {TLanes.Name} vectors, {parts.Length} {(transposed ? "phases" : "residues")} of {rows} rows × {channels} channels × {part.Taps.TapCount} taps, blocks of {rowsPerBlock} rows × {Up(channels, part.ChannelBlocks)} channels, {part.Box.Count} boxes of {part.Box.Positions} positions, {(connected is not null ? "kernel laid out by channel first" : transposed ? "kernel transposed first" : "kernel read in place")}");
        }
    }

    public override long SharedElements => connected?.PackedElements ?? kernelRows.PackedElements;

    public override long WorkerElements => SumElements + MostRows + planeElements + tableElements;

    public override IReadOnlyList<int> Stages { get; }

    public override bool PacksKernelFirst => packingJobs > 0;

    public override bool AddsBias => !transposed;

    /// <summary>What a run costs, in vectors multiplied by rows: see <see cref="PanelConvolution{TVector, T, TLanes}.Cost"/>.</summary>
    public double Cost => parts.Sum(part => part.Box.Count * (((double)part.Box.VectorsOfBox(TLanes.Count) * Up(rows, 4) * 4 * ((channels * part.Taps.TapCount) + 6)) + ((part.Taps.Axes[^1].SourceStep == 1 ? 1.0 : 2.0) * rowBlocks * part.Box.Elements) + (part.Taps.Axes[^1].ResultStep == 1 ? 0 : 8.0 * part.Box.Positions * rows))) + kernelRows.Cost(inJobs: false);

    /// <summary>Whether the planes of every box fit their cache.</summary>
    public bool Fits => planeElements * sizeof(T) <= 2 * BoxBytes;

    private static int SumElements => MostRows * 3 * TLanes.Count;

    [SkipLocalsInit]
    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (packingJobs > 0 && stage == 0)
        {
            if (connected is not null) connected.Pack(job, operands.Kernel, shared);
            else kernelRows.Pack(job, operands.Kernel, shared);
            return;
        }

        var index = parts.Length - 1;
        while (parts[index].FirstJob > job) index--;
        var part = parts[index];
        var box = Math.DivRem(job - part.FirstJob, rowBlocks, out var rowBlock);
        var group = (int)(box / part.Box.Count);
        int row = rowBlock * rowsPerBlock, rowCount = Math.Min(rowsPerBlock, rows - row);
        var bias = own + SumElements;
        var planes = bias + MostRows;
        var places = (nint*)(planes + planeElements);
        var results = places + part.Rows;

        new Span<T>(bias, MostRows).Clear();
        if (operands.Bias != null) new Span<T>(operands.Bias + ((nint)group * rows) + row, rowCount).CopyTo(new Span<T>(bias, rowCount));
        var corner = stackalloc int[part.Taps.Axes.Length + 1];
        part.Box.Locate(box % part.Box.Count, corner);
        var found = part.Box.FindRows(corner, batch, resultImage, places, results, out var length);
        var source = (transposed ? operands.Output : operands.Input) + ((nint)group * channels * sourcePlane);
        part.Box.LayOut<TVector, T, TLanes>(source, sourceImage, sourcePlane, corner, batch, planes);
        RowCopy<TVector, T, TLanes>.Clear(planes + part.Box.Elements, part.Slack);

        var left = connected is null ? kernelRows.Row(index, group, row, operands.Kernel, shared) : null;
        var result = (transposed ? operands.Input : operands.Output) + ((((nint)group * rows) + row) * resultPlane);
        var starts = stackalloc nint[MostVectors];
        var firstRows = stackalloc int[MostVectors];
        var (step, mostVectors) = (part.Taps.Axes[^1].ResultStep, connected is null ? MostVectors : ConnectedProduct<T, TVector, TLanes>.MostVectors);
        for (int next = 0, inNext = 0; next < found;)
        {
            // Each vector begins at the first position not done, and takes what it reaches of the rows that follow.
            var vectors = 0;
            for (; vectors < mostVectors && next < found; vectors++)
            {
                (firstRows[vectors], starts[vectors]) = (next, places[next] + inNext);
                var end = starts[vectors] + TLanes.Count;
                while (next < found && places[next] + length <= end) next++;
                inNext = next < found ? (int)Math.Max(0, end - places[next]) : 0;
            }

            int done = 0, pitch = vectors * TLanes.Count;
            if (connected is not null)
            {
                var seen = new PlaneVectors<T>(planes + starts[0], part.Box.ChannelElements, vectors > 1 ? starts[1] - starts[0] : 0, vectors > 2 ? starts[2] - starts[0] : 0, vectors);
                connected.Multiply(index, rowBlock, shared, seen, part.Box.TapShifts, bias, rowCount, own);
                pitch = ConnectedRows<TVector, T, TLanes>.SumPitch;
            }
            else
            {
                var whole = step == 1 ? Whole(vectors, starts, firstRows, places, results, length) : -1;
                done = Multiply(part, index, left, planes, starts, vectors, rowCount, bias, own, whole < 0 ? null : result + whole, operands.Accumulate);
            }

            for (var v = 0; v < vectors && done < rowCount; v++)
            {
                Spread(own + (v * TLanes.Count), pitch, done, rowCount, places, results, firstRows[v], found, starts[v], length, step, result, operands.Accumulate);
            }
        }
    }

    /// <summary>Where the vectors of a panel stand side by side in the result, as those of rows that are a whole number of vectors long do; below 0 where they do not.</summary>
    private static nint Whole(int vectors, nint* starts, int* firstRows, nint* places, nint* results, int length)
    {
        nint first = 0;
        for (var v = 0; v < vectors; v++)
        {
            var skipped = starts[v] - places[firstRows[v]];
            if (skipped < 0 || length - skipped < TLanes.Count) return -1;
            var at = results[firstRows[v]] + skipped;
            if (v == 0) first = at;
            else if (at != first + (v * TLanes.Count)) return -1;
        }

        return first;
    }

    /// <summary>The sums of a panel for all rows, straight into the result where its columns stand side by side there, else [row, column].</summary>
    /// <returns>The rows that are in the result.</returns>
    private int Multiply(Part part, int index, T* left, T* planes, nint* starts, int vectors, int rowCount, T* bias, T* sums, T* whole, bool accumulate)
    {
        var done = 0;
        while (whole != null && PanelKernel<TVector, T, TLanes>.HeightFor(rowCount - done) <= rowCount - done) done += PanelKernel<TVector, T, TLanes>.HeightFor(rowCount - done);
        var taps = part.Taps.TapCount;
        var product = new PanelProduct<T>
        {
            LeftStride = kernelRows.RowLength(index),
            RightSecond = vectors > 1 ? starts[1] - starts[0] : 0,
            RightThird = vectors > 2 ? starts[2] - starts[0] : 0,
            Runs = taps,
            LeftStep = taps,
            RightPitch = part.Box.ChannelElements,
        };
        fixed (nint* shifts = part.Box.TapShifts, elements = part.Elements)
        {
            product.RunOffsets = shifts;
            product.LeftOffsets = elements;
            for (var block = 0; block < part.ChannelBlocks; block++)
            {
                int channel = (int)((long)channels * block / part.ChannelBlocks), end = (int)((long)channels * (block + 1) / part.ChannelBlocks);
                product.RunLength = end - channel;
                product.Right = planes + starts[0] + (channel * part.Box.ChannelElements);
                for (int m = 0, height; m < rowCount; m += height)
                {
                    height = PanelKernel<TVector, T, TLanes>.HeightFor(rowCount - m);
                    product.Rows = Math.Min(height, rowCount - m);
                    product.Left = left + (m * product.LeftStride) + ((nint)channel * taps);
                    var isDone = m < done;
                    product.ResultStride = isDone ? resultPlane : vectors * TLanes.Count;
                    product.Result = (isDone ? whole : sums) + (m * product.ResultStride);
                    product.Add = block > 0 || (isDone && accumulate);
                    product.Bias = block == 0 ? bias + m : null;
                    PanelKernel<TVector, T, TLanes>.Multiply(product, height, vectors);
                }
            }
        }

        return done;
    }

    /// <summary>Carries those columns of a vector that are positions into the rows of the result, for result channels [firstChannel, channelEnd).</summary>
    private void Spread(T* sums, int pitch, int firstChannel, int channelEnd, nint* places, nint* results, int first, int end, nint place, int length, int step, T* result, bool accumulate)
    {
        for (var row = first; row < end && places[row] < place + TLanes.Count; row++)
        {
            var skipped = (int)Math.Max(0, place - places[row]);
            var column = (int)(places[row] + skipped - place);
            var count = Math.Min(length - skipped, TLanes.Count - column);
            var to = result + results[row] + ((nint)skipped * step) + (firstChannel * resultPlane);
            var from = sums + column + ((nint)firstChannel * pitch);
            if (step == 1 && !accumulate)
            {
                RowCopy<TVector, T, TLanes>.CopyEach(from, pitch, to, resultPlane, count, channelEnd - firstChannel);
                continue;
            }

            for (var m = firstChannel; m < channelEnd; m++, from += pitch, to += resultPlane)
            {
                if (accumulate) RowSpread<TVector, T, TLanes>.Add(from, to, step, count);
                else RowSpread<TVector, T, TLanes>.Store(from, to, step, count);
            }
        }
    }

    /// <summary>One tile residue or phase.</summary>
    private sealed class Part(TapConvolution taps, PlaneBox box)
    {
        public TapConvolution Taps { get; } = taps;

        public PlaneBox Box { get; } = box;

        /// <summary>What the last vectors may read beyond the planes, in whole vectors.</summary>
        public int Slack { get; } = (3 + Up(box.Overlap, TLanes.Count)) * TLanes.Count;

        public int FirstJob { get; set; }

        public int ChannelBlocks { get; set; } = 1;

        /// <summary>The most rows of positions in a box, counted once: counting makes objects.</summary>
        public int Rows { get; set; }

        public nint[] Elements { get; set; } = [];
    }
}
