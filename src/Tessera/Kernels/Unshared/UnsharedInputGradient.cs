using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Unshared;

/// <summary>
/// Unshared input gradient, lanes along the batch: for each position dV[patch] += K[p]ᵀ · G[p]. n batch, m output,
/// c input channel, q kernel offset, x last axis.
/// <code>
///   G [n][m][row] ──turn──▸ [m][x][n]
///                              │
///   K [p][m][c q] ────────▸ product ──▸ added to buffer [c][slot][x][n]
///                                         │ when a slot gets another row
///                          dV [n][c][row] ◂──turn
/// </code>
/// A job owns a part of dV: a block of examples, a block of input channels, a band of the outermost axis and a segment
/// of the last. It takes the taps that fall into its part, so every tap is taken by one job and none adds to another's.
/// </summary>
internal sealed unsafe class UnsharedInputGradient<T, TVector, TLanes> : Algorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TVector : struct
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly int batch;
    private readonly UnsharedBlocking blocking;
    private readonly RowWalk walk;
    private readonly ConnectedRuns runs;
    private readonly PatchBuffer<T> patches;
    private readonly int inputChannels;
    private readonly int outputChannels;
    private readonly int volume;
    private readonly long kernelStride;
    private readonly int batchBlocks;
    private readonly int segments;
    private readonly int bands;
    private readonly bool wide;

    public UnsharedInputGradient(OperatorGeometry geometry, int batch, bool wide, int cacheBytes = UnsharedBlocking.CacheBytes)
    {
        this.batch = batch;
        this.wide = wide;
        blocking = UnsharedBlocking.Choose(geometry, batch, TLanes.Count, sizeof(T), cutsInput: true, cacheBytes);
        walk = blocking.Walk;
        patches = new PatchBuffer<T>(geometry, blocking, wide);
        runs = ConnectedRuns.ByInput(geometry, blocking, blocking.OutputStride);
        inputChannels = geometry.InputChannels;
        outputChannels = geometry.OutputChannels;
        volume = (int)geometry.KernelSize.Product;
        kernelStride = (long)geometry.PairCount * volume;
        batchBlocks = (batch + blocking.Examples - 1) / blocking.Examples;
        segments = (walk.Last.Input + blocking.Segment - 1) / blocking.Segment;
        (bands, _) = walk.InputBands(batchBlocks * runs.Jobs * segments);
        Stages = [batchBlocks * runs.Jobs * bands * segments];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"unshared, a transposed product for each position; {TLanes.Name} lanes along {blocking.Examples} examples, {blocking.Segment} inputs of a row, {blocking.Inputs} inputs × {blocking.Outputs} outputs");

    public override IReadOnlyList<int> Stages { get; }

    public override long WorkerElements => patches.Elements + blocking.OutputElements + (2L * runs.LongestRun * volume);

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var segment = job % segments;
        job /= segments;
        var band = job % bands;
        job /= bands;
        var firstExample = job / runs.Jobs * blocking.Examples;
        job %= runs.Jobs;
        var examples = Math.Min(blocking.Examples, batch - firstExample);
        var firstInput = segment * blocking.Segment;
        var part = new Part(
            job, firstExample, examples, (firstInput, Math.Min(walk.Last.Input, firstInput + blocking.Segment)), Shares.Of(walk.BandRows, bands, band));
        if (!operands.Accumulate) Clear(operands.Input, part);
        var gradients = own + patches.Elements;
        var patch = patches.Begin(own, part.Inputs, examples);
        var readers = walk.Readers(part.Band.First, part.Band.End);
        for (var row = readers.First; row < readers.End; row++)
        {
            patches.ListRows(ref patch, row, part.Band.First, part.Band.End);
            if (patch.Rows == 0) continue;
            Hold(operands.Input, ref patch, part);
            if (blocking.IsFar) patches.ListLeaving(ref patch, Math.Min(row + 1, readers.End - 1), part.Band.First, part.Band.End);
            for (var window = 0; window < runs.Windows; window++)
            {
                var outputs = runs.Window(job, window);
                if (outputs.End == 0) continue;
                Turn(operands.Output, part, row, outputs, gradients);
                patch.TapEnd = -1;
                Products(operands, ref patch, part, row, window, outputs, gradients);
            }
        }

        for (var slot = 0; slot < walk.Slots; slot++) Flush(operands.Input, ref patch, part, slot);
    }

    private void Products(in Operands<T> operands, ref Patch<T> patch, in Part part, int row, int window, (int First, int End) shown, T* gradients)
    {
        var rows = (int*)(gradients + blocking.OutputElements);
        var sums = rows + ((long)runs.LongestRun * volume);
        var nothing = 0;
        var outer = new Terms(&nothing, &nothing, 1);
        var ofJob = runs.OfJob(part.Job);
        var vectors = blocking.Examples / TLanes.Count;
        var tile = walk.FirstTile(row);
        var readers = walk.LastReaders(part.Inputs.First, part.Inputs.End);
        var shift = (long)(shown.First - runs.WindowStart(window)) * blocking.OutputStride;
        var plane = (long)walk.OutputRows * walk.Last.Output;
        var coming = operands.Output + (part.FirstExample * outputChannels * plane) + ((row + 1L) * walk.Last.Output) + readers.First;
        var positions = readers.End - readers.First;
        for (var p = readers.First; p < readers.End; p++)
        {
            if (blocking.IsFar && window == 0) patches.FetchMoving(ref patch, operands.Input, part.FirstExample, part.Examples, Channels(part.Job), p - readers.First, positions);
            if (blocking.IsFar && row + 1 < walk.OutputRows) Prefetch.Share(coming, plane, outputChannels * plane, shown, part.Examples, positions, p - readers.First, positions);
            int tapFirst = patch.TapFirst, tapEnd = patch.TapEnd;
            var into = patches.TapsAt(ref patch, p);
            if (patch.TapFirst != tapFirst || patch.TapEnd != tapEnd) ListPatch(patch.Taps, rows, sums);
            var weights = operands.Kernel + ((tile + p) * kernelStride);
            var lanes = gradients + ((long)(p - readers.First) * blocking.Examples) - shift;
            for (var r = 0; r < ofJob.Length; r++)
            {
                var outputs = runs.List(part.Job, r, window);
                if (outputs.Count == 0) continue;
                var to = into + ((long)(ofJob[r].First - ofJob[0].First) * patches.ChannelStride);
                var length = ofJob[r].Count * patch.Taps.Count;
                var ahead = weights + kernelStride + outputs.Scalar[0];
                for (var i = 0; i < length; i += BroadcastProduct<T, TVector, TLanes>.TileRows)
                {
                    var height = Math.Min(BroadcastProduct<T, TVector, TLanes>.TileRows, length - i);
                    Prefetch.Elements(ahead + ((long)i * outputs.Count), (long)height * outputs.Count);
                    BroadcastProduct<T, TVector, TLanes>.Run(weights, rows + i, height, lanes, outer, outputs, to, sums + i, vectors, true);
                }
            }
        }
    }

    /// <summary>The taps of all channels of a run: where their weights stand and where their sums go.</summary>
    private void ListPatch(in Terms taps, int* rows, int* sums)
    {
        var at = 0;
        for (var c = 0; c < runs.LongestRun; c++)
        {
            for (var i = 0; i < taps.Count; i++, at++)
            {
                rows[at] = (c * volume) + taps.Scalar[i];
                sums[at] = (c * patches.ChannelStride) + taps.Lane[i];
            }
        }
    }

    private void Turn(T* gradient, in Part part, int row, (int First, int End) outputs, T* to)
    {
        var plane = (long)walk.OutputRows * walk.Last.Output;
        var positions = walk.LastReaders(part.Inputs.First, part.Inputs.End);
        for (var m = outputs.First; m < outputs.End; m++)
        {
            var from = gradient + ((((long)part.FirstExample * outputChannels) + m) * plane) + ((long)row * walk.Last.Output) + positions.First;
            var into = to + ((long)(m - outputs.First) * blocking.OutputStride);
            Transposition.Run(from, outputChannels * plane, part.Examples, positions.End - positions.First, into, blocking.Examples, false, wide);
        }
    }

    /// <summary>Makes room for the rows that an output row meets: rows that stood in their slots go out, zeros come in.</summary>
    private void Hold(T* inputGradient, ref Patch<T> patch, in Part part)
    {
        var (first, end) = Channels(part.Job);
        for (var i = 0; i < patch.Rows; i++)
        {
            var slot = patch.Slot[i];
            if (patch.HeldRow[slot] == patch.InputRow[i]) continue;
            Flush(inputGradient, ref patch, part, slot);
            patch.HeldRow[slot] = patch.InputRow[i];
            for (var c = first; c < end; c++) new Span<T>(patches.Row(ref patch, c - first, slot), patches.RowStride).Clear();
        }
    }

    private void Flush(T* inputGradient, ref Patch<T> patch, in Part part, int slot)
    {
        if (patch.HeldRow[slot] < 0) return;
        var (first, end) = Channels(part.Job);
        var plane = (long)walk.InputRows * walk.Last.Input;
        for (var c = first; c < end; c++)
        {
            var to = inputGradient + ((((long)part.FirstExample * inputChannels) + c) * plane) + ((long)patch.HeldRow[slot] * walk.Last.Input) + part.Inputs.First;
            Transposition.Run(patches.Row(ref patch, c - first, slot), blocking.Examples, part.Inputs.End - part.Inputs.First, part.Examples, to, inputChannels * plane, true, wide);
        }
    }

    private void Clear(T* inputGradient, in Part part)
    {
        var (first, end) = Channels(part.Job);
        var inner = walk.InputRows / walk.BandRows;
        for (var n = part.FirstExample; n < part.FirstExample + part.Examples; n++)
        {
            for (var c = first; c < end; c++)
            {
                var plane = inputGradient + ((((long)n * inputChannels) + c) * walk.InputRows * walk.Last.Input);
                for (var row = part.Band.First * inner; row < part.Band.End * inner; row++)
                {
                    new Span<T>(plane + ((long)row * walk.Last.Input) + part.Inputs.First, part.Inputs.End - part.Inputs.First).Clear();
                }
            }
        }
    }

    private (int First, int End) Channels(int job)
    {
        var ofJob = runs.OfJob(job);
        return (ofJob[0].First, ofJob[^1].First + ofJob[^1].Count);
    }

    /// <summary>The part of dV that a job owns.</summary>
    private readonly record struct Part(int Job, int FirstExample, int Examples, (int First, int End) Inputs, (int First, int End) Band);
}
