using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Forward and input gradient of kernels of one element without stride or padding, where a result has few channels: nothing of the source is copied.
/// <code>
///                          k = source channel  [ kernel turned once: 1 to 3 vectors of result channels ]
///                            ↓
///     8 neighbouring positions [ source, read where it lies: k is a plane on ]   [ sums in registers ]  →  [position][m], turned back
/// </code>
/// A job is a block of positions of one example.
/// </summary>
internal sealed unsafe class PointwiseConvolution<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int SumBytes = 16 * 1024;
    private const int KernelBytes = 32 * 1024;
    private const int LeastPositions = 32;
    private const int MostPositions = 64;
    private const int VectorsToFetch = 6;
    private const int PageBytes = 4096;
    private const int LinesOfSet = 16;

    private readonly int batch;
    private readonly bool transposed;
    private readonly int groups;
    private readonly int rows;
    private readonly int channels;
    private readonly nint plane;
    private readonly int vectors;
    private readonly int panels;
    private readonly int channelsAtOnce;
    private readonly int positionsAtOnce;
    private readonly int blocks;
    private readonly TurnedKernel kernels;

    public PointwiseConvolution(OperatorGeometry geometry, int batch, bool transposed, int wantedJobs = LeastJobs)
    {
        (this.batch, this.transposed) = (batch, transposed);
        groups = geometry.Groups;
        var (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        (rows, channels) = transposed ? (inputs, outputs) : (outputs, inputs);
        plane = (nint)geometry.InputSize.Product;
        kernels = new TurnedKernel(geometry, transposed);
        vectors = Up(rows, TLanes.Count);
        panels = Up(vectors, PanelKernel<TVector, T, TLanes>.MostVectors);
        channelsAtOnce = Up(channels, Up(channels, KernelBytes / (Up(vectors, panels) * TLanes.Count * sizeof(T))));
        positionsAtOnce = Math.Clamp(SumBytes / (Width * sizeof(T)) / PanelKernel<TVector, T, TLanes>.MostHeight * PanelKernel<TVector, T, TLanes>.MostHeight, LeastPositions, MostPositions);
        blocks = (int)Math.Clamp(Up(wantedJobs, groups * (long)batch), 1, Up(plane, positionsAtOnce));
        Stages = [checked(groups * panels), checked(groups * batch * blocks)];
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"matrix product in place, {TLanes.Name} vectors, {plane} positions by {panels} panels of {rows} rows × {channels} channels, {channelsAtOnce} at a time");

    public override long SharedElements => groups * kernels.Elements(channels, Width);

    public override long WorkerElements => positionsAtOnce * (long)Width;

    public override IReadOnlyList<int> Stages { get; }

    public override bool PacksKernelFirst => true;

    public override bool AddsBias => !transposed;

    private int Width => vectors * TLanes.Count;

    /// <summary>Whether an operator is one number of each channel's at each position.</summary>
    public static bool CanRun(OperatorGeometry geometry)
    {
        foreach (var axis in geometry.Axes)
        {
            if (axis.Kernel != 1 || axis.PadLow != 0 || axis.Input != axis.Output || (axis.Stride > 1 && axis.Output > 1)) return false;
        }

        return geometry.Table is null && geometry.Tile.Product == 1;
    }

    /// <summary>What a group of a run costs, in vectors multiplied by rows: see <see cref="PanelConvolution{TVector, T, TLanes}.Cost"/>.</summary>
    public double Cost
    {
        get
        {
            const double turning = 0.5, perPanel = 10, perChannel = 1.2, perMissedLine = 4;
            // Each channel is a page of its own, and planes whose distance is a multiple of much of a page fall on one another in the cache.
            var step = plane * sizeof(T) & (PageBytes - 1);
            var lines = (step == 0 ? 1 : PageBytes / (step & -step)) * LinesOfSet;
            var reading = perChannel + (Math.Min(channels, channelsAtOnce) > lines ? perMissedLine : 0);
            var position = (channels * (vectors + (panels * reading / PanelKernel<TVector, T, TLanes>.Height))) + (perPanel * panels * Up(channels, channelsAtOnce)) + (turning * rows);
            return kernels.Cost(channels, Width) + (batch * (double)plane * position);
        }
    }

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (stage == 0)
        {
            var (lane, width) = PanelAt(Math.DivRem(job, groups, out var of));
            kernels.Turn<TVector, T, TLanes>(operands.Kernel + ((nint)of * channels * rows), lane, width, 0, channels, shared + kernels.PanelStart(of, lane, Width));
            return;
        }

        job = Math.DivRem(job, blocks, out var block);
        var example = Math.DivRem(job, groups, out var group);
        var (firstChunk, endChunk) = Of(Up(plane, positionsAtOnce), blocks, block);
        var first = (nint)firstChunk * positionsAtOnce;
        var end = Math.Min(plane, (nint)endChunk * positionsAtOnce);
        var image = ((nint)example * groups) + group;
        var source = (transposed ? operands.Output : operands.Input) + (image * channels * plane);
        var result = (transposed ? operands.Input : operands.Output) + (image * rows * plane);
        var bias = operands.Bias == null ? null : operands.Bias + ((nint)group * rows);
        var product = new PanelProduct<T> { LeftStride = 1, LeftStep = plane, RightSecond = TLanes.Count, RightThird = 2 * TLanes.Count, Runs = 1, ResultStride = Width };
        for (var position = first; position < end; position += positionsAtOnce)
        {
            var count = (int)Math.Min(positionsAtOnce, end - position);
            var next = (int)Math.Min(positionsAtOnce, end - position - count);
            if (bias != null) RowCopy<TVector, T, TLanes>.CopyEach(bias, 0, own, Width, rows, count);
            int share = 0, shares = panels * Up(channels, channelsAtOnce) * Up(count, PanelKernel<TVector, T, TLanes>.Height);
            for (var panel = 0; panel < panels; panel++)
            {
                var (lane, width) = PanelAt(panel);
                product.RightPitch = width;
                for (var c = 0; c < channels; c += channelsAtOnce)
                {
                    product.RunLength = Math.Min(channelsAtOnce, channels - c);
                    product.Right = shared + kernels.PanelStart(group, lane, Width) + ((nint)c * width);
                    product.Add = c > 0 || bias != null;
                    for (int p = 0, height; p < count; p += height, share++)
                    {
                        if (next > 0 && vectors >= VectorsToFetch) Prefetch.Share(source + position + count, plane, 0, (0, channels), 1, next, share, shares);
                        height = PanelKernel<TVector, T, TLanes>.HeightFor(count - p);
                        product.Rows = Math.Min(height, count - p);
                        product.Left = source + (c * plane) + position + p;
                        product.Result = own + ((nint)p * Width) + lane;
                        PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
                    }
                }
            }

            Transposition.Run(own, Width, count, rows, result + position, plane, operands.Accumulate, TLanes.Count * sizeof(T) > 16);
        }
    }

    private (int Lane, int Width) PanelAt(int panel) => Panel(vectors, panels, panel, TLanes.Count);
}
