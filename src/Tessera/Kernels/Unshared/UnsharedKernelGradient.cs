using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Unshared;

/// <summary>
/// Unshared kernel gradient, lanes along the patch: for each position dK[p] = G[p]ᵀ · patch[p], summed over the batch
/// and written once. n batch, m output, c input channel, q kernel offset.
/// <code>
///   V ──turn──▸ buffer [c][slot][x][n] ──turn──▸ panel [n][some vectors of c q]   stays in the first-level cache
///                                                    │
///   G ──turn──▸ [x][n][m], one number broadcast ─▸ product ──▸ dK [p][m][c q]
/// </code>
/// A job is a block of input channels, a band of output rows and a segment of the last axis; it takes the blocks of
/// examples one after the other.
/// </summary>
internal sealed unsafe class UnsharedKernelGradient<T, TVector, TLanes> : Algorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TVector : struct
    where TLanes : struct, ILanes<TVector, T>
{
    private const int ManyExamples = 32;

    private readonly int batch;
    private readonly UnsharedBlocking blocking;
    private readonly RowWalk walk;
    private readonly ConnectedRuns runs;
    private readonly PatchBuffer<T> patches;
    private readonly int[] exampleScalars;
    private readonly int[] exampleLanes;
    private readonly int outputChannels;
    private readonly int volume;
    private readonly long kernelStride;
    private readonly long kernelElements;
    private readonly bool hasUnusedTiles;
    private readonly int segments;
    private readonly int bands;
    private readonly bool wide;

    public UnsharedKernelGradient(OperatorGeometry geometry, int batch, bool wide, int cacheBytes = UnsharedBlocking.CacheBytes)
    {
        this.batch = batch;
        this.wide = wide;
        blocking = UnsharedBlocking.Choose(geometry, batch, TLanes.Count, sizeof(T), cutsInput: false, cacheBytes);
        walk = blocking.Walk;
        patches = new PatchBuffer<T>(geometry, blocking, wide);
        runs = ConnectedRuns.ByInput(geometry, blocking, 1);
        outputChannels = geometry.OutputChannels;
        volume = (int)geometry.KernelSize.Product;
        kernelStride = (long)geometry.PairCount * volume;
        kernelElements = geometry.KernelShape.Product;
        hasUnusedTiles = geometry.Tile.Product > geometry.OutputSize.Product;
        segments = (walk.Last.Output + blocking.Segment - 1) / blocking.Segment;
        (bands, _) = walk.OutputBands(runs.Jobs * segments);
        exampleScalars = GC.AllocateUninitializedArray<int>(blocking.Examples + 1, pinned: true);
        exampleLanes = GC.AllocateUninitializedArray<int>(blocking.Examples + 1, pinned: true);
        for (var n = 0; n <= blocking.Examples; n++)
        {
            exampleScalars[n] = n * blocking.Outputs;
            exampleLanes[n] = n * PanelWidth;
        }

        var jobs = runs.Jobs * bands * segments;
        Stages = hasUnusedTiles ? [1, jobs] : [jobs];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"unshared, an outer product for each position; {TLanes.Name} lanes along the patch, {blocking.Examples} examples, {blocking.Segment} positions, {blocking.Inputs} inputs × {blocking.Outputs} outputs");

    public override IReadOnlyList<int> Stages { get; }

    public override long WorkerElements => patches.Elements + blocking.OutputElements + PanelElements + ZeroElements + TailElements + ListElements;

    private static int PanelWidth => (TLanes.HasManyRegisters ? 4 : 2) * TLanes.Count;

    private long PanelElements => (long)blocking.Examples * PanelWidth;

    private long ZeroElements => (blocking.Examples + 15) / 16 * 16;

    private long TailElements => (long)blocking.Outputs * TLanes.Count;

    private long ListElements => (long)runs.LongestRun * volume;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (hasUnusedTiles && stage == 0)
        {
            if (!operands.Accumulate) ClearUnused(operands.Kernel);
            return;
        }

        var segment = job % segments;
        job /= segments;
        var band = job % bands;
        job /= bands;
        var first = segment * blocking.Segment;
        var end = Math.Min(walk.Last.Output, first + blocking.Segment);
        var (firstRow, lastRow) = Shares.Of(walk.OutputRows, bands, band);
        var ofJob = runs.OfJob(job);
        var channels = (ofJob[0].First, ofJob[^1].First + ofJob[^1].Count);
        var gradients = own + patches.Elements;
        for (var firstExample = 0; firstExample < batch; firstExample += blocking.Examples)
        {
            var examples = Math.Min(blocking.Examples, batch - firstExample);
            var patch = patches.Begin(own, walk.LastReads(first, end), examples);
            for (var row = firstRow; row < lastRow; row++)
            {
                patches.Fill(ref patch, operands.Input, firstExample, examples, row, channels, channels.First);
                if (blocking.IsFar) patches.ListComing(ref patch, row + 1, begins: row + 1 == lastRow);
                for (var window = 0; window < runs.Windows; window++)
                {
                    var outputs = runs.Window(job, window);
                    Turn(operands.Output, firstExample, examples, row, first, end, outputs, gradients);
                    patch.TapEnd = -1;
                    Products(operands, ref patch, row, channels, job, window, first, end, firstExample, examples, outputs, gradients, operands.Accumulate || firstExample > 0);
                }
            }
        }
    }

    private void Turn(T* gradient, int firstExample, int examples, int row, int first, int end, (int First, int End) outputs, T* to)
    {
        var plane = (long)walk.OutputRows * walk.Last.Output;
        for (var n = 0; n < examples; n++)
        {
            var from = gradient + ((((long)(firstExample + n) * outputChannels) + outputs.First) * plane) + ((long)row * walk.Last.Output) + first;
            Transposition.Run(from, plane, outputs.End - outputs.First, end - first, to + ((long)n * blocking.Outputs), blocking.PositionStride, false, wide);
        }
    }

    private void Products(in Operands<T> operands, ref Patch<T> patch, int row, (int First, int End) channels, int job, int window, int first, int end, int firstExample, int examples, (int First, int End) shown, T* gradients, bool add)
    {
        var panel = gradients + blocking.OutputElements;
        var zeros = panel + PanelElements;
        var tails = zeros + ZeroElements;
        var list = (int*)(tails + TailElements);
        new Span<T>(zeros, blocking.Examples).Clear();
        var tailRows = stackalloc int[blocking.Outputs];
        for (var i = 0; i < blocking.Outputs; i++) tailRows[i] = i * TLanes.Count;
        int nothing = 0, full = TLanes.Count;
        var outer = new Terms(&nothing, &nothing, 1);
        Terms inner;
        fixed (int* s = exampleScalars, l = exampleLanes) inner = new Terms(s, l, examples);
        var ofJob = runs.OfJob(job);
        var tile = walk.FirstTile(row);
        var plane = (long)walk.OutputRows * walk.Last.Output;
        var coming = operands.Output + (firstExample * outputChannels * plane) + ((row + 1L) * walk.Last.Output) + first;
        for (var p = first; p < end; p++)
        {
            if (blocking.IsFar && window == 0) patches.FetchMoving(ref patch, operands.Input, firstExample, examples, channels, p - first, end - first);
            if (blocking.IsFar && row + 1 < walk.OutputRows) Prefetch.Share(coming, plane, outputChannels * plane, shown, examples, end - first, p - first, end - first);
            int tapFirst = patch.TapFirst, tapEnd = patch.TapEnd;
            var lanes = patches.TapsAt(ref patch, p);
            if (patch.TapFirst != tapFirst || patch.TapEnd != tapEnd) ListPatch(patch.Taps, list);
            var into = operands.Kernel + ((tile + p) * kernelStride);
            var number = gradients + ((long)(p - first) * blocking.PositionStride) - (shown.First - runs.WindowStart(window));
            for (var r = 0; r < ofJob.Length; r++)
            {
                var outputs = runs.List(job, r, window);
                if (outputs.Count == 0) continue;
                var from = lanes + ((long)(ofJob[r].First - ofJob[0].First) * patches.ChannelStride);
                var length = ofJob[r].Count * volume;
                for (var at = 0; at < length; at += PanelWidth)
                {
                    var width = Math.Min(PanelWidth, length - at);
                    var ahead = into + kernelStride + outputs.Scalar[0] + ((long)at * outputs.Count);
                    Transposition.Gather(from, list + at, width, examples, panel, PanelWidth, zeros, wide);
                    var vectors = width / full;
                    var rowsAtOnce = examples < ManyExamples ? outputs.Count : BroadcastProduct<T, TVector, TLanes>.TileRows;
                    for (var m = 0; m < outputs.Count; m += rowsAtOnce)
                    {
                        var height = Math.Min(rowsAtOnce, outputs.Count - m);
                        Prefetch.Elements(ahead + ((long)m * width), (long)height * width);
                        if (vectors > 0) BroadcastProduct<T, TVector, TLanes>.Run(number, outputs.Lane + m, height, panel, outer, inner, into + at, outputs.Scalar + m, vectors, add);
                    }

                    var rest = width - (vectors * full);
                    if (rest == 0) continue;
                    BroadcastProduct<T, TVector, TLanes>.Run(number, outputs.Lane, outputs.Count, panel + (vectors * full), outer, inner, tails, tailRows, 1, false);
                    for (var i = 0; i < outputs.Count; i++) Put(tails + (i * full), rest, into + at + (vectors * full) + outputs.Scalar[i], add);
                }
            }
        }
    }

    /// <summary>The patch of one run as a list of rows in the buffer; what lies in the padding is a row of zeros.</summary>
    private void ListPatch(in Terms taps, int* list)
    {
        new Span<int>(list, volume).Fill(Transposition.ZeroRow);
        for (var i = 0; i < taps.Count; i++) list[taps.Scalar[i]] = taps.Lane[i];
        for (var i = volume; i < runs.LongestRun * volume; i++)
        {
            var before = list[i - volume];
            list[i] = before == Transposition.ZeroRow ? before : before + patches.ChannelStride;
        }
    }

    private static void Put(T* from, int count, T* to, bool add)
    {
        for (var i = 0; i < count; i++) to[i] = add ? to[i] + from[i] : from[i];
    }

    private void ClearUnused(T* kernelGradient)
    {
        const int Part = 1 << 28;
        for (long at = 0; at < kernelElements; at += Part) new Span<T>(kernelGradient + at, (int)Math.Min(Part, kernelElements - at)).Clear();
    }
}
