using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Dense;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Winograd;

/// <summary>
/// Forward pass of shared operators with a stride, rows of results two by two (see <see cref="PairedAxis"/>): 5 rows of products for 6 of a kernel three
/// rows high, 11 for 14 of one of seven. Nothing is transformed but whole rows, by a subtraction while they are laid out, so that this pays where tiles of
/// two axes do not. Lanes are output channels.
/// <code>
///     source rows  s0 … s4   →   s0 − s2 | s1 | s2 | s3 | s4 − s2       laid out channels last, few channels plane by plane
///     kernel rows  k0 k1 k2  →   k0 | k1 | k2 | k0 + k2
///     first sums: (s0 − s2) k0 + s1 k1     shared: s2 (k0 + k2)     second: (s4 − s2) k2 + s3 k1       8 positions × 3 vectors in registers
/// </code>
/// A job is a box of pairs of rows by some panels of output channels of one group.
/// </summary>
internal sealed unsafe class PairedRowsConvolution<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int BoxBytes = 192 * 1024;
    private const int FarBoxBytes = 640 * 1024;
    private const int FarKernelBytes = 1 << 20;
    private const int WantedPositions = 48;
    private const int FewChannels = 8;
    private const int MostWorkerBytes = 4 << 20;

    private readonly int batch;
    private readonly PairedAxis pairs;
    private readonly TapAxis rowAxis;
    private readonly TapAxis columnAxis;
    private readonly TapAxis.Tap[] columnTaps;
    private readonly TapConvolution outerTaps;
    private readonly int groups;
    private readonly int rows;
    private readonly int channels;
    private readonly int volume;
    private readonly bool hasFew;
    private readonly int vectors;
    private readonly int panels;
    private readonly int mostWidth;
    private readonly int lowest;
    private readonly int columnsPerBox;
    private readonly int pairsPerBox;
    private readonly int boxesAlong;
    private readonly int boxesDown;
    private readonly int outerPositions;
    private readonly int panelBlocks;
    private readonly int channelsPacked;
    private readonly int extent;
    private readonly int pitch;
    private readonly nint lineElements;
    private readonly nint pairElements;
    private readonly nint sumElements;
    private readonly Products first;
    private readonly Products shared;
    private readonly Products second;
    private readonly nint sourcePlane;
    private readonly nint resultPlane;

    public PairedRowsConvolution(OperatorGeometry geometry, int batch, PairedAxis pairs, int wantedJobs)
    {
        (this.batch, this.pairs) = (batch, pairs);
        groups = geometry.Groups;
        (rows, channels) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        volume = (int)geometry.KernelSize.Product;
        (sourcePlane, resultPlane) = ((nint)geometry.InputSize.Product, (nint)geometry.OutputSize.Product);
        var axes = TapConvolution.Forward(geometry)[0].Axes;
        (rowAxis, columnAxis) = (axes[^2], axes[^1]);
        outerTaps = new TapConvolution(axes[..^2].ToArray(), geometry);
        outerPositions = checked((int)outerTaps.Positions);
        hasFew = channels < FewChannels;
        // Rising, also where the kernel is flipped.
        columnTaps = [.. columnAxis.Taps.OrderBy(tap => tap.Offset)];
        vectors = Up(rows, TLanes.Count);
        panels = Up(vectors, PanelKernel<TVector, T, TLanes>.MostVectors);
        mostWidth = Up(vectors, panels) * TLanes.Count;

        // Places whose distance is a multiple of half a page would fall on one another in the cache.
        pitch = hasFew ? 1 : channels * sizeof(T) % 2048 == 0 ? channels + TLanes.Count : channels;
        var offsets = columnTaps.Select(tap => tap.Offset).ToArray();
        (lowest, var reach) = (offsets.Min(), offsets.Max() - offsets.Min());
        columnsPerBox = columnAxis.Count;
        while (Measure(columnsPerBox) > BoxBytes / sizeof(T) && columnsPerBox > WantedPositions) columnsPerBox = (columnsPerBox + 1) / 2;
        boxesAlong = Up(columnAxis.Count, columnsPerBox);
        columnsPerBox = Up(columnAxis.Count, boxesAlong);

        // A kernel that does not stay in the cache is read once for more positions.
        var most = KernelElements * sizeof(T) > FarKernelBytes ? FarBoxBytes : BoxBytes;
        pairsPerBox = (int)Math.Clamp(most / sizeof(T) / Measure(columnsPerBox), 1, Math.Min(pairs.Count, Up(WantedPositions, columnsPerBox)));
        boxesDown = Up(pairs.Count, pairsPerBox);
        pairsPerBox = Up(pairs.Count, boxesDown);
        (extent, lineElements, pairElements) = ((((columnsPerBox - 1) * columnAxis.SourceStep) + reach + 1), Line(columnsPerBox), (nint)Measure(columnsPerBox));
        panelBlocks = (int)Math.Clamp(Up(wantedJobs, (int)Math.Min(wantedJobs, groups * Boxes)), 1, panels);
        sumElements = ((pairsPerBox * columnsPerBox) + PanelKernel<TVector, T, TLanes>.Height) * mostWidth;
        (first, shared, second) = (Find(pairs.First), Find(pairs.Shared), Find(pairs.Second));
        channelsPacked = Up(channels, Math.Clamp(Up(wantedJobs, groups * panels), 1, Up(channels, FewChannels)));
        Stages = [checked(groups * panels * Up(channels, channelsPacked)), checked((int)(groups * Boxes * panelBlocks))];

        nint Line(int columns) => Up((((columns - 1) * columnAxis.SourceStep) + reach + 1) * (hasFew ? channels : pitch), TLanes.Count) * TLanes.Count;

        long Measure(int columns) => (long)outerTaps.TapCount * pairs.Sources.Length * Line(columns);
    }

    /// <summary>The algorithm for an operator, or null where its channels are a table, its weights are not shared, or its rows have no stride or no taps a stride apart.</summary>
    public static PairedRowsConvolution<TVector, T, TLanes>? TryMake(OperatorGeometry geometry, int batch, int wantedJobs = Shares.LeastJobs)
    {
        if (geometry.Table is not null || geometry.Axes.Length < 2 || geometry.HasTileAxes || geometry.Axes[^2].Stride == 1 || !ChannelsLastBox.CanLayOut(geometry)) return null;
        var axes = TapConvolution.Forward(geometry)[0].Axes;
        return axes[^2].Count > 1 && axes[^1].Count > 0 && PairedAxis.TryPair(axes[^2]) is { } pairs ? new PairedRowsConvolution<TVector, T, TLanes>(geometry, batch, pairs, wantedJobs) : null;
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"rows in pairs, {pairs.Products} products for {2 * rowAxis.Taps.Length}, {TLanes.Name} vectors, {rows} rows × {channels} channels × {outerTaps.TapCount * columnTaps.Length} taps of a row, {Boxes} boxes of {2 * pairsPerBox} × {columnsPerBox} results by {panelBlocks} blocks of {panels} panels, kernel packed first");

    public override long SharedElements => groups * KernelElements;

    public override long WorkerElements => Math.Max((long)channelsPacked * volume * mostWidth, (pairsPerBox * pairElements) + (3 * sumElements) + PlaceElements);

    public override IReadOnlyList<int> Stages { get; }

    public override bool PacksKernelFirst => true;

    public override bool AddsBias => true;

    /// <summary>Whether a worker's memory stays within its bound.</summary>
    public bool Fits => WorkerElements * sizeof(T) <= MostWorkerBytes;

    /// <summary>What a group of a run costs, in vectors multiplied by rows: see <see cref="ChannelsLastConvolution{TVector, T, TLanes}.Cost"/>.</summary>
    public double Cost
    {
        get
        {
            double positions = Boxes * pairsPerBox * columnsPerBox, depth = (double)channels * outerTaps.TapCount * columnTaps.Length * pairs.Products;
            double laidOut = (double)Boxes * panelBlocks * pairsPerBox * pairElements * (hasFew ? 0.65 : 1.75);
            var far = KernelElements * sizeof(T) > FarKernelBytes ? 0.4 * Boxes * KernelElements / TLanes.Count : 0;
            return (1.9 * KernelElements) + (0.7 * positions * vectors * (depth + 30)) + laidOut + (2.9 * positions * rows) + far;
        }
    }

    private long KernelElements => (long)outerTaps.TapCount * pairs.Weights.Length * columnTaps.Length * channels * vectors * TLanes.Count;

    private long Boxes => (long)batch * outerPositions * boxesDown * boxesAlong;

    private long PlaceElements => ((pairsPerBox * columnsPerBox * (long)sizeof(nint)) / sizeof(T)) + 16;

    [SkipLocalsInit]
    public override void Execute(int stage, int job, in Operands<T> operands, T* packed, T* own)
    {
        if (stage == 0)
        {
            PackPanel(job, operands.Kernel, packed, own);
            return;
        }

        job = Math.DivRem(job, panelBlocks, out var panelBlock);
        job = Math.DivRem(job, boxesAlong, out var along);
        job = Math.DivRem(job, boxesDown, out var down);
        job = Math.DivRem(job, outerPositions, out var place);
        var example = Math.DivRem(job, groups, out var group);
        int column = along * columnsPerBox, columns = Math.Min(columnsPerBox, columnAxis.Count - column);
        int pair = down * pairsPerBox, count = Math.Min(pairsPerBox, pairs.Count - pair);
        T* sums = own + (pairsPerBox * pairElements), both = sums + sumElements, others = both + sumElements;
        var places = (nint*)(others + sumElements);
        var source = operands.Input + (((((nint)example * groups) + group) * channels) * sourcePlane);
        for (var i = 0; i < count; i++)
        {
            LayOut(source, place, pair + i, column, own + (i * pairElements));
            for (var q = 0; q < columns; q++) places[(i * columns) + q] = (i * pairElements) + ((nint)q * columnAxis.SourceStep * pitch);
        }

        for (var (panel, end) = Shares.Of(panels, panelBlocks, panelBlock); panel < end; panel++)
        {
            var (lane, width) = PanelAt(panel);
            var kernel = packed + KernelAt(group, lane);
            Multiply(first, own, kernel, width, places, count * columns, sums);
            Multiply(shared, own, kernel, width, places, count * columns, both);
            Multiply(second, own, kernel, width, places, count * columns, others);
            var lanes = Math.Min(width, rows - lane);
            Add(sums, both, others, count * columns, width, operands.Bias == null ? null : operands.Bias + ((nint)group * rows) + lane, lanes);
            var result = operands.Output + ((((((nint)example * groups) + group) * rows) + lane) * resultPlane) + ((nint)place * rowAxis.ResultSize * columnAxis.ResultSize) + column;
            for (var i = 0; i < count; i++)
            {
                var row = 2 * (pair + i);
                var to = result + ((nint)row * columnAxis.ResultSize);
                Transposition.Run(sums + ((nint)i * columns * width), width, columns, lanes, to, resultPlane, operands.Accumulate, TLanes.Count * sizeof(T) > 16);
                if (row + 1 < rowAxis.Count) Transposition.Run(others + ((nint)i * columns * width), width, columns, lanes, to + columnAxis.ResultSize, resultPlane, operands.Accumulate, TLanes.Count * sizeof(T) > 16);
            }
        }
    }

    /// <summary>Some channels of the kernel of one panel of one group: [outer tap][row or sum of two][column tap][channel][lanes]; of few channels [channel][column tap].</summary>
    private void PackPanel(int job, T* kernel, T* packed, T* scratch)
    {
        job = Math.DivRem(job, Up(channels, channelsPacked), out var block);
        var (lane, width) = PanelAt(Math.DivRem(job, groups, out var group));
        int lanes = Math.Min(width, rows - lane), channel = block * channelsPacked, count = Math.Min(channelsPacked, channels - channel);
        if (lanes < width) new Span<T>(scratch, count * volume * width).Clear();
        Transposition.Run(kernel + ((((((nint)group * rows) + lane) * channels) + channel) * volume), (long)channels * volume, lanes, count * volume, scratch, width, false, TLanes.Count * sizeof(T) > 16);
        int rowLength = columnTaps.Length, plane = rowAxis.Taps.Length * rowLength;
        (nint tapPitch, nint channelPitch) = hasFew ? (width, rowLength * width) : (channels * width, width);
        var to = packed + KernelAt(group, lane) + (channel * channelPitch);
        for (var tap = 0; tap < outerTaps.TapCount; tap++)
        {
            foreach (var weight in pairs.Weights)
            {
                for (var k = 0; k < rowLength; k++)
                {
                    var element = (outerTaps.Elements[tap] * plane) + columnTaps[k].Element;
                    T* from = scratch + ((element + ((nint)weight.Element * rowLength)) * width), added = weight.Added is { } other ? scratch + ((element + ((nint)other * rowLength)) * width) : null;
                    for (var c = 0; c < count; c++)
                    {
                        var into = to + (k * tapPitch) + (c * channelPitch);
                        for (var v = 0; v < width; v += TLanes.Count)
                        {
                            var one = TLanes.Load(from + v);
                            TLanes.Store(added == null ? one : TLanes.Add(one, TLanes.Load(added + v)), into + v);
                        }

                        from += (nint)volume * width;
                        if (added != null) added += (nint)volume * width;
                    }
                }

                to += (nint)rowLength * channels * width;
            }
        }
    }

    /// <summary>The source rows of a pair, and differences of two, with zeros outside the source.</summary>
    private void LayOut(T* source, int place, int pair, int column, T* to)
    {
        var x = (column * columnAxis.SourceStep) + lowest;
        int from = Math.Clamp(-x, 0, extent), end = Math.Clamp(columnAxis.SourceSize - x, from, extent);
        for (var tap = 0; tap < outerTaps.TapCount; tap++)
        {
            var plane = (nint)outerTaps.SourceElement(place, tap);
            var lines = to;
            foreach (var line in pairs.Sources)
            {
                var y = (pair * pairs.SourceStep) + line.Offset;
                var isInside = plane >= 0 && (uint)y < (uint)rowAxis.SourceSize && end > from;
                LayOut(isInside ? source + (((plane * rowAxis.SourceSize) + y) * columnAxis.SourceSize) + x + from : null, from, end, to);
                if (line.Less is { } less)
                {
                    var other = lines + (less * lineElements);
                    for (nint i = 0; i < lineElements; i += TLanes.Count) TLanes.Store(TLanes.Subtract(TLanes.Load(to + i), TLanes.Load(other + i)), to + i);
                }

                to += lineElements;
            }
        }
    }

    /// <summary>One row of all channels, at [from, end) of the extent of a box; null for zeros.</summary>
    private void LayOut(T* row, int from, int end, T* to)
    {
        if (row == null)
        {
            new Span<T>(to, checked((int)lineElements)).Clear();
        }
        else if (hasFew)
        {
            for (var c = 0; c < channels; c++, row += sourcePlane, to += extent)
            {
                new Span<T>(to, from).Clear();
                RowCopy<TVector, T, TLanes>.Copy(row, to + from, end - from);
                new Span<T>(to + end, extent - end).Clear();
            }
        }
        else
        {
            new Span<T>(to, from * pitch).Clear();
            Transposition.Run(row, sourcePlane, channels, end - from, to + ((nint)from * pitch), pitch, false, TLanes.Count * sizeof(T) > 16);
            new Span<T>(to + ((nint)end * pitch), (extent - end) * pitch).Clear();
        }
    }

    private static void Multiply(Products products, T* layout, T* kernel, int width, nint* places, int found, T* sums)
    {
        fixed (nint* lefts = products.Lefts, rights = products.Rights[width / TLanes.Count])
        {
            var product = new PanelProduct<T>
            {
                Left = layout,
                LeftStep = products.LeftStep,
                LeftOffsets = lefts,
                Right = kernel,
                RunOffsets = rights,
                RightPitch = width,
                RightSecond = TLanes.Count,
                RightThird = 2 * TLanes.Count,
                Runs = products.Lefts.Length,
                RunLength = products.RunLength,
                ResultStride = width,
            };
            for (int position = 0, height; position < found; position += height)
            {
                height = PanelKernel<TVector, T, TLanes>.HeightFor(found - position);
                product.Rows = Math.Min(height, found - position);
                product.LeftRows = places + position;
                product.Result = sums + ((nint)position * width);
                PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
            }
        }
    }

    /// <summary>Adds what is shared, and the bias, to both rows of all pairs.</summary>
    private static void Add(T* sums, T* both, T* others, int found, int width, T* bias, int lanes)
    {
        var own = stackalloc T[width];
        for (var lane = 0; lane < width; lane++) own[lane] = bias != null && lane < lanes ? bias[lane] : T.Zero;
        for (var position = 0; position < found; position++, sums += width, both += width, others += width)
        {
            for (var lane = 0; lane < width; lane += TLanes.Count)
            {
                var shared = TLanes.Add(TLanes.Load(both + lane), TLanes.Load(own + lane));
                TLanes.Store(TLanes.Add(TLanes.Load(sums + lane), shared), sums + lane);
                TLanes.Store(TLanes.Add(TLanes.Load(others + lane), shared), others + lane);
            }
        }
    }

    /// <summary>Where the products of some terms read, in a box and in the kernel: rows of taps where these are neighbours, else taps; of few channels rows of taps of each.</summary>
    private Products Find(PairedAxis.Term[] terms)
    {
        var taps = columnTaps;
        var step = taps.Length > 1 ? taps[1].Offset - taps[0].Offset : 1;
        var perRun = hasFew || (step == 1 && pitch == channels) ? taps.Length : 1;
        var runs = new List<(nint Left, nint Right)>();
        for (var tap = 0; tap < outerTaps.TapCount; tap++)
        {
            foreach (var term in terms)
            {
                var line = ((tap * pairs.Sources.Length) + term.Source) * lineElements;
                var weight = ((tap * pairs.Weights.Length) + term.Weight) * (nint)taps.Length * channels;
                for (var i = 0; hasFew && i < channels; i++) runs.Add((line + ((nint)i * extent) + taps[0].Offset - lowest, weight + ((nint)i * taps.Length)));
                for (var k = 0; !hasFew && k < taps.Length; k += perRun) runs.Add((line + ((nint)(taps[k].Offset - lowest) * pitch), weight + ((nint)k * channels)));
            }
        }

        return new Products
        {
            Lefts = [.. runs.Select(run => run.Left)],
            Rights = [.. Enumerable.Range(0, PanelKernel<TVector, T, TLanes>.MostVectors + 1).Select(count => runs.Select(run => run.Right * count * TLanes.Count).ToArray())],
            RunLength = hasFew ? taps.Length : perRun * channels,
            LeftStep = hasFew ? step : 1,
        };
    }

    private nint KernelAt(int group, int lane) => (nint)((group * KernelElements) + (KernelElements / (vectors * TLanes.Count) * lane));

    private (int Lane, int Width) PanelAt(int panel) => Panel(vectors, panels, panel, TLanes.Count);

    /// <summary>The runs of k of some terms: where each begins in a box, and in a kernel of so many vectors.</summary>
    private sealed class Products
    {
        public required nint[] Lefts { get; init; }

        public required nint[][] Rights { get; init; }

        public required int RunLength { get; init; }

        public required nint LeftStep { get; init; }
    }
}
