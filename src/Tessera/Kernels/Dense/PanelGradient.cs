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
/// A job is a block of columns by a block of rows m by a block of outer taps of one group and residue. It walks all
/// boxes in order, adds each one's partial sums to its own, and writes them into dK at the end, so no two jobs
/// write the same number and the order of sums is always the same.
/// </summary>
internal sealed unsafe class PanelGradient<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int BoxBytes = 256 * 1024;
    private const int OutputBytes = 128 * 1024;
    private const int SumBytes = 256 * 1024;
    private const int RowBlock = 64;
    private const int PositionsAtOnce = 512;

    private readonly OperatorGeometry geometry;
    private readonly int batch;
    private readonly TapConvolution[] parts;
    private readonly GradientBox?[] boxes;
    private readonly int rows;
    private readonly int channels;
    private readonly nint inputPlane;
    private readonly nint outputPlane;
    private readonly int volume;
    private readonly int laneTaps;
    private readonly int outerTaps;
    private readonly int vectors;
    private readonly int columnBlocks;
    private readonly int rowBlocks;
    private readonly int rowsPerBlock;
    private readonly int tapBlocks;
    private readonly int tapsPerBlock;
    private readonly long sumElements;
    private readonly long boxElements;
    private readonly long outputElements;
    private readonly long rowElements;

    public PanelGradient(OperatorGeometry geometry, int batch)
    {
        this.geometry = geometry;
        this.batch = batch;
        parts = TapConvolution.Forward(geometry);
        rows = geometry.OutputChannels / geometry.Groups;
        channels = geometry.InputChannels / geometry.Groups;
        (inputPlane, outputPlane) = ((nint)geometry.InputSize.Product, (nint)geometry.OutputSize.Product);
        volume = (int)geometry.KernelSize.Product;

        var expanded = ChooseExpanded();
        var width = MostWidth(expanded);
        boxes = [.. parts.Select(part => part.Positions == 0 ? null : MakeBox(part, expanded, width))];
        laneTaps = LaneTapsOf(expanded);
        outerTaps = volume / laneTaps;
        vectors = Up(channels * laneTaps, TLanes.Count);
        columnBlocks = Up(vectors, PanelKernel<TVector, T, TLanes>.MostVectors);
        tapsPerBlock = Math.Clamp(SumBytes / (width * 8 * sizeof(T)), 1, outerTaps);
        tapBlocks = Up(outerTaps, tapsPerBlock);
        tapsPerBlock = Up(outerTaps, tapBlocks);
        var mostRows = Math.Max(8, SumBytes / (tapsPerBlock * width * sizeof(T)));
        rowBlocks = Up(rows, Math.Min(mostRows, RowBlock));
        rowsPerBlock = Up(Up(rows, rowBlocks), 8) * 8;
        rowBlocks = Up(rows, rowsPerBlock);
        sumElements = (long)tapsPerBlock * rowsPerBlock * width;
        boxElements = boxes.Max(box => box?.Elements ?? 0) * width;
        outputElements = boxes.Max(box => box?.Positions ?? 0) * rowsPerBlock;
        rowElements = 2 * (boxes.Max(box => box?.Rows ?? 0) + 8L) * sizeof(nint) / sizeof(T);
        Stages = [checked(parts.Length * geometry.Groups * columnBlocks * rowBlocks * tapBlocks)];
    }

    public override string Name
    {
        get
        {
            var box = boxes.First(box => box is not null)!;
            return string.Create(CultureInfo.InvariantCulture, $"matrix product over output positions, {TLanes.Name} vectors, {parts.Length} residues of {rows} rows × {outerTaps} taps × {channels * laneTaps} columns ({channels} channels, {laneTaps} taps), blocks of {rowsPerBlock} × {tapsPerBlock} × {Up(vectors, columnBlocks) * TLanes.Count}, boxes of {box.Positions} positions in {box.Rows} rows");
        }
    }

    public override long WorkerElements => sumElements + boxElements + outputElements + rowElements;

    public override IReadOnlyList<int> Stages { get; }

    [SkipLocalsInit]
    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        job = Math.DivRem(job, tapBlocks, out var tapBlock);
        job = Math.DivRem(job, rowBlocks, out var rowBlock);
        job = Math.DivRem(job, columnBlocks, out var columnBlock);
        var residue = Math.DivRem(job, geometry.Groups, out var group);
        int tap = tapBlock * tapsPerBlock, taps = Math.Min(tapsPerBlock, outerTaps - tap);
        int row = rowBlock * rowsPerBlock, rowCount = Math.Min(rowsPerBlock, rows - row);
        int firstVector = (int)((long)vectors * columnBlock / columnBlocks), endVector = (int)((long)vectors * (columnBlock + 1) / columnBlocks);
        int column = firstVector * TLanes.Count, columns = Math.Min(endVector * TLanes.Count, channels * laneTaps) - column;
        var width = (endVector - firstVector) * TLanes.Count;

        if (boxes[residue] is { } box)
        {
            var source = operands.Input + ((nint)group * channels * inputPlane);
            var gradient = operands.Output + ((((nint)group * rows) + row) * outputPlane);
            Sum(box, source, gradient, rowCount, tap, taps, column, columns, width, own);
        }
        else
        {
            new Span<T>(own, checked((int)sumElements)).Clear();
        }

        var kernel = operands.Kernel + ((((nint)residue * geometry.PairCount) + ((((nint)group * rows) + row) * channels)) * volume);
        for (var m = 0; m < rowCount; m++, kernel += (nint)channels * volume)
        {
            for (var t = 0; t < taps; t++)
            {
                Write(own + ((((nint)t * rowsPerBlock) + m) * width), kernel, tap + t, column, columns, operands.Accumulate);
            }
        }
    }

    /// <summary>The sums of a job over all boxes, [tap, row, column].</summary>
    private void Sum(GradientBox box, T* source, T* gradient, int rowCount, int tap, int taps, int column, int columns, int width, T* sums)
    {
        var inputs = sums + sumElements;
        var outputs = inputs + boxElements;
        var inputRows = (nint*)(outputs + outputElements);
        var outputRows = inputRows + box.Rows;
        nint sourceImage = geometry.InputChannels * inputPlane, resultImage = geometry.OutputChannels * outputPlane;
        var corner = stackalloc int[geometry.Axes.Length + 1];
        new Span<int>(corner, geometry.Axes.Length + 1).Clear();
        if (columns < width) new Span<T>(inputs, (int)boxElements).Clear();
        var isFirst = true;
        do
        {
            var runs = box.FindRows(corner, batch, resultImage, inputRows, outputRows, out var length);
            for (var run = 0; run < runs; run++) inputRows[run] *= width;
            box.LayOut<TVector, T, TLanes>(source, sourceImage, inputPlane, corner, batch, column, columns, width, inputs);
            T* left = outputs;
            var leftStride = (nint)runs * length;
            var inPlace = IsTogether(outputRows, runs, length);
            if (inPlace)
            {
                left = gradient + outputRows[0];
                leftStride = outputPlane;
            }
            else
            {
                PackOutputs(gradient, outputRows, runs, length, rowCount, outputs);
            }

            var atOnce = Math.Max(1, PositionsAtOnce / length);
            for (var run = 0; run < runs; run += atOnce, isFirst = false)
            {
                var product = new PanelProduct<T>
                {
                    LeftStride = leftStride,
                    RightPitch = (nint)box.Pitch * width,
                    RightSecond = TLanes.Count,
                    RightThird = 2 * TLanes.Count,
                    Runs = Math.Min(atOnce, runs - run),
                    RunLength = length,
                    RunOffsets = inputRows + run,
                    ResultStride = width,
                    Add = !isFirst,
                };
                for (var t = 0; t < taps; t++)
                {
                    product.Right = inputs + (box.TapShifts[tap + t] * width);
                    for (int m = 0, height; m < rowCount; m += height)
                    {
                        height = PanelKernel<TVector, T, TLanes>.HeightFor(rowCount - m);
                        product.Rows = Math.Min(height, rowCount - m);
                        product.Left = left + (m * leftStride) + ((nint)run * length);
                        // Rows of G are far apart and a run is short: the processor would not see the next one coming.
                        if (inPlace && t == 0) Prefetch.Rows(product.Left + ((nint)product.Runs * length), leftStride, product.Rows, product.Runs * length);
                        product.Result = sums + ((((nint)t * rowsPerBlock) + m) * width);
                        PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
                    }
                }
            }
        }
        while (box.Next(corner, batch));
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
        var channel = Math.DivRem(column, laneTaps, out var lane);
        var to = kernel + ((nint)channel * volume) + ((nint)outerTap * laneTaps) + lane;
        for (var i = 0; i < columns; i++)
        {
            *to = accumulate ? *to + sums[i] : sums[i];
            to++;
            if (++lane < laneTaps) continue;
            lane = 0;
            to += volume - laneTaps;
        }
    }

    /// <summary>The number of innermost axes whose taps fill the vectors best, by counting what a position costs, in numbers multiplied.</summary>
    private int ChooseExpanded()
    {
        var best = (Cost: double.MaxValue, Expanded: geometry.Axes.Length);
        var part = parts.FirstOrDefault(part => part.Positions > 0);
        if (part is null) return geometry.Axes.Length;
        for (var expanded = 0; expanded <= geometry.Axes.Length; expanded++)
        {
            var columns = channels * LaneTapsOf(expanded);
            var width = MostWidth(expanded);
            var box = MakeBox(part, expanded, width);
            if (box.Elements * width * sizeof(T) > 4 * BoxBytes && expanded < geometry.Axes.Length) continue;
            var layingOut = (double)box.Elements / box.Positions * columns * Up(rows, RowBlock) * box.LayOutCost * TLanes.Count;
            var multiplying = (double)rows * Up(columns, TLanes.Count) * (volume / LaneTapsOf(expanded));
            if (layingOut + multiplying < best.Cost) best = (layingOut + multiplying, expanded);
        }

        return best.Expanded;
    }

    private GradientBox MakeBox(TapConvolution part, int expanded, int width) =>
        new(part, batch, expanded, BoxBytes / (width * sizeof(T)), OutputBytes / (Math.Min(RowBlock, rows) * sizeof(T)));

    private int MostWidth(int expanded) => Math.Min(PanelKernel<TVector, T, TLanes>.MostVectors, Up(channels * LaneTapsOf(expanded), TLanes.Count)) * TLanes.Count;

    private int LaneTapsOf(int expanded)
    {
        var taps = 1;
        for (var a = geometry.Axes.Length - expanded; a < geometry.Axes.Length; a++) taps = checked(taps * geometry.Axes[a].Kernel);
        return taps;
    }

    private static int Up(int count, int size) => (count + size - 1) / size;
}
