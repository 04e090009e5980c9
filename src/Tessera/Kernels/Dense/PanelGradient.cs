using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Kernel gradient of shared and tiled operators with dense or grouped channels: dK[m, (c, q)] = Σ_positions G[m, position] ·
/// V[c, x(position, q)], a matrix product whose k runs through the output positions of a tile residue.
/// <code>
///                         columns (c, lane tap), up to 3 vectors
///     k = position  [ a box of the input, channels last, see GradientBox ]
///       ↓                 shifted by a row or so for each outer tap
///     G[m, position]  [ kernel ]  [ sums of a job: outer tap × m × columns, in L2 ]
/// </code>
/// A job is a block of columns by a block of rows m by a block of outer taps of one group and residue, and one part of the
/// boxes (see <see cref="PartialSums{TVector, T, TLanes}"/>). It walks its boxes in order and adds each one's sums to its own.
/// </summary>
internal sealed unsafe class PanelGradient<TVector, T, TLanes> : Algorithm<T>, ICosted
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int PositionsAtOnce = 512;

    private readonly OperatorGeometry geometry;
    private readonly int batch;
    private readonly GradientBlocking<TVector, T, TLanes> blocking;
    private readonly PartialSums<TVector, T, TLanes> parts;
    private readonly nint inputPlane;
    private readonly nint outputPlane;
    private readonly long panelSums;
    private readonly long panelElements;
    private readonly long outputElements;
    private readonly long rowElements;

    public PanelGradient(OperatorGeometry geometry, int batch, int wantedJobs)
    {
        this.geometry = geometry;
        this.batch = batch;
        blocking = new GradientBlocking<TVector, T, TLanes>(geometry, batch, wantedJobs);
        parts = new PartialSums<TVector, T, TLanes>(blocking.Parts, geometry.KernelShape.Product);
        (inputPlane, outputPlane) = ((nint)geometry.InputSize.Product, (nint)geometry.OutputSize.Product);
        panelSums = (long)blocking.TapsPerBlock * blocking.RowsPerBlock * blocking.Width;
        panelElements = blocking.Boxes.Max(box => box?.Elements ?? 0) * blocking.Width;
        outputElements = blocking.Boxes.Max(box => box?.Positions ?? 0) * blocking.RowsPerBlock;
        rowElements = 3 * (blocking.Boxes.Max(box => box?.Rows ?? 0) + 8L) * sizeof(nint) / sizeof(T);
        Stages = parts.Stages(blocking.Jobs);
    }

    public override string Name
    {
        get
        {
            var box = blocking.Boxes.First(box => box is not null)!;
            return string.Create(CultureInfo.InvariantCulture, $"matrix product over output positions, {TLanes.Name} vectors, {blocking.Boxes.Length} residues of {blocking.Rows} rows × {blocking.OuterTaps} taps × {blocking.Channels * blocking.LaneTaps} columns ({blocking.Channels} channels, {blocking.LaneTaps} taps), blocks of {blocking.RowsPerBlock} × {blocking.TapsPerBlock} × {blocking.PanelsPerBlock * blocking.Width}, {parts.Parts} parts of boxes of {box.Positions} positions in {box.Rows} rows");
        }
    }

    public override long SharedElements => parts.SharedElements;

    public override long WorkerElements => (blocking.PanelsPerBlock * (panelSums + panelElements)) + outputElements + rowElements;

    public override IReadOnlyList<int> Stages { get; }

    /// <inheritdoc/>
    public double Cost => 1.15 * (blocking.Cost + (2.0 * blocking.Rows * blocking.Channels * blocking.Volume));

    /// <inheritdoc/>
    public int Lanes => TLanes.Count;

    [SkipLocalsInit]
    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (stage == 1)
        {
            parts.Add(job, operands, shared);
            return;
        }

        int rows = blocking.Rows, channels = blocking.Channels;
        job = Math.DivRem(job, blocking.TapBlocks, out var tapBlock);
        job = Math.DivRem(job, blocking.RowBlocks, out var rowBlock);
        job = Math.DivRem(job, blocking.ColumnBlocks, out var columnBlock);
        job = Math.DivRem(job, geometry.Groups, out var group);
        var part = Math.DivRem(job, blocking.Boxes.Length, out var residue);
        int tap = tapBlock * blocking.TapsPerBlock, row = rowBlock * blocking.RowsPerBlock;
        var (firstPanel, endPanel) = Shares.Of(blocking.Panels, blocking.ColumnBlocks, columnBlock);
        var block = new Block
        {
            Source = operands.Input + ((nint)group * channels * inputPlane),
            Gradient = operands.Output + ((((nint)group * rows) + row) * outputPlane),
            Tap = tap,
            Taps = Math.Min(blocking.TapsPerBlock, blocking.OuterTaps - tap),
            Rows = Math.Min(blocking.RowsPerBlock, rows - row),
            FirstPanel = firstPanel,
            EndPanel = endPanel,
        };
        var box = blocking.Boxes[residue];
        var (first, end) = parts.Range(part, box?.Boxes ?? 0);
        if (first < end) Sum(box!, first, end, block, own);
        else new Span<T>(own, checked((int)(blocking.PanelsPerBlock * panelSums))).Clear();

        var volume = blocking.Volume;
        var kernel = parts.Kernel(part, operands, shared, out var accumulate) + ((((nint)residue * geometry.PairCount) + ((((nint)group * rows) + row) * channels)) * volume);
        for (var m = 0; m < block.Rows; m++, kernel += (nint)channels * volume)
        {
            for (var panel = block.FirstPanel; panel < block.EndPanel; panel++)
            {
                var (column, columns, width) = Columns(panel);
                var sums = own + ((panel - block.FirstPanel) * (nint)panelSums) + (m * width);
                var pitch = (nint)blocking.RowsPerBlock * width;
                if (blocking.LaneTaps == 1)
                {
                    Transposition.Run(sums, pitch, block.Taps, columns, kernel + ((nint)column * volume) + tap, volume, accumulate, TLanes.Count * sizeof(T) > 16);
                    continue;
                }

                for (var t = 0; t < block.Taps; t++, sums += pitch) Write(sums, kernel, tap + t, column, columns, accumulate);
            }
        }
    }

    /// <summary>The sums of a job over some boxes, [panel, tap, row, column].</summary>
    private void Sum(GradientBox box, int first, int end, in Block block, T* sums)
    {
        var inputs = sums + (blocking.PanelsPerBlock * panelSums);
        var outputs = inputs + (blocking.PanelsPerBlock * panelElements);
        var inputRows = (nint*)(outputs + outputElements);
        var outputRows = inputRows + box.Rows;
        var offsets = outputRows + box.Rows;
        nint sourceImage = geometry.InputChannels * inputPlane, resultImage = geometry.OutputChannels * outputPlane;
        var corner = stackalloc int[geometry.Axes.Length + 1];
        for (var index = first; index < end; index++)
        {
            box.Place(index, corner);
            var runs = box.FindRows(corner, batch, resultImage, inputRows, outputRows, out var length);
            var inPlace = IsTogether(outputRows, runs, length);
            if (!inPlace) PackOutputs(block.Gradient, outputRows, runs, length, block.Rows, outputs);
            var left = inPlace ? block.Gradient + outputRows[0] : outputs;
            var leftStride = inPlace ? outputPlane : (nint)runs * length;
            for (var panel = block.FirstPanel; panel < block.EndPanel; panel++)
            {
                var at = panel - block.FirstPanel;
                var (column, columns, width) = Columns(panel);
                var right = inputs + (at * (nint)panelElements);
                // Vectors are whole: what stands past the last column is multiplied too.
                if (index == first && columns < width) new Span<T>(right, (int)panelElements).Clear();
                box.LayOut<TVector, T, TLanes>(block.Source, sourceImage, inputPlane, corner, batch, column, columns, width, right);
                for (var run = 0; run < runs; run++) offsets[run] = inputRows[run] * width;
                var product = new PanelProduct<T>
                {
                    Left = left,
                    LeftStride = leftStride,
                    Right = right,
                    RightPitch = (nint)box.Pitch * width,
                    RightSecond = TLanes.Count,
                    RightThird = 2 * TLanes.Count,
                    Runs = runs,
                    RunLength = length,
                    RunOffsets = offsets,
                    Result = sums + (at * (nint)panelSums),
                    ResultStride = width,
                    Add = index > first,
                };
                Multiply(product, box.TapShifts, block, fetchesLeft: inPlace && at == 0);
            }
        }
    }

    /// <summary>A box of G times one panel of its inputs, for all taps and rows of a job.</summary>
    private void Multiply(in PanelProduct<T> whole, nint[] tapShifts, in Block block, bool fetchesLeft)
    {
        var product = whole;
        var width = (int)whole.ResultStride;
        var atOnce = Math.Max(1, PositionsAtOnce / whole.RunLength);
        for (var run = 0; run < whole.Runs; run += atOnce)
        {
            product.Runs = Math.Min(atOnce, whole.Runs - run);
            product.RunOffsets = whole.RunOffsets + run;
            product.Add = whole.Add || run > 0;
            for (var t = 0; t < block.Taps; t++)
            {
                product.Right = whole.Right + (tapShifts[block.Tap + t] * width);
                for (int m = 0, height; m < block.Rows; m += height)
                {
                    height = PanelKernel<TVector, T, TLanes>.HeightFor(block.Rows - m);
                    product.Rows = Math.Min(height, block.Rows - m);
                    product.Left = whole.Left + (m * whole.LeftStride) + ((nint)run * whole.RunLength);
                    // Rows of G are far apart and a run is short: the processor would not see the next one coming.
                    if (fetchesLeft && t == 0) Prefetch.Rows(product.Left + ((nint)product.Runs * whole.RunLength), whole.LeftStride, product.Rows, product.Runs * whole.RunLength);
                    product.Result = whole.Result + ((((nint)t * blocking.RowsPerBlock) + m) * width);
                    PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
                }
            }
        }
    }

    /// <summary>The columns of a panel, and how many its vectors have room for.</summary>
    private (int First, int Count, int Width) Columns(int panel)
    {
        int from = blocking.Vectors * panel / blocking.Panels, end = blocking.Vectors * (panel + 1) / blocking.Panels;
        var first = from * TLanes.Count;
        return (first, Math.Min(end * TLanes.Count, blocking.Channels * blocking.LaneTaps) - first, (end - from) * TLanes.Count);
    }

    /// <summary>Whether a box's output positions lie together in G, so that it can be read in place; not where its rows would fall on one another in the cache.</summary>
    private bool IsTogether(nint* outputRows, int runs, int length)
    {
        if (geometry.Axes[^1].Tile != 1 || outputPlane * sizeof(T) % 4096 == 0) return false;
        for (var run = 1; run < runs; run++)
        {
            if (outputRows[run] != outputRows[run - 1] + length) return false;
        }

        return true;
    }

    private void PackOutputs(T* gradient, nint* outputRows, int runs, int length, int rowCount, T* to)
    {
        for (var m = 0; m < rowCount; m++, gradient += outputPlane)
        {
            for (var run = 0; run < runs; run++, to += length) RowCopy<TVector, T, TLanes>.Copy(gradient + outputRows[run], geometry.Axes[^1].Tile, to, length);
        }
    }

    /// <summary>Spreads one row of sums over the kernel elements of its columns.</summary>
    private void Write(T* sums, T* kernel, int outerTap, int column, int columns, bool accumulate)
    {
        var channel = Math.DivRem(column, blocking.LaneTaps, out var lane);
        var to = kernel + ((nint)channel * blocking.Volume) + ((nint)outerTap * blocking.LaneTaps) + lane;
        for (var i = 0; i < columns; i++)
        {
            *to = accumulate ? *to + sums[i] : sums[i];
            to++;
            if (++lane < blocking.LaneTaps) continue;
            lane = 0;
            to += blocking.Volume - blocking.LaneTaps;
        }
    }

    /// <summary>What a job sums: rows of G from the first on, by panels of columns, for some outer taps.</summary>
    private struct Block
    {
        public T* Source;
        public T* Gradient;
        public int Rows;
        public int Tap;
        public int Taps;
        public int FirstPanel;
        public int EndPanel;
    }
}
