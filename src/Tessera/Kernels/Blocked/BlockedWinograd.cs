using System.Globalization;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using Tessera.Kernels.Winograd;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// A shared 3×3 convolution of stride 1 by Winograd's algorithm (see <see cref="TileTransform{TVector, T, TLanes}"/>): 36 products for a tile of 4 × 4
/// results in place of 144. On blocked tensors a transform is a handful of vector sums, and nothing is turned round.
/// <code>
///     6 × 6 of a block of channels  →  V [ξ][tile][c]     U [ξ][c][m]  ←  kernel, packed once
///                                             sums [ξ][tile][m]  =  V ξ  ×  U ξ
///     4 × 4 of a vector of results  ←  sums, + bias + residual, rectified
/// </code>
/// Few tiles: all are transformed in a first stage, and a job is a panel of result channels by a part of the tiles. Many: a job is a part of the tiles,
/// from source to result. A large kernel is kept as it is and transformed where it is used: that costs less than reading its transform, four times its size.
/// </summary>
internal sealed unsafe class BlockedWinograd<TVector, T, TLanes> : BlockedAlgorithm<T>
    where TVector : struct
    where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int Points = 6;
    private const int Outputs = 4;
    private const int Taps = 3;
    private const int Components = Points * Points;
    private const int MostTiles = 48;
    private const int LeastTiles = 12;
    private const int ChannelsAhead = 4;
    private const int KernelBytes = 24 * 1024;
    private const long SharedSourceBytes = 8L << 20;
    private const long LargeKernelBytes = 4L << 20;
    private const int TransformedBytes = 384 * 1024;

    private readonly TileTransform<TVector, T, TLanes> transform = new();
    private readonly AxisGeometry rowAxis;
    private readonly AxisGeometry columnAxis;
    private readonly int inputs;
    private readonly int outputs;
    private readonly int sourceBlocks;
    private readonly int vectors;
    private readonly int panels;
    private readonly int rowTiles;
    private readonly int columnTiles;
    private readonly int tiles;
    private readonly int tileBlocks;
    private readonly int mostTiles;
    private readonly bool inTwoStages;
    private readonly bool transformsLate;
    private readonly int atOnce;
    private readonly nint tilePitch;
    private readonly nint sourcePitch;
    private readonly nint sumPitch;
    private readonly nint latePitch;
    private readonly nint kernelPerVector;

    public BlockedWinograd(OperatorGeometry geometry, int batch, int wantedJobs = Shares.LeastJobs)
    {
        (rowAxis, columnAxis) = (geometry.Axes[0], geometry.Axes[1]);
        (outputs, inputs) = (geometry.OutputChannels, geometry.InputChannels);
        sourceBlocks = Up(inputs, TLanes.Count);
        vectors = Up(outputs, TLanes.Count);
        var widest = BlockedTile<TVector, T, TLanes>.MostVectors;
        panels = Up(vectors, widest);
        (rowTiles, columnTiles) = (Up(rowAxis.Output, Outputs), Up(columnAxis.Output, Outputs));
        tiles = checked(batch * rowTiles * columnTiles);
        tilePitch = (nint)sourceBlocks * TLanes.Count;
        inTwoStages = (long)Components * tiles * tilePitch * sizeof(T) <= SharedSourceBytes;
        tileBlocks = Up(tiles, MostTiles);
        var wanted = inTwoStages ? Up(wantedJobs, panels) : wantedJobs;
        if (tileBlocks < wanted) tileBlocks = Math.Clamp(tiles / LeastTiles, tileBlocks, wanted);
        mostTiles = Up(tiles, tileBlocks);
        transformsLate = (long)Components * inputs * vectors * TLanes.Count * sizeof(T) > LargeKernelBytes;
        var perChannel = widest * TLanes.Count * sizeof(T);
        atOnce = Up(inputs, Up(inputs, transformsLate ? Math.Max(1, TransformedBytes / (Components * perChannel)) : Math.Max(1, KernelBytes / perChannel)));
        sourcePitch = Pitch((inTwoStages ? tiles : mostTiles) * tilePitch);
        sumPitch = Pitch((nint)mostTiles * widest * TLanes.Count);
        latePitch = Pitch((nint)atOnce * widest * TLanes.Count);
        kernelPerVector = (nint)(transformsLate ? Taps * Taps : Components) * inputs * TLanes.Count;
        Stages = inTwoStages ? [Up(tiles, Outputs), panels * tileBlocks] : [tileBlocks];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"blocked Winograd, {TLanes.Name} vectors, {inputs} channels to {outputs}, {tiles} tiles, kernel transformed {(transformsLate ? "where it is used" : "once")}, {Stages[^1]} jobs");

    /// <summary>What a run costs, in cycles as they were measured.</summary>
    public double Cost => (tiles * (double)vectors * inputs * Components / 2 * 1.1 * Up(mostTiles, 6) * 6 / mostTiles)
        + (120.0 * tiles * (sourceBlocks + vectors))
        + (transformsLate ? 320.0 * inputs * vectors * tileBlocks : 0);

    public override long PackedElements => ((long)vectors * TLanes.Count) + (kernelPerVector * vectors);

    public override int PackJobs => panels;

    public override long SharedElements => inTwoStages ? Components * sourcePitch : 0;

    public override long WorkerElements => (Components * (sumPitch + (inTwoStages ? 0 : sourcePitch) + (transformsLate ? latePitch : 0))) + (2 * Components * TLanes.Count);

    public override bool GainsByBatch => transformsLate;

    public override int[] Stages { get; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pack(int job, in FoldedKernel<T> parameters, T* packed)
    {
        var (first, width) = PanelAt(job);
        int row = first * TLanes.Count, lanes = Math.Min(width * TLanes.Count, outputs - row), pitch = width * TLanes.Count;
        new Span<T>(packed + row, pitch).Clear();
        new Span<T>(parameters.Bias + row, lanes).CopyTo(new Span<T>(packed + row, lanes));
        var to = packed + ((nint)vectors * TLanes.Count) + (first * kernelPerVector);
        // Kept as they are, the taps of a vector follow one another, so that reading them is one stream.
        var taps = stackalloc T[Taps * Taps * pitch];
        var columns = stackalloc T[Taps * Taps * pitch];
        var factors = stackalloc T[pitch];
        var rows = new ChannelRows<TVector, T, TLanes>(parameters, row, lanes, inputs * Taps * Taps);
        rows.Factors(factors, pitch);
        for (var c = 0; c < inputs; c++)
        {
            rows.Turn(c * Taps * Taps, Taps * Taps, columns, pitch, factors);
            for (var tap = 0; tap < Taps * Taps; tap++)
            {
                var into = taps + ((rowAxis.Flip ? (Taps * Taps) - 1 - tap : tap) * TLanes.Count);
                for (var v = 0; v < width; v++) TLanes.Store(TLanes.Load(columns + (tap * pitch) + (v * TLanes.Count)), into + (v * Taps * Taps * TLanes.Count));
            }

            if (transformsLate) new Span<T>(taps, Taps * Taps * pitch).CopyTo(new Span<T>(to + ((nint)c * Taps * Taps * pitch), Taps * Taps * pitch));
            else Transform(taps, width, to + ((nint)c * pitch), (nint)inputs * pitch);
        }
    }

    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own)
    {
        var scratch = own + (Components * (sumPitch + (inTwoStages ? 0 : sourcePitch) + (transformsLate ? latePitch : 0)));
        if (inTwoStages && stage == 0)
        {
            var end = Math.Min(tiles, (job + 1) * Outputs);
            for (var tile = job * Outputs; tile < end; tile++) Spread(operands, tile, shared + (tile * tilePitch), scratch);
            return;
        }

        var panel = Math.DivRem(job, tileBlocks, out var block);
        var (firstTile, endTile) = Shares.Of(tiles, tileBlocks, block);
        if (inTwoStages)
        {
            Panel(operands, panel, firstTile, endTile, shared + (firstTile * tilePitch), own, scratch);
            return;
        }

        var source = own + (Components * (sumPitch + (transformsLate ? latePitch : 0)));
        for (var tile = firstTile; tile < endTile; tile++) Spread(operands, tile, source + ((tile - firstTile) * tilePitch), scratch);
        for (panel = 0; panel < panels; panel++) Panel(operands, panel, firstTile, endTile, source, own, scratch);
    }

    /// <summary>One panel of result channels of some tiles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Panel(in BlockedOperands<T> operands, int panel, int firstTile, int endTile, T* source, T* sums, T* scratch)
    {
        var (first, width) = PanelAt(panel);
        var pitch = (nint)width * TLanes.Count;
        var kernel = operands.Packed + ((nint)vectors * TLanes.Count) + (first * kernelPerVector);
        var late = sums + (Components * sumPitch);
        var nothing = stackalloc T[width * TLanes.Count];
        new Span<T>(nothing, width * TLanes.Count).Clear();
        for (var c = 0; c < inputs; c += atOnce)
        {
            var depth = Math.Min(atOnce, inputs - c);
            for (var i = 0; transformsLate && i < depth; i++)
            {
                var taps = kernel + ((nint)(c + i) * Taps * Taps * pitch);
                Prefetch.Elements(taps + (ChannelsAhead * Taps * Taps * pitch), Taps * Taps * pitch);
                Transform(taps, width, late + (i * pitch), latePitch);
            }

            for (var component = 0; component < Components; component++)
            {
                var product = new TileProduct<T>
                {
                    SourceStep = tilePitch,
                    Channels = 1,
                    Rows = 1,
                    Columns = 1,
                    Depth = depth,
                    Kernel = transformsLate ? late + (component * latePitch) : kernel + ((((nint)component * inputs) + c) * pitch),
                    Bias = c == 0 ? nothing : null,
                    ResultStep = pitch,
                    ResultVector = TLanes.Count,
                };
                // The next component's part of the kernel is fetched a little with every tile.
                var ahead = product.Kernel + ((nint)inputs * pitch);
                var share = transformsLate ? 0 : (depth * pitch / Up(endTile - firstTile, BlockedTile<TVector, T, TLanes>.MostPositions)) + 1;
                for (int tile = firstTile, count; tile < endTile; tile += count, ahead += share)
                {
                    Prefetch.Elements(ahead, share);
                    count = Up(endTile - tile, Up(endTile - tile, BlockedTile<TVector, T, TLanes>.MostPositions));
                    product.Source = source + (component * sourcePitch) + ((tile - firstTile) * tilePitch) + c;
                    product.Result = sums + (component * sumPitch) + ((tile - firstTile) * pitch);
                    BlockedTile<TVector, T, TLanes>.Multiply(product, count, width);
                }
            }
        }

        for (var tile = firstTile; tile < endTile; tile++)
        {
            for (var v = 0; v < width; v++) Gather(operands, tile, first + v, sums + ((tile - firstTile) * pitch) + ((nint)v * TLanes.Count), scratch);
        }
    }

    /// <summary>The kernel's transform of one channel for a panel.</summary>
    private static void Transform(T* taps, int width, T* to, nint componentPitch) =>
        PointTransform<TVector, T, TLanes>.EvaluateSquare(taps, Taps * TLanes.Count, TLanes.Count, Taps * Taps * TLanes.Count, to, componentPitch, TLanes.Count, width);

    /// <summary>Bᵀ d B of one tile's source, of all channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Spread(in BlockedOperands<T> operands, int tile, T* to, T* scratch)
    {
        var (example, y, x) = Locate(tile);
        (y, x) = (y - rowAxis.PadLow, x - columnAxis.PadLow);
        nint row = (nint)columnAxis.Input * TLanes.Count, plane = rowAxis.Input * row;
        var from = operands.Input + (example * operands.InputExample);
        int top = Math.Max(0, -y), bottom = Math.Clamp(rowAxis.Input - y, top, Points), left = Math.Max(0, -x), right = Math.Clamp(columnAxis.Input - x, left, Points);
        var isWhole = top == 0 && left == 0 && bottom == Points && right == Points;
        var halfway = scratch + (Components * TLanes.Count);
        if (!isWhole) new Span<T>(scratch, Components * TLanes.Count).Clear();
        for (var block = 0; block < sourceBlocks; block++, from += plane, to += TLanes.Count)
        {
            var at = from + (y * row) + ((nint)x * TLanes.Count);
            if (isWhole)
            {
                transform.Source(at, row, to, sourcePitch, halfway);
                continue;
            }

            for (var r = top; r < bottom; r++)
            {
                for (var q = left; q < right; q++) TLanes.Store(TLanes.Load(at + (r * row) + ((nint)q * TLanes.Count)), scratch + (((r * Points) + q) * TLanes.Count));
            }

            transform.Source(scratch, Points * TLanes.Count, to, sourcePitch, halfway);
        }
    }

    /// <summary>Mᵀ y M of one tile and vector of channels, finished, into the result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(in BlockedOperands<T> operands, int tile, int vector, T* from, T* scratch)
    {
        var (example, y, x) = Locate(tile);
        nint row = (nint)columnAxis.Output * TLanes.Count;
        var place = (vector * rowAxis.Output * row) + (y * row) + ((nint)x * TLanes.Count);
        int rows = Math.Min(Outputs, rowAxis.Output - y), columns = Math.Min(Outputs, columnAxis.Output - x);
        var to = operands.Output + (example * operands.OutputExample) + place;
        var residual = operands.Residual == null ? null : operands.Residual + (example * operands.ResidualExample) + place;
        transform.Result(from, sumPitch, operands.Packed + ((nint)vector * TLanes.Count), residual, operands.Finish, to, row, rows, columns, scratch);
        for (var r = 0; operands.Finish.HasRest && r < rows; r++) operands.Finish.ApplyRest(to + (r * row), (nint)columns * TLanes.Count);
    }

    private (int Example, int Row, int Column) Locate(int tile)
    {
        tile = Math.DivRem(tile, columnTiles, out var column);
        var example = Math.DivRem(tile, rowTiles, out var row);
        return (example, row * Outputs, column * Outputs);
    }

    private (int First, int Width) PanelAt(int panel) => Shares.Panel(vectors, panels, panel);

    /// <summary>A distance between components: they are written one after another, so they must not fall on one another in the cache.</summary>
    private static nint Pitch(nint elements)
    {
        var line = 64 / sizeof(T);
        return ((elements + line - 1) / line * line) + (5 * line);
    }
}
