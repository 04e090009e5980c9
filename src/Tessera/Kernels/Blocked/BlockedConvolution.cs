using System.Globalization;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Blocked;

/// <summary>
/// A shared convolution over one or two axes, dense or in groups of whole blocks, taken as it stands: every tap of every block of channels is
/// a product of one number by vectors of result channels (see <see cref="BlockedTile{TVector, T, TLanes}"/>).
/// <code>
///     a job:  rows of results (of all examples)  ×  panels of result channels
///             for each panel, for each part of the channels whose kernel stays in L1, for each row: tiles of six positions
/// </code>
/// A few channels are read from planes instead: the input of a network is no tensor of blocks, and three channels are no vector.
/// </summary>
internal sealed unsafe class BlockedConvolution<TVector, T, TLanes> : BlockedAlgorithm<T>
    where TVector : struct
    where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int KernelBytes = 24 * 1024;
    private const int JobBytes = 384 * 1024;
    private const int FewTiles = 40;
    private const int PieceTiles = 16;
    private const int LeastJobProducts = 1 << 15;

    private readonly bool planes;
    private readonly int batch;
    private readonly int groups;
    private readonly int outputs;
    private readonly int inputs;
    private readonly AxisGeometry rowAxis;
    private readonly AxisGeometry columnAxis;
    private readonly int sourceBlocks;
    private readonly int depth;
    private readonly int taps;
    private readonly int vectors;
    private readonly int panels;
    private readonly int atOnce;
    private readonly int panelBlocks;
    private readonly int pieces;
    private readonly int units;
    private readonly int unitBlocks;
    private readonly int inFirst;
    private readonly int inEnd;
    private readonly nint kernelPerVector;
    private readonly int tilesPerUnit;

    /// <summary>A convolution whose last two axes these are.</summary>
    /// <param name="geometry">The operator.</param>
    /// <param name="batch">Examples N.</param>
    /// <param name="planes">Whether the input is [C, positions] instead of blocked.</param>
    /// <param name="wantedJobs">The jobs that threads want.</param>
    public BlockedConvolution(OperatorGeometry geometry, int batch, bool planes, int wantedJobs = Shares.LeastJobs)
    {
        this.batch = batch;
        this.planes = planes;
        (rowAxis, columnAxis) = BlockedKernels.Axes(geometry);
        groups = geometry.Groups;
        (outputs, inputs) = (geometry.OutputChannels / groups, geometry.InputChannels / groups);
        taps = rowAxis.Kernel * columnAxis.Kernel;
        sourceBlocks = planes ? inputs : Up(inputs, TLanes.Count);
        depth = planes ? columnAxis.Kernel : TLanes.Count;
        vectors = Up(outputs, TLanes.Count);
        panels = Up(vectors, BlockedTile<TVector, T, TLanes>.MostVectors);
        kernelPerVector = (nint)sourceBlocks * taps * (planes ? 1 : TLanes.Count) * TLanes.Count;
        inFirst = columnAxis.PadLow == 0 ? 0 : Math.Min(columnAxis.Output, Up(columnAxis.PadLow, columnAxis.Stride));
        var reach = columnAxis.Input + columnAxis.PadLow - columnAxis.DilatedKernel;
        inEnd = reach < 0 ? inFirst : Math.Max(inFirst, Math.Min(columnAxis.Output, (reach / columnAxis.Stride) + 1));
        var perBlock = taps * (planes ? 1 : TLanes.Count) * TLanes.Count * Math.Min(vectors, BlockedTile<TVector, T, TLanes>.MostVectors) * sizeof(T);
        atOnce = Up(sourceBlocks, Up(sourceBlocks, Math.Max(1, KernelBytes / perBlock)));
        // A kernel of one tap has all positions in one row, which is cut; other rows are short.
        pieces = rowAxis.Output > 1 ? 1 : EvenlyShared(Up(columnAxis.Output, PieceTiles * BlockedTile<TVector, T, TLanes>.MostPositions), wantedJobs);
        units = checked(batch * rowAxis.Output * pieces);

        tilesPerUnit = Math.Max(1, (Up(inEnd - inFirst, BlockedTile<TVector, T, TLanes>.MostPositions) + columnAxis.Output - inEnd + inFirst) / pieces);

        // Rows are cut until a job's part of input and result stays in L2, and until there are enough jobs for threads to share; then panels are.
        var unitBytes = ((columnAxis.Output * (long)columnAxis.Stride * rowAxis.Stride * inputs) + (columnAxis.Output * (long)outputs)) * sizeof(T) / pieces;
        var products = (long)columnAxis.Output * inputs * outputs * taps / pieces;
        var wanted = (int)Math.Clamp(units * groups * products / LeastJobProducts, 1, wantedJobs);
        var kernelBytes = kernelPerVector * vectors * sizeof(T);
        unitBlocks = (int)Math.Clamp(Up(units * unitBytes, JobBytes), 1, units);
        // A large kernel is better read once than the input is.
        if (kernelBytes > 2 * JobBytes) unitBlocks = (int)Math.Clamp(Up(units * unitBytes, 4L * JobBytes), 1, units);
        panelBlocks = 1;
        if (unitBlocks * groups < wanted && kernelBytes > units * unitBytes) panelBlocks = Math.Min(panels, Up(wanted, unitBlocks * groups));
        if (unitBlocks * panelBlocks * groups < wanted) unitBlocks = Math.Min(units, Up(wanted, panelBlocks * groups));
        if (unitBlocks * panelBlocks * groups < wanted) panelBlocks = Math.Min(panels, Up(wanted, unitBlocks * groups));
        var others = groups * panelBlocks;
        if (others % wantedJobs != 0 && others * unitBlocks > wantedJobs) unitBlocks = Math.Min(units, Up(unitBlocks, wantedJobs) * wantedJobs);
        Stages = [checked(others * unitBlocks)];
    }

    public override string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"blocked product, {TLanes.Name} vectors, {(planes ? "planes" : "blocks")} of {inputs} channels × {taps} taps to {outputs}{(groups == 1 ? "" : $" in {groups} groups")}, {Stages[0]} jobs");

    /// <summary>What a run costs, in cycles as they were measured; positions at the edges are done one at a time.</summary>
    public double Cost => (double)units / pieces * groups * vectors * sourceBlocks * taps * (planes ? 1 : TLanes.Count) / 2 * ((1.12 * (inEnd - inFirst)) + (2.0 * (columnAxis.Output - inEnd + inFirst)));

    public override long PackedElements => groups * ((long)vectors * TLanes.Count + (kernelPerVector * vectors));

    public override int PackJobs => groups * panels;

    public override int[] Stages { get; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pack(int job, in FoldedKernel<T> parameters, T* packed)
    {
        var group = Math.DivRem(job, panels, out var panel);
        var (first, width) = PanelAt(panel);
        var bias = packed + (((nint)group * vectors) + first) * TLanes.Count;
        var to = packed + ((nint)groups * vectors * TLanes.Count) + (((nint)group * vectors) + first) * kernelPerVector;
        var lanes = Math.Min(width * TLanes.Count, outputs - (first * TLanes.Count));
        var row = (group * outputs) + (first * TLanes.Count);
        new Span<T>(bias, width * TLanes.Count).Clear();
        new Span<T>(parameters.Bias + row, lanes).CopyTo(new Span<T>(bias, lanes));
        int inner = planes ? 1 : TLanes.Count, pitch = width * TLanes.Count, length = inputs * taps;
        // Channels that fill up a block have zeros.
        if (inputs % inner != 0) new Span<T>(to, checked((int)(width * kernelPerVector))).Clear();
        var rows = new ChannelRows<TVector, T, TLanes>(parameters, row, lanes, length);
        var columns = stackalloc T[TLanes.Count * pitch];
        var factors = stackalloc T[pitch];
        rows.Factors(factors, pitch);
        for (var column = 0; column < length; column += TLanes.Count)
        {
            var count = Math.Min(TLanes.Count, length - column);
            rows.Turn(column, count, columns, pitch, factors);
            for (var i = 0; i < count; i++)
            {
                var c = Math.DivRem(column + i, taps, out var tap);
                int r = tap / columnAxis.Kernel, q = tap % columnAxis.Kernel;
                if (rowAxis.Flip) r = rowAxis.Kernel - 1 - r;
                if (columnAxis.Flip) q = columnAxis.Kernel - 1 - q;
                var into = to + ((((((nint)(c / inner) * taps) + (r * columnAxis.Kernel) + q) * inner) + (c % inner)) * pitch);
                new Span<T>(columns + (i * pitch), pitch).CopyTo(new Span<T>(into, pitch));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own)
    {
        // Jobs that share a part of the kernel follow one another.
        job = Math.DivRem(job, unitBlocks, out var unitBlock);
        var group = Math.DivRem(job, panelBlocks, out var panelBlock);
        var (firstUnit, endUnit) = Shares.Of(units, unitBlocks, unitBlock);
        var (firstPanel, endPanel) = Shares.Of(panels, panelBlocks, panelBlock);
        for (var panel = firstPanel; panel < endPanel; panel++)
        {
            var (first, width) = PanelAt(panel);
            for (var block = 0; block < sourceBlocks; block += atOnce)
            {
                // Where few tiles use a part of the kernel, the next part is fetched a little with every tile: the product alone would wait for it.
                var part = (nint)Math.Min(atOnce, sourceBlocks - block) * (kernelPerVector / sourceBlocks) * width;
                var ahead = operands.Packed + ((nint)groups * vectors * TLanes.Count) + (((nint)group * vectors) + first) * kernelPerVector + (block * (kernelPerVector / sourceBlocks) * width) + part;
                var tiles = (endUnit - firstUnit) * tilesPerUnit;
                var share = tiles <= FewTiles ? (part / tiles) + 1 : 0;
                for (var unit = firstUnit; unit < endUnit; unit++, ahead += share * tilesPerUnit) Row(operands, group, first, width, block, unit, ahead, share);
            }
        }
    }

    /// <summary>One row of results by one panel and one part of the channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Row(in BlockedOperands<T> operands, int group, int first, int width, int block, int unit, T* ahead, nint share)
    {
        unit = Math.DivRem(unit, pieces, out var piece);
        var example = Math.DivRem(unit, rowAxis.Output, out var y);
        int firstColumn = (int)((long)columnAxis.Output * piece / pieces), endColumn = (int)((long)columnAxis.Output * (piece + 1) / pieces);
        var blocks = Math.Min(atOnce, sourceBlocks - block);
        var isLast = block + blocks == sourceBlocks;
        nint sourcePlane = (nint)rowAxis.Input * columnAxis.Input, resultPlane = (nint)rowAxis.Output * columnAxis.Output * TLanes.Count;
        nint unitOfSource = planes ? 1 : TLanes.Count;
        var vector = (group * vectors) + first;
        var kernel = operands.Packed + ((nint)groups * vectors * TLanes.Count) + (vector * kernelPerVector);
        nint kernelColumn = (nint)width * TLanes.Count * unitOfSource;

        var top = (y * rowAxis.Stride) - rowAxis.PadLow;
        var firstTap = top >= 0 ? 0 : Up(-top, rowAxis.Dilation);
        var endTap = Math.Max(firstTap, Math.Min(rowAxis.Kernel, rowAxis.Input - top <= 0 ? 0 : ((rowAxis.Input - 1 - top) / rowAxis.Dilation) + 1));
        var product = new TileProduct<T>
        {
            SourceStep = columnAxis.Stride * unitOfSource,
            Channels = blocks,
            ChannelStep = sourcePlane * unitOfSource,
            Rows = endTap - firstTap,
            RowStep = (nint)rowAxis.Dilation * columnAxis.Input * unitOfSource,
            Columns = planes ? 1 : columnAxis.Kernel,
            ColumnStep = columnAxis.Dilation * unitOfSource,
            Depth = depth,
            KernelChannel = taps * kernelColumn,
            KernelRow = columnAxis.Kernel * kernelColumn,
            KernelColumn = kernelColumn,
            Bias = block == 0 ? operands.Packed + ((nint)vector * TLanes.Count) : null,
            ResultStep = TLanes.Count,
            ResultVector = resultPlane,
            ResidualVector = resultPlane,
            Rectify = isLast && operands.Finish.Rectifies,
            IsBounded = operands.Finish.IsBounded,
            Bound = operands.Finish.Bound,
        };
        var row = operands.Input + (example * operands.InputExample) + ((((nint)group * sourceBlocks) + block) * product.ChannelStep)
            + ((nint)(top + (firstTap * rowAxis.Dilation)) * columnAxis.Input * unitOfSource);
        kernel += (block * product.KernelChannel) + (firstTap * product.KernelRow);
        var place = (vector * resultPlane) + ((nint)y * columnAxis.Output * TLanes.Count);
        var result = operands.Output + (example * operands.OutputExample) + place;
        var residual = isLast && operands.Residual != null ? operands.Residual + (example * operands.ResidualExample) + place : null;

        for (int x = firstColumn, count; x < endColumn; x += count)
        {
            count = 1;
            int tap = 0, end = columnAxis.Kernel, left = (x * columnAxis.Stride) - columnAxis.PadLow;
            if (x >= inFirst && x < inEnd)
            {
                var inside = Math.Min(inEnd, endColumn) - x;
                count = Up(inside, Up(inside, BlockedTile<TVector, T, TLanes>.MostPositions));
            }
            else
            {
                tap = left >= 0 ? 0 : Math.Min(end, Up(-left, columnAxis.Dilation));
                end = Math.Max(tap, Math.Min(end, columnAxis.Input - left <= 0 ? 0 : ((columnAxis.Input - 1 - left) / columnAxis.Dilation) + 1));
            }

            Prefetch.Elements(ahead, share);
            ahead += share;
            if (planes) product.Depth = end - tap;
            else product.Columns = end - tap;
            product.Source = row + ((left + (tap * (nint)columnAxis.Dilation)) * unitOfSource);
            product.Kernel = kernel + (tap * kernelColumn);
            product.Result = result + ((nint)x * TLanes.Count);
            product.Residual = residual == null ? null : residual + ((nint)x * TLanes.Count);
            BlockedTile<TVector, T, TLanes>.Multiply(product, count, width);
        }

        if (!isLast || !operands.Finish.HasRest) return;
        for (var v = 0; v < width; v++) operands.Finish.ApplyRest(result + (v * resultPlane) + ((nint)firstColumn * TLanes.Count), (nint)(endColumn - firstColumn) * TLanes.Count);
    }

    /// <summary>The nearest number of pieces that as many threads as there are jobs wanted can share evenly.</summary>
    private static int EvenlyShared(int count, int wantedJobs) => count <= wantedJobs / 2 ? count : Math.Max(1, (count + (wantedJobs / 2)) / wantedJobs) * wantedJobs;

    private (int First, int Width) PanelAt(int panel) => Panel(vectors, panels, panel);
}
