using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Dense;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Winograd;

/// <summary>
/// Forward and input gradient by Winograd's algorithm: 36 matrix products (6 along one axis), one for each component of
/// a tile, in place of one for each tap and result (see <see cref="PointTransform{TVector, T, TLanes}"/>).
/// <code>
///     component ξ:   sums [tile][m]  =  V_ξ [tile][c]  ×  U_ξ [c][m]       8 × 3 vectors of m at a time in registers
/// </code>
/// Where kernels repeat every t positions, c are the channels of all t² phases of the source and m those of all t² residues of the result.
/// With many tiles the kernel is transformed first, once for all, and a job is a block of strips through all three steps.
/// With few tiles, or a kernel much larger than they are, all tiles are transformed first and a job is a panel of result channels, whose part of the kernel is
/// transformed, used and forgotten: a kernel of megabytes is then read once and its transform never leaves the cache.
/// </summary>
internal sealed unsafe class WinogradConvolution<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int FirstCacheBytes = 24 * 1024;
    private const int KernelBlockBytes = 384 * 1024;
    private const int FewTilesBytes = 1024 * 1024;
    private const int PackedChannels = 16;
    private const int PackedBytes = 256 * 1024;

    private readonly WinogradTiling tiling;
    private readonly int components;
    private readonly StripTransform<TVector, T, TLanes> strips;
    private readonly KernelTransform<TVector, T, TLanes> kernels;
    private readonly bool transposed;
    private readonly bool fewTiles;
    private readonly bool turnsOnce;
    private readonly int groups;
    private readonly int rows;
    private readonly int channels;
    private readonly int channelsPacked;
    private readonly int kernelElements;
    private readonly int plane;
    private readonly nint sourceChannel;
    private readonly nint resultChannel;
    private readonly int resultPlane;
    private readonly int vectors;
    private readonly int panels;
    private readonly int mostWidth;
    private readonly nint tilePitch;
    private readonly int channelsAtOnce;
    private readonly int blocks;
    private readonly int panelGroups;
    private readonly int mostTiles;
    private readonly nint kernelPitch;
    private readonly nint sourcePitch;
    private readonly nint sumPitch;
    private readonly nint sumRow;
    private readonly nint residueRow;
    private readonly nint residueKernel;

    public WinogradConvolution(OperatorGeometry geometry, WinogradTiling tiling, bool transposed, int wantedJobs = Shares.LeastJobs)
    {
        this.tiling = tiling;
        components = tiling.Components;
        this.transposed = transposed;
        strips = new StripTransform<TVector, T, TLanes>(tiling);
        kernels = new KernelTransform<TVector, T, TLanes>(geometry, tiling, transposed);
        groups = geometry.Groups;
        var (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        (rows, channels) = transposed ? (inputs, outputs) : (outputs, inputs);
        kernelElements = checked(geometry.PairCount / groups * (int)geometry.KernelSize.Product);
        nint inputPlane = (nint)geometry.InputSize.Product, outputPlane = (nint)geometry.OutputSize.Product;
        (sourceChannel, resultChannel) = transposed ? (outputPlane, inputPlane) : (inputPlane, outputPlane);
        plane = tiling.Rows.SourceSize * tiling.Columns.SourceSize;
        resultPlane = tiling.Rows.ResultSize * tiling.Columns.ResultSize;
        vectors = StripTransform<TVector, T, TLanes>.Padded(rows) / TLanes.Count;
        tilePitch = (nint)tiling.OuterTaps * StripTransform<TVector, T, TLanes>.Padded(channels);
        var tiles = checked((int)tiling.Tiles);
        residueRow = vectors * TLanes.Count;
        residueKernel = tiling.OuterTaps * channels * residueRow;
        long sourceBytes = components * (long)tiles * tilePitch * sizeof(T), kernelBytes = components * tilePitch * tiling.Residues * residueRow * sizeof(T);
        fewTiles = tiling.Residues == 1 && (sourceBytes <= FewTilesBytes || (sourceBytes <= 4 * FewTilesBytes && 4 * sourceBytes <= kernelBytes));
        turnsOnce = geometry.Tile.Product == 1;
        panels = Up(vectors, PanelKernel<TVector, T, TLanes>.MostVectors);
        // Sums are cut by the widest panel that few threads would have, whatever the threads.
        var widest = fewTiles ? Up(vectors, Math.Clamp(Up(Shares.LeastJobs, groups), panels, Up(vectors, 2))) * TLanes.Count : 0;
        if (fewTiles) panels = Math.Clamp(Up(wantedJobs, groups), panels, wantedJobs > Shares.LeastJobs ? vectors : Up(vectors, 2));
        mostWidth = Up(vectors, panels) * TLanes.Count;
        blocks = fewTiles ? 1 : ChooseBlocks(kernelBytes, wantedJobs);
        // Strips are not cut further: for more threads result channels are, though each part then transforms the source again.
        panelGroups = fewTiles || wantedJobs == Shares.LeastJobs ? 1 : Math.Clamp(Up(wantedJobs / 2, checked(groups * blocks)), 1, panels);
        mostTiles = fewTiles ? tiles : Up(tiling.Strips, blocks) * tiling.TilesPerStrip;
        channelsAtOnce = fewTiles ? (int)Math.Clamp(KernelBlockBytes / (components * (long)tiling.OuterTaps * widest * sizeof(T)), 1, channels) : channels;
        sourcePitch = StripTransform<TVector, T, TLanes>.ComponentPitch(mostTiles * tilePitch);
        channelsPacked = (int)Math.Clamp(PackedBytes / (geometry.Tile.Product * geometry.KernelSize.Product * mostWidth * sizeof(T)), 1, PackedChannels);
        if (wantedJobs > Shares.LeastJobs) channelsPacked = Math.Min(channelsPacked, Up(channels * panels, Up(wantedJobs, groups)));
        kernelPitch = StripTransform<TVector, T, TLanes>.ComponentPitch(fewTiles ? (nint)tiling.OuterTaps * channelsAtOnce * mostWidth : tiling.Residues * residueKernel);
        sumRow = fewTiles ? mostWidth : tiling.Residues * residueRow;
        sumPitch = StripTransform<TVector, T, TLanes>.ComponentPitch((mostTiles + PanelKernel<TVector, T, TLanes>.Height) * sumRow);
        Stages = fewTiles
            ? [checked(groups * tiling.Strips), checked(groups * panels)]
            : [checked(groups * panels * Up(channels, channelsPacked)), checked(groups * blocks * panelGroups)];
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"Winograd, tiles of {tiling.Rows.Outputs} × {tiling.Columns.Outputs} results for {tiling.Rows.Taps} × {tiling.Columns.Taps} taps, {TLanes.Name} vectors, {rows * tiling.Residues} rows × {channels * tiling.OuterTaps} × {tiling.Tiles} tiles, {(fewTiles ? $"by {panels} panels of rows" : $"by {blocks} blocks of tiles")}");

    public override long SharedElements => groups * components * (fewTiles ? sourcePitch : kernelPitch);

    public override long WorkerElements => fewTiles
        ? (components * (kernelPitch + sumPitch)) + Math.Max(strips.ScratchElements, kernels.ScratchElements(channelsAtOnce, mostWidth))
        : Math.Max(kernels.ScratchElements(channelsPacked, mostWidth), (components * (sourcePitch + sumPitch)) + strips.ScratchElements);

    public override IReadOnlyList<int> Stages { get; }

    public override bool PacksKernelFirst => !fewTiles;

    public override long PackedElements => !fewTiles ? SharedElements : turnsOnce ? groups * kernels.TurnedElements(channels, (int)residueRow) : 0;

    public override int PackingJobs => fewTiles ? Stages[1] : Stages[0];

    public override bool AddsBias => !transposed;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (fewTiles)
        {
            var scratch = own + (components * (kernelPitch + sumPitch));
            if (stage == 0)
            {
                var index = Math.DivRem(job, groups, out var ofGroup);
                Spread(index, ofGroup, operands, shared + (ofGroup * components * sourcePitch) + (tiling.TilesBetween(0, index) * tilePitch), scratch);
                return;
            }

            MultiplyPanel(Math.DivRem(job, groups, out var group), group, operands, shared + (group * components * sourcePitch), own, scratch);
        }
        else if (stage == 0)
        {
            job = Math.DivRem(job, groups, out var group);
            var first = Math.DivRem(job, panels, out var panel) * channelsPacked;
            var (vector, width) = PanelAt(panel);
            var to = shared + (group * components * kernelPitch) + ((nint)tiling.OuterTaps * channels * vector) + ((nint)first * width);
            kernels.Pack(operands.Kernel + ((nint)group * kernelElements), vector, Math.Min(width, rows - vector), width, first, Math.Min(channels, first + channelsPacked), to, kernelPitch, (nint)channels * width, residueKernel, own);
        }
        else
        {
            job = Math.DivRem(job, panelGroups, out var panelGroup);
            MultiplyBlock(Math.DivRem(job, groups, out var group), group, Shares.Of(panels, panelGroups, panelGroup), operands, shared + (group * components * kernelPitch), own);
        }
    }

    /// <summary>With few tiles it is the kernel turned round that is kept: its transform is so large that reading it would take longer than making it.</summary>
    public override void Pack(int job, T* kernel, T* packed, T* own)
    {
        if (!fewTiles)
        {
            base.Pack(job, kernel, packed, own);
            return;
        }

        var (lane, width) = PanelAt(Math.DivRem(job, groups, out var group));
        kernels.Turn(kernel + ((nint)group * kernelElements), lane, Math.Min(width, rows - lane), width, 0, channels, packed + TurnedAt(group, lane));
    }

    private nint TurnedAt(int group, int lane) => (nint)((group * kernels.TurnedElements(channels, (int)residueRow)) + kernels.TurnedElements(channels, lane));

    /// <summary>Few tiles: all of them by one panel of result channels.</summary>
    private void MultiplyPanel(int panel, int group, in Operands<T> operands, T* source, T* own, T* scratch)
    {
        var kernel = own;
        var sums = kernel + (components * kernelPitch);
        var (lane, width) = PanelAt(panel);
        var lanes = Math.Min(width, rows - lane);
        for (int first = 0, end; first < channels; first = end)
        {
            end = Math.Min(channels, first + channelsAtOnce);
            var turned = operands.Packed == null ? null : operands.Packed + TurnedAt(group, lane) + (nint)kernels.TurnedElements(first, width);
            kernels.Pack(operands.Kernel + ((nint)group * kernelElements), lane, lanes, width, first, end, kernel, kernelPitch, (nint)(end - first) * width, 0, scratch, turned);
            for (var component = 0; component < components; component++)
            {
                Multiply(source + (component * sourcePitch) + first, mostTiles, kernel + (component * kernelPitch), end - first, width, sums + (component * sumPitch), first > 0);
            }
        }

        Gather(0, tiling.Strips, group, lane, lanes, sums, operands, scratch);
    }

    /// <summary>Many tiles: a block of strips by some panels of result channels.</summary>
    private void MultiplyBlock(int block, int group, (int First, int End) some, in Operands<T> operands, T* kernel, T* own)
    {
        var (first, end) = Shares.Of(tiling.Strips, blocks, block);
        var sums = own + (components * sourcePitch);
        var scratch = sums + (components * sumPitch);
        var tiles = 0;
        for (var strip = first; strip < end; strip++) tiles += Spread(strip, group, operands, own + (tiles * tilePitch), scratch);
        for (var component = 0; component < components; component++)
        {
            for (var panel = 0; panel < tiling.Residues * (some.End - some.First); panel++)
            {
                var residue = Math.DivRem(panel, some.End - some.First, out var ofResidue);
                var (lane, width) = PanelAt(some.First + ofResidue);
                Multiply(own + (component * sourcePitch), tiles, kernel + (component * kernelPitch) + (residue * residueKernel) + ((nint)tiling.OuterTaps * channels * lane), channels, width, sums + (component * sumPitch) + (residue * residueRow) + lane, false);
            }
        }

        var firstLane = PanelAt(some.First).Lane;
        Gather(first, end, group, firstLane, Math.Min(rows, PanelAt(some.End).Lane) - firstLane, sums + firstLane, operands, scratch);
    }

    /// <summary>Transforms the source of a strip; returns its number of tiles.</summary>
    private int Spread(int index, int group, in Operands<T> operands, T* to, T* scratch)
    {
        var strip = tiling.Locate(index);
        var source = (transposed ? operands.Output : operands.Input) + ((((nint)strip.Example * groups) + group) * channels * sourceChannel);
        for (var tap = 0; tap < tiling.Planes; tap++)
        {
            var place = tiling.SourcePlane(strip.Outer, tap);
            strips.Source(strip, place < 0 ? null : source + (nint)(place * plane), sourceChannel, channels, to + (tap * (tilePitch / tiling.Planes)), sourcePitch, tilePitch, tilePitch / tiling.OuterTaps, scratch);
        }

        return strip.Tiles;
    }

    /// <summary>Writes result channels [lane, lane + lanes) of some strips.</summary>
    private void Gather(int first, int end, int group, int lane, int lanes, T* sums, in Operands<T> operands, T* scratch)
    {
        for (var index = first; index < end; index++)
        {
            var strip = tiling.Locate(index);
            var row = ((nint)group * rows) + lane;
            var result = (transposed ? operands.Input : operands.Output) + ((((nint)strip.Example * groups * rows) + row) * resultChannel) + ((nint)strip.Outer * resultPlane);
            strips.Result(strip, sums, sumPitch, sumRow, residueRow, lanes, operands.Bias == null ? null : operands.Bias + row, result, resultChannel, operands.Accumulate, scratch);
            sums += strip.Tiles * sumRow;
        }
    }

    /// <summary>One component of one panel: [tile][c] of all outer taps times [outer tap][c][lanes].</summary>
    private void Multiply(T* source, int tiles, T* kernel, int count, int width, T* sums, bool add)
    {
        nint noOffset = 0;
        var product = new PanelProduct<T> { LeftStride = tilePitch, RightPitch = width, RightSecond = TLanes.Count, RightThird = 2 * TLanes.Count, Runs = 1, RunOffsets = &noOffset, ResultStride = sumRow };
        // Channels without a gap between outer taps are one run.
        var taps = tiling.OuterTaps;
        if (count * taps == tilePitch) (count, taps) = (count * taps, 1);
        var atOnce = Up(count, Up(count, FirstCacheBytes / (PanelKernel<TVector, T, TLanes>.MostVectors * TLanes.Count * sizeof(T))));
        for (var tap = 0; tap < taps; tap++)
        {
            var left = source + (tap * (tilePitch / tiling.OuterTaps));
            for (var c = 0; c < count; c += product.RunLength, add = true)
            {
                product.RunLength = Math.Min(atOnce, count - c);
                product.Right = kernel + ((((nint)tap * count) + c) * width);
                product.Add = add;
                for (int tile = 0, height; tile < tiles; tile += height)
                {
                    height = PanelKernel<TVector, T, TLanes>.HeightFor(tiles - tile);
                    product.Rows = Math.Min(height, tiles - tile);
                    product.Left = left + (tile * tilePitch) + c;
                    product.Result = sums + (tile * sumRow);
                    PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
                }
            }
        }
    }

    /// <summary>
    /// The number of blocks of strips: few, so that the kernel is not read too often, but as many as keep a block's
    /// transforms in L2, or at least in 4 MiB, and threads busy.
    /// </summary>
    private int ChooseBlocks(long kernelBytes, int wantedJobs)
    {
        const long secondCache = 512 * 1024, most = 4 * 1024 * 1024;
        // A tiled operator's kernel is far beyond L2: a block has 32 tiles for one reading, even where these are four jobs alone.
        var wanted = tiling.Residues == 1 ? wantedJobs : Math.Clamp((int)(tiling.Tiles / 32), wantedJobs / 2, wantedJobs);
        long perTile = components * (tilePitch + (tiling.Residues * residueRow)) * sizeof(T);
        var best = (Cost: double.MaxValue, Blocks: tiling.Strips);
        var fewest = Math.Min(tiling.Strips, Up(wanted, groups));
        for (var perBlock = 1; perBlock <= Up(tiling.Strips, fewest); perBlock++)
        {
            var tiles = perBlock * tiling.TilesPerStrip;
            if (perBlock > 1 && tiles * perTile > most) break;
            // In cycles for each tile and number of U_ξ: multiplying, reading U, and carrying V and the sums beyond L2 and back.
            var cost = ((1.125 * ((tiles + 3) / 4 * 4)) + (kernelBytes > secondCache ? 9.0 : 3.0)) / tiles;
            if (tiles * perTile > secondCache) cost += 18.0 * perTile / kernelBytes;
            if (cost < best.Cost) best = (cost, Math.Max(fewest, Up(tiling.Strips, perBlock)));
        }

        return best.Blocks;
    }

    private (int Lane, int Width) PanelAt(int panel) => Panel(vectors, panels, panel, TLanes.Count);
}
