using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Forward and input gradient of shared operators with dense or grouped channels on planes and batches so small that the sums of all positions stay in cache.
/// Every weight is read once, for all positions, and a tap is multiplied with those alone whose source is inside: on a plane of 7 × 7 a 3 × 3 kernel
/// with a padding of 1 has 361 products of taps and positions, not 441.
/// <code>
///     source    [place][c], laid out first, without padding
///     kernel    some channels c: [c][tap][lanes], turned round into L2, or packed beforehand
///     each tap  sums [place of the result][lanes]  +=  source [places inside][c]  ×  kernel [c][tap][lanes]      8 places × 3 vectors in registers
/// </code>
/// A job is a panel of result channels.
/// </summary>
internal sealed unsafe class TapwiseConvolution<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int FirstCacheBytes = 24 * 1024;
    private const int KernelBlockBytes = 256 * 1024;
    private const int MostBytes = 4 << 20;
    private const int PanelRows = 4;
    private const int HalfPage = 2048;

    private readonly int batch;
    private readonly bool transposed;
    private readonly int groups;
    private readonly int rows;
    private readonly int channels;
    private readonly int volume;
    private readonly nint sourcePlane;
    private readonly nint resultPlane;
    private readonly nint pitch;
    private readonly int vectors;
    private readonly int panels;
    private readonly int mostWidth;
    private readonly int channelsAtOnce;
    private readonly int channelBlocks;
    private readonly int products;
    private readonly TurnedKernel kernels;
    private readonly Tap[] taps;
    private readonly nint[] sources;
    private readonly nint[] results;

    public TapwiseConvolution(OperatorGeometry geometry, int batch, bool transposed, int wantedJobs = LeastJobs)
    {
        (this.batch, this.transposed) = (batch, transposed);
        groups = geometry.Groups;
        var (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        (rows, channels) = transposed ? (inputs, outputs) : (outputs, inputs);
        volume = (int)geometry.KernelSize.Product;
        nint inputPlane = (nint)geometry.InputSize.Product, outputPlane = (nint)geometry.OutputSize.Product;
        (sourcePlane, resultPlane) = transposed ? (outputPlane, inputPlane) : (inputPlane, outputPlane);
        kernels = new TurnedKernel(geometry, transposed);

        // Places whose distance is a multiple of half a page would fall on one another in the cache.
        pitch = channels * sizeof(T) % HalfPage == 0 ? channels + TLanes.Count : channels;
        vectors = Up(rows, TLanes.Count);
        const int most = PanelKernel<TVector, T, TLanes>.MostVectors;
        // An even number, so that two threads have as much to do.
        var narrow = Up(vectors, 2);
        panels = Math.Clamp(Up(wantedJobs, groups), Math.Min(narrow, 2 * Up(vectors, 2 * most)), wantedJobs > LeastJobs ? vectors : narrow);
        mostWidth = Up(vectors, panels) * TLanes.Count;
        // In which order numbers are added must not depend on how wide a panel is.
        channelsAtOnce = Math.Clamp(Math.Min(FirstCacheBytes, KernelBlockBytes / volume) / (most * TLanes.Count * sizeof(T)), 1, channels);
        channelBlocks = (int)Math.Clamp(Up(wantedJobs, (long)groups * batch), 1, Up(channels, TLanes.Count));
        (taps, sources, results) = FindPlaces(geometry);
        foreach (var tap in taps) products += Up(tap.End - tap.First, PanelKernel<TVector, T, TLanes>.Height);
        Stages = [checked(groups * batch * channelBlocks), checked(groups * panels)];
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"matrix product for each tap, {TLanes.Name} vectors, {rows} rows × {channels} channels × {volume} taps, {batch * resultPlane} positions by {panels} panels of rows, {channelsAtOnce} channels of the kernel at a time");

    public override long SharedElements => groups * (long)batch * sourcePlane * pitch;

    public override long WorkerElements => SumElements + kernels.Elements(channelsAtOnce, mostWidth);

    public override IReadOnlyList<int> Stages { get; }

    public override long PackedElements => groups * kernels.Elements(channels, vectors * TLanes.Count);

    public override int PackingJobs => Stages[1];

    public override bool AddsBias => !transposed;

    private long SumElements => ((batch * (long)resultPlane) + 1) * mostWidth;

    /// <summary>Whether the source, and what a worker needs, stay within their bounds.</summary>
    public bool Fits => Math.Max(SharedElements, WorkerElements) * sizeof(T) <= MostBytes;

    /// <summary>What a group of a run costs, in vectors multiplied by rows: see <see cref="PanelConvolution{TVector, T, TLanes}.Cost"/>.</summary>
    public double Cost
    {
        get
        {
            var products = (double)sources.Length * vectors * (channels + (Up(channels, channelsAtOnce) * (4 + (12.0 * panels / vectors))));
            var turning = kernels.Cost(channels, rows) + (1.8 * batch * ((sourcePlane * (double)channels) + (resultPlane * (double)rows)));
            return (TLanes.HasManyRegisters ? 0.85 : 0.95) * (products + turning);
        }
    }

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (stage == 0) LayOut(job, transposed ? operands.Output : operands.Input, shared);
        else Multiply(Math.DivRem(job, groups, out var group), group, operands, shared + (group * batch * sourcePlane * pitch), own);
    }

    public override void Pack(int job, T* kernel, T* packed, T* own)
    {
        var (lane, width) = PanelAt(Math.DivRem(job, groups, out var group));
        kernels.Turn<TVector, T, TLanes>(kernel + ((nint)group * channels * rows * volume), lane, width, 0, channels, packed + kernels.PanelStart(group, lane, vectors * TLanes.Count));
    }

    private void LayOut(int job, T* source, T* to)
    {
        job = Math.DivRem(job, channelBlocks, out var block);
        var example = Math.DivRem(job, groups, out var group);
        var (first, end) = Of(channels, channelBlocks, block);
        var from = source + ((((((nint)example * groups) + group) * channels) + first) * sourcePlane);
        Transposition.Run(from, sourcePlane, end - first, (int)sourcePlane, to + ((((nint)group * batch) + example) * sourcePlane * pitch) + first, pitch, false, TLanes.Count * sizeof(T) > 16);
    }

    private void Multiply(int panel, int group, in Operands<T> operands, T* source, T* own)
    {
        var (lane, width) = PanelAt(panel);
        var count = Math.Min(width, rows - lane);
        var row = ((nint)group * rows) + lane;
        T* sums = own, turned = own + SumElements;
        Begin(sums, operands.Bias == null ? null : operands.Bias + row, count);
        var kernel = operands.Kernel + ((nint)group * channels * rows * volume);
        var packed = operands.Packed == null ? null : operands.Packed + kernels.PanelStart(group, lane, vectors * TLanes.Count);
        var product = new PanelProduct<T> { RightPitch = (nint)volume * width, RightSecond = TLanes.Count, RightThird = 2 * TLanes.Count, Runs = 1, Result = sums, Add = true };
        for (int first = 0, end; first < channels; first = end)
        {
            end = Math.Min(channels, first + channelsAtOnce);
            if (packed == null) kernels.Turn<TVector, T, TLanes>(kernel, lane, width, first, end, turned);
            var right = packed == null ? turned : packed + (nint)kernels.Elements(first, width);
            product.Left = source + first;
            product.RunLength = end - first;
            (int First, int End) next = (end, Math.Min(channels, end + channelsAtOnce));
            var share = 0;
            fixed (nint* lefts = sources, rights = results)
            {
                foreach (var tap in taps)
                {
                    product.Right = right + ((nint)tap.Element * width);
                    for (int place = tap.First, height; place < tap.End; place += height, share++)
                    {
                        // The kernel's next channels come in meanwhile.
                        if (packed == null) kernels.FetchShare(kernel, lane, width, next, share, products);
                        else Prefetch.Share(packed, product.RightPitch, 0, next, 1, (int)product.RightPitch, share, products);
                        height = PanelKernel<TVector, T, TLanes>.HeightFor(tap.End - place);
                        product.Rows = height;
                        product.LeftRows = lefts + place;
                        product.ResultRows = rights + place;
                        PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
                    }
                }
            }
        }

        var result = (transposed ? operands.Input : operands.Output) + (row * resultPlane);
        for (var example = 0; example < batch; example++)
        {
            Transposition.Run(sums + (example * resultPlane * mostWidth), mostWidth, (int)resultPlane, count, result + ((nint)example * groups * rows * resultPlane), resultPlane, operands.Accumulate, TLanes.Count * sizeof(T) > 16);
        }
    }

    /// <summary>Sums begin with the bias, or zero.</summary>
    private void Begin(T* sums, T* bias, int count)
    {
        new Span<T>(sums, checked((int)SumElements)).Clear();
        if (bias != null) RowCopy<TVector, T, TLanes>.CopyEach(bias, 0, sums, mostWidth, count, (int)(batch * resultPlane));
    }

    /// <summary>For each tap the places that it reads and the results that these belong to; where they do not fill a panel, the last one a few times more for sums that nobody reads.</summary>
    private (Tap[] Taps, nint[] Sources, nint[] Results) FindPlaces(OperatorGeometry geometry)
    {
        List<Tap> found = [];
        List<nint> from = [], to = [];
        foreach (var part in TapConvolution.Written(geometry, transposed))
        {
            for (var tap = 0; tap < part.TapCount; tap++)
            {
                var first = from.Count;
                foreach (var (source, result) in part.Inside(tap))
                {
                    for (var example = 0; example < batch; example++)
                    {
                        from.Add((nint)((example * sourcePlane) + source) * pitch);
                        to.Add((nint)((example * resultPlane) + result) * mostWidth);
                    }
                }

                if (from.Count == first) continue;
                while (from.Count % PanelRows > 0)
                {
                    from.Add(from[^1]);
                    to.Add(batch * resultPlane * mostWidth);
                }

                found.Add(new Tap(part.Elements[tap], first, from.Count));
            }
        }

        return ([.. found], [.. from], [.. to]);
    }

    private (int Lane, int Width) PanelAt(int panel) => Panel(vectors, panels, panel, TLanes.Count);

    /// <summary>A tap's kernel element, and which of the places found are its own.</summary>
    private readonly record struct Tap(int Element, int First, int End);
}
