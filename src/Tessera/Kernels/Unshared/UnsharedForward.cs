using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Unshared;

/// <summary>
/// Unshared forward, lanes along the batch: one small matrix product for each output position, whose kernel is read
/// in place, once for every block of examples. n batch, m output, c input channel, q kernel offset, x last axis.
/// <code>
///   V [n][c][rows][x] ──turn──▸ buffer [c][slot][x][n]       rows stay in their slots for the next output row
///                                        │ q of position p: rows that stand contiguous in n
///   K [p][m][c q] ──────────▸ product ◂──┘
///                                │
///   Z [n][m][row] ◂──turn── gather [m][x][n]                 one segment of one output row
/// </code>
/// A job is a block of examples, a block of outputs, a band of output rows and a segment of the last axis.
/// </summary>
internal sealed unsafe class UnsharedForward<T, TVector, TLanes> : Algorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TVector : struct
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly int batch;
    private readonly UnsharedBlocking blocking;
    private readonly RowWalk walk;
    private readonly ConnectedRuns runs;
    private readonly PatchBuffer<T> patches;
    private readonly int outputChannels;
    private readonly long kernelStride;
    private readonly int batchBlocks;
    private readonly int segments;
    private readonly int bands;
    private readonly bool wide;

    public UnsharedForward(OperatorGeometry geometry, int batch, bool wide, int cacheBytes = UnsharedBlocking.CacheBytes)
    {
        this.batch = batch;
        this.wide = wide;
        blocking = UnsharedBlocking.Choose(geometry, batch, TLanes.Count, sizeof(T), cutsInput: false, cacheBytes);
        walk = blocking.Walk;
        patches = new PatchBuffer<T>(geometry, blocking, wide);
        runs = ConnectedRuns.ByOutput(geometry, blocking, patches.ChannelStride);
        outputChannels = geometry.OutputChannels;
        kernelStride = geometry.PairCount * geometry.KernelSize.Product;
        batchBlocks = (batch + blocking.Examples - 1) / blocking.Examples;
        segments = (walk.Last.Output + blocking.Segment - 1) / blocking.Segment;
        (bands, _) = walk.OutputBands(batchBlocks * runs.Jobs * segments);
        Stages = [batchBlocks * runs.Jobs * bands * segments];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"unshared, a product for each position; {TLanes.Name} lanes along {blocking.Examples} examples, {blocking.Segment} positions, {blocking.Outputs} outputs × {blocking.Inputs} inputs");

    public override IReadOnlyList<int> Stages { get; }

    public override long WorkerElements => patches.Elements + blocking.OutputElements;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var segment = job % segments;
        job /= segments;
        var band = job % bands;
        job /= bands;
        var firstExample = job / runs.Jobs * blocking.Examples;
        job %= runs.Jobs;
        var examples = Math.Min(blocking.Examples, batch - firstExample);
        var first = segment * blocking.Segment;
        var end = Math.Min(walk.Last.Output, first + blocking.Segment);
        var (firstRow, lastRow) = Shares.Of(walk.OutputRows, bands, band);
        var gathered = own + patches.Elements;
        var patch = patches.Begin(own, walk.LastReads(first, end), examples);
        for (var row = firstRow; row < lastRow; row++)
        {
            for (var window = 0; window < runs.Windows; window++)
            {
                patches.Fill(ref patch, operands.Input, firstExample, examples, row, runs.Window(job, window), runs.WindowStart(window));
                if (blocking.IsFar) patches.ListComing(ref patch, row + 1, begins: row + 1 == lastRow);
                Products(operands, ref patch, row, job, window, firstExample, examples, first, end, gathered);
            }

            Spread(operands, row, job, firstExample, examples, first, end, gathered);
        }
    }

    private void Products(in Operands<T> operands, ref Patch<T> patch, int row, int job, int window, int firstExample, int examples, int first, int end, T* gathered)
    {
        var rows = stackalloc int[BroadcastProduct<T, TVector, TLanes>.TileRows];
        var sums = stackalloc int[BroadcastProduct<T, TVector, TLanes>.TileRows];
        var ofJob = runs.OfJob(job);
        var base0 = ofJob[0].First;
        var perChannel = blocking.OutputStride;
        var vectors = blocking.Examples / TLanes.Count;
        var rowsAtOnce = vectors > 1 ? BroadcastProduct<T, TVector, TLanes>.TileRows : BroadcastProduct<T, TVector, TLanes>.TileRows / 2;
        var tile = walk.FirstTile(row);
        var channels = (base0, ofJob[^1].First + ofJob[^1].Count);
        var plane = (long)walk.OutputRows * walk.Last.Output;
        var results = operands.Output + (firstExample * outputChannels * plane) + ((long)row * walk.Last.Output) + first;
        for (var p = first; p < end; p++)
        {
            if (blocking.IsFar)
            {
                patches.FetchMoving(ref patch, operands.Input, firstExample, examples, runs.Window(job, window), p - first, end - first);
                if (window == runs.Windows - 1) Prefetch.Share(results, plane, outputChannels * plane, channels, examples, end - first, p - first, end - first);
            }

            var lanes = patches.TapsAt(ref patch, p);
            var taps = patch.Taps;
            var weights = operands.Kernel + ((tile + p) * kernelStride);
            for (var r = 0; r < ofJob.Length; r++)
            {
                var run = ofJob[r];
                var list = runs.List(job, r, window);
                if (window > 0 && list.Count == 0) continue;
                for (var i = 0; i < Math.Min(rowsAtOnce, run.Count); i++)
                {
                    rows[i] = i * run.RowStride;
                    sums[i] = i * perChannel;
                }

                var to = gathered + ((long)(run.First - base0) * perChannel) + ((p - first) * blocking.Examples);

                // The longer of the two lists goes inside. While a product is at work, its weights for the next position are fetched; a small one has no time to do it bit by bit.
                var (outside, inside) = taps.Count == 1 ? (taps, list) : (list, taps);
                for (var i = 0; i < run.Count; i += rowsAtOnce)
                {
                    var height = Math.Min(rowsAtOnce, run.Count - i);
                    var k = weights + run.Weights + ((long)i * run.RowStride);
                    var burst = vectors == 1 || height < 6;
                    if (burst) Prefetch.Elements(k + kernelStride, (long)height * run.RowStride);
                    BroadcastProduct<T, TVector, TLanes>.Run(k, rows, height, lanes, outside, inside, to + ((long)i * perChannel), sums, vectors, window > 0, burst ? null : k + kernelStride);
                }
            }
        }
    }

    private void Spread(in Operands<T> operands, int row, int job, int firstExample, int examples, int first, int end, T* gathered)
    {
        var ofJob = runs.OfJob(job);
        var base0 = ofJob[0].First;
        var count = ofJob[^1].First + ofJob[^1].Count - base0;
        var perChannel = blocking.OutputStride;
        var plane = (long)walk.OutputRows * walk.Last.Output;
        for (var m = 0; m < count; m++)
        {
            var to = operands.Output + ((((long)firstExample * outputChannels) + base0 + m) * plane) + ((long)row * walk.Last.Output) + first;
            Transposition.Run(gathered + ((long)m * perChannel), blocking.Examples, end - first, examples, to, outputChannels * plane, operands.Accumulate, wide);
        }
    }
}
