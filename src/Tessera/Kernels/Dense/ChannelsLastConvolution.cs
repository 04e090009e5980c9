using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Forward and input gradient of shared and tiled operators with dense or grouped channels, lanes along the result's channels:
/// strides and tiles cost nothing then, since a row of the product is a position wherever it stands.
/// <code>
///                              k = (tap, c)  [ kernel panel, packed once: 1 to 3 vectors of result channels ]
///                                ↓
///     8 positions of a part   [ runs of the box, channels last ]   [ sums in registers ]  →  [position][m], turned back
/// </code>
/// A job is a box of result positions of all residues or phases by some panels (see <see cref="ChannelsLastBox"/>): the source is
/// laid out once for all of them.
/// </summary>
internal sealed unsafe class ChannelsLastConvolution<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int BoxBytes = 192 * 1024;
    private const int KernelBlockBytes = 320 * 1024;
    private const int MostResults = 512;
    private const int MostWorkerBytes = 4 << 20;

    private readonly int batch;
    private readonly bool transposed;
    private readonly TapConvolution[] parts;
    private readonly ChannelsLastBox box;
    private readonly ChannelsLastKernel<TVector, T, TLanes> kernel;
    private readonly nint[][] runs;
    private readonly int[] runLengths;
    private readonly int groups;
    private readonly int rows;
    private readonly int channels;
    private readonly nint sourcePlane;
    private readonly nint resultPlane;
    private readonly int panelBlocks;
    private readonly long layoutElements;
    private readonly long resultElements;
    private readonly long sumElements;
    private readonly long tableElements;

    public ChannelsLastConvolution(OperatorGeometry geometry, int batch, bool transposed, int wantedJobs = Shares.LeastJobs)
    {
        (this.batch, this.transposed) = (batch, transposed);
        groups = geometry.Groups;
        var (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        (rows, channels) = transposed ? (inputs, outputs) : (outputs, inputs);
        nint inputPlane = (nint)geometry.InputSize.Product, outputPlane = (nint)geometry.OutputSize.Product;
        (sourcePlane, resultPlane) = transposed ? (outputPlane, inputPlane) : (inputPlane, outputPlane);
        parts = TapConvolution.Written(geometry, transposed);
        kernel = new ChannelsLastKernel<TVector, T, TLanes>(geometry, parts, transposed, wantedJobs);

        // Places whose distance is a multiple of half a page would fall on one another in the cache.
        var pitch = channels * sizeof(T) % 2048 == 0 ? channels + TLanes.Count : channels;
        var panelsApart = Math.Min(kernel.Panels, wantedJobs);
        box = new ChannelsLastBox(parts, batch, pitch, BoxBytes / sizeof(T), MostResults, Up(wantedJobs, groups * panelsApart));
        panelBlocks = (int)Math.Clamp(Up(wantedJobs, groups * box.Count), 1, kernel.Panels);
        runs = new nint[parts.Length][];
        runLengths = new int[parts.Length];
        for (var part = 0; part < parts.Length; part++) FindRuns(part);
        layoutElements = Line(box.Elements);
        resultElements = Line((long)box.ResultRows * box.ResultColumns * kernel.MostWidth);
        sumElements = Line((box.MostPositions + 8L) * kernel.MostWidth);
        tableElements = ((box.MostPositions * (long)(sizeof(nint) + sizeof(int))) / sizeof(T)) + 16;
        Stages = [kernel.Jobs, checked((int)(groups * box.Count * panelBlocks))];
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"matrix product over positions, channels last, {TLanes.Name} vectors, {parts.Length} {(transposed ? "phases" : "residues")} of {rows} rows × {channels} channels × {parts[0].TapCount} taps, {box.Count} boxes of {box.ResultRows} × {box.ResultColumns} results by {panelBlocks} blocks of {kernel.Panels} panels, runs of {runLengths[0]}, kernel packed first");

    public override long SharedElements => kernel.Elements;

    public override long WorkerElements => Math.Max(kernel.ScratchElements, layoutElements + resultElements + sumElements + tableElements);

    public override IReadOnlyList<int> Stages { get; }

    public override bool PacksKernelFirst => true;

    public override bool AddsBias => !transposed;

    /// <summary>Whether a worker's memory and the layout of a box stay within their bounds.</summary>
    public bool Fits => WorkerElements * sizeof(T) <= MostWorkerBytes && box.Elements * sizeof(T) <= 4 * BoxBytes;

    /// <summary>
    /// What a group of a run costs, in vectors multiplied by rows: see <see cref="PanelConvolution{TVector, T, TLanes}.Cost"/>. Aligned panels go
    /// through about an eighth faster than that algorithm's; turning a number costs two, and ten where it goes alone.
    /// </summary>
    public double Cost
    {
        get
        {
            // Fewer than eight sums are not enough for two multiply-adds a cycle.
            double wide = Up(rows, TLanes.Count) * (PanelKernel<TVector, T, TLanes>.Height == 4 && rows <= TLanes.Count ? 1.8 : 1), cost = 2.2 * kernel.Elements / groups;
            foreach (var part in parts) cost += 0.87 * (((double)part.Positions * batch) + (2.0 * box.Count)) * wide * ((channels * part.TapCount) + 8);
            double turning = (double)box.Elements * panelBlocks * (channels < 8 ? 20 : 1.8), turningBack = 1.8 * box.ResultRows * box.ResultColumns * rows;
            return cost + (box.Count * (turning + turningBack));
        }
    }

    [SkipLocalsInit]
    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (stage == 0)
        {
            kernel.Pack(job, operands.Kernel, shared, own);
            return;
        }

        job = Math.DivRem(job, panelBlocks, out var panelBlock);
        var group = (int)Math.DivRem(job, box.Count, out var index);
        var corner = stackalloc int[parts[0].Axes.Length + 1];
        box.Locate(index, corner);
        var results = own + layoutElements;
        var sums = results + resultElements;
        var places = (nint*)(sums + sumElements);
        var targets = (int*)(places + box.MostPositions);
        var source = (transposed ? operands.Output : operands.Input) + ((nint)group * channels * sourcePlane);
        box.LayOut(source, sourcePlane * channels * groups, sourcePlane, channels, corner, own, TLanes.Count * sizeof(T) > 16);
        for (var (panel, end) = Shares.Of(kernel.Panels, panelBlocks, panelBlock); panel < end; panel++)
        {
            var (first, count, width) = kernel.Panel(panel);
            var row = ((nint)group * rows) + first;
            for (var part = 0; part < parts.Length; part++)
            {
                var found = box.Find(part, corner, places, targets);
                Multiply(part, own, kernel.At(shared, part, group, panel), width, places, found, sums);
                Spread(sums, targets, found, width, operands.Bias == null ? null : operands.Bias + row, count, results);
            }

            TurnBack(results, width, count, corner, (transposed ? operands.Input : operands.Output) + (row * resultPlane), operands.Accumulate);
        }
    }

    /// <summary>The sums of a part's positions, [position][lanes]; a block of the kernel stays in L1 while all positions are multiplied with it.</summary>
    private void Multiply(int part, T* layout, T* panel, int width, nint* places, int found, T* sums)
    {
        var length = runLengths[part];
        var product = new PanelProduct<T> { Right = panel, RightPitch = width, RightSecond = TLanes.Count, RightThird = 2 * TLanes.Count, RunLength = length, ResultStride = width, Left = layout };
        fixed (nint* offsets = runs[part])
        {
            var atOnce = Math.Max(1, Up(runs[part].Length, Math.Max(1, Up(runs[part].Length * length * width * sizeof(T), KernelBlockBytes))));
            for (var run = 0; run == 0 || run < runs[part].Length; run += atOnce)
            {
                product.Runs = Math.Min(atOnce, runs[part].Length - run);
                product.LeftOffsets = offsets + run;
                product.Add = run > 0;
                for (int position = 0, height; position < found; position += height)
                {
                    height = PanelKernel<TVector, T, TLanes>.HeightFor(found - position);
                    product.Rows = Math.Min(height, found - position);
                    product.LeftRows = places + position;
                    product.Result = sums + ((nint)position * width);
                    PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
                }

                product.Right += (nint)atOnce * length * width;
            }
        }
    }

    /// <summary>Carries a part's sums to their places among the box's results, with the bias.</summary>
    private static void Spread(T* sums, int* targets, int found, int width, T* bias, int count, T* results)
    {
        var own = stackalloc T[width];
        for (var lane = 0; lane < width; lane++) own[lane] = bias != null && lane < count ? bias[lane] : T.Zero;
        for (var position = 0; position < found; position++, sums += width)
        {
            var to = results + ((nint)targets[position] * width);
            for (var lane = 0; lane < width; lane += TLanes.Count) TLanes.Store(TLanes.Add(TLanes.Load(sums + lane), TLanes.Load(own + lane)), to + lane);
        }
    }

    private void TurnBack(T* results, int width, int count, int* corner, T* to, bool accumulate)
    {
        for (var row = 0; row < box.ResultRows; row++)
        {
            var length = box.ResultRow(row, corner, resultPlane * rows * groups, out var place);
            if (length > 0) Transposition.Run(results + ((nint)row * box.ResultColumns * width), width, length, count, to + place, resultPlane, accumulate, TLanes.Count * sizeof(T) > 16);
        }
    }

    /// <summary>The runs of k: rows of taps where they are neighbours and channels have no gaps, else taps.</summary>
    private void FindRuns(int part)
    {
        var (taps, order, rank) = (parts[part], kernel.Orders[part], parts[part].Axes.Length);
        var shifts = order.Select(tap => box.Shift(taps.Offsets.AsSpan(tap * rank, rank))).ToArray();
        var alongRow = taps.Axes[^1].Taps.Length;
        var joined = alongRow > 1 && box.Pitch == channels && shifts.Index().All(tap => tap.Index % alongRow == 0 || tap.Item == shifts[tap.Index - 1] + channels);
        var perRun = joined ? alongRow : 1;
        runs[part] = [.. shifts.Where((_, tap) => tap % perRun == 0)];
        runLengths[part] = perRun * channels;
    }

    private static long Line(long elements) => (elements + 15) / 16 * 16;
}
