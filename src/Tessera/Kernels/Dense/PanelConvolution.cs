using System.Globalization;
using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Forward and input gradient of shared and tiled operators with dense or grouped channels, as implicit matrix products.
/// <code>
///                        columns: positions of all examples
///                        |-- block ------------|  panels of 1 to 3 vectors
///     k = (channel, tap) |  panels packed from |
///       ↓ in blocks      |  image rows, in L1  |
///     rows   [ kernel ]  [ result, 8 × 3 or 4 × 3 vectors at a time in registers ]
/// </code>
/// A job is a block of columns by a block of rows of one group and one tile residue or phase. It packs one block of k,
/// multiplies all rows with it and goes on to the next: nothing else of the unfolded input exists. The kernel is read
/// where it lies when going forward, since (channel, element) is contiguous there; for the transpose a first stage
/// lays it out by input channel, taps in order.
/// </summary>
internal sealed unsafe class PanelConvolution<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int PanelBytes = 48 * 1024;
    private const int BlockVectors = 12;
    private const int TableBudgetBytes = 512 * 1024;

    private readonly bool transposed;
    private readonly Part[] parts;
    private readonly int rows;
    private readonly int channels;
    private readonly nint sourcePlane;
    private readonly nint resultPlane;
    private readonly KernelRows<T> kernelRows;
    private readonly bool packsKernelInJobs;
    private readonly long kernelElements;
    private readonly long panelElements;
    private readonly long tableElements;

    public PanelConvolution(OperatorGeometry geometry, int batch, bool transposed, int wantedJobs = Shares.LeastJobs)
    {
        this.transposed = transposed;
        var perGroup = (Outputs: geometry.OutputChannels / geometry.Groups, Inputs: geometry.InputChannels / geometry.Groups);
        (rows, channels) = transposed ? (perGroup.Inputs, perGroup.Outputs) : (perGroup.Outputs, perGroup.Inputs);
        long inputPlane = geometry.InputSize.Product, outputPlane = geometry.OutputSize.Product;
        (sourcePlane, resultPlane) = transposed ? ((nint)outputPlane, (nint)inputPlane) : ((nint)inputPlane, (nint)outputPlane);
        kernelRows = new KernelRows<T>(geometry, transposed);
        parts = [.. kernelRows.Parts.Select(part => new Part(part, new ColumnMap(part, batch, sourcePlane * channels * geometry.Groups, resultPlane * rows * geometry.Groups, TLanes.Count)))];
        var jobs = 0;
        foreach (var part in parts)
        {
            part.Block(rows, channels, geometry.Groups, parts.Length, wantedJobs);
            part.FirstJob = jobs;
            jobs = checked(jobs + (geometry.Groups * part.RowBlocks * part.ColumnBlocks));
            panelElements = Math.Max(panelElements, (long)part.BlockDepth * part.BlockVectorCount * TLanes.Count);
            tableElements = Math.Max(tableElements, (part.TableBytes + sizeof(T) - 1) / sizeof(T));
        }

        // Where no two blocks of columns share a kernel row, the kernel is laid out block by block where it is used.
        packsKernelInJobs = transposed && parts.All(part => part.ColumnBlocks == 1);
        if (packsKernelInJobs) kernelElements = parts.Max(part => part.RowsPerBlock * (long)part.KernelPitch);
        Stages = transposed && !packsKernelInJobs ? [kernelRows.Jobs, jobs] : [jobs];
    }

    public override string Name
    {
        get
        {
            var part = parts[0];
            return string.Create(CultureInfo.InvariantCulture, $"matrix product over packed panels, {TLanes.Name} vectors, {parts.Length} {(transposed ? "phases" : "residues")} of {rows} rows × {channels * part.Taps.TapCount} × {part.Map.Columns} columns, blocks of {part.RowsPerBlock} × {part.BlockDepth} × {part.BlockVectorCount * TLanes.Count}, {(packsKernelInJobs ? "kernel transposed by blocks" : transposed ? "kernel transposed first" : "kernel read in place")}");
        }
    }

    public override long SharedElements => packsKernelInJobs ? 0 : kernelRows.PackedElements;

    public override long WorkerElements => kernelElements + panelElements + ScratchElements + tableElements;

    public override IReadOnlyList<int> Stages { get; }

    /// <summary>
    /// What a run costs, in vectors multiplied by rows: packing a vector takes about as long as multiplying twelve rows
    /// with it, or twice that where it is gathered with a stride; sums begin and end in the time of six steps; a result that has no neighbours goes alone.
    /// </summary>
    public double Cost => parts.Sum(part => ((double)part.Vectors * ((Up(rows, 4) * 4 * (part.Depth + 6)) + (part.Depth * part.RowBlocks * (part.Taps.Axes[^1].SourceStep == 1 ? 12 : 24)))) + (part.Map.ResultStep == 1 ? 0 : 8.0 * part.Map.Columns * rows)) + kernelRows.Cost(packsKernelInJobs);

    public override bool PacksKernelFirst => Stages.Count > 1;

    public override bool AddsBias => !transposed;

    private static int ScratchElements => 8 * 3 * TLanes.Count;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (PacksKernelFirst && stage == 0) kernelRows.Pack(job, operands.Kernel, shared);
        else Convolve(job, operands, shared, own);
    }

    private void Convolve(int job, in Operands<T> operands, T* shared, T* own)
    {
        var index = parts.Length - 1;
        while (parts[index].FirstJob > job) index--;
        var part = parts[index];
        job -= part.FirstJob;
        var columnBlock = job % part.ColumnBlocks;
        var rowBlock = job / part.ColumnBlocks % part.RowBlocks;
        var group = job / part.ColumnBlocks / part.RowBlocks;

        var (firstTogether, endTogether) = Shares.Of(Up(part.Vectors, part.VectorsTogether), part.ColumnBlocks, columnBlock);
        var first = (long)firstTogether * part.VectorsTogether * TLanes.Count;
        var columns = (int)(Math.Min(part.Map.Columns, (long)endTogether * part.VectorsTogether * TLanes.Count) - first);
        int row = rowBlock * part.RowsPerBlock, rowEnd = Math.Min(rows, row + part.RowsPerBlock);
        var packedKernel = own;
        own += kernelElements;
        var scratch = own + panelElements;
        var tables = part.Map.Divide((byte*)(scratch + ScratchElements), first, columns, part.MostSegments, part.Slices);
        if (!part.SlicesPerBlock) part.Map.FindRuns(tables, 0, part.Slices);

        var source = (transposed ? operands.Output : operands.Input) + ((nint)group * channels * sourcePlane);
        var result = (transposed ? operands.Input : operands.Output) + ((nint)group * rows * resultPlane);
        var bias = operands.Bias == null ? null : operands.Bias + ((nint)group * rows);
        var left = packsKernelInJobs ? null : kernelRows.Row(index, group, row, operands.Kernel, shared);
        for (var block = 0; block < part.DepthBlocks; block++)
        {
            int k = (int)((long)part.Depth * block / part.DepthBlocks), end = (int)((long)part.Depth * (block + 1) / part.DepthBlocks);
            if (part.SlicesPerBlock) part.Map.FindRuns(tables, k % part.Taps.TapCount, end - k);
            Pack(part, tables, source, k, end, own);
            if (packsKernelInJobs) kernelRows.Pack(index, group, row, rowEnd, k, end, operands.Kernel, packedKernel, part.KernelPitch);
            var product = new PanelProduct<T> { Left = packsKernelInJobs ? packedKernel : left + k, LeftStride = packsKernelInJobs ? part.KernelPitch : part.Depth, RightSecond = TLanes.Count, RightThird = 2 * TLanes.Count, Runs = 1, RunLength = end - k };
            for (var panel = 0; panel < tables.PanelCount; panel++)
            {
                // While the first panel is multiplied, the next block of the kernel comes nearer.
                var ahead = panel == 0 && !packsKernelInJobs && block + 1 < part.DepthBlocks ? end - k : 0;
                product.Right = own + ((nint)tables.Panels[panel].FirstColumn * (end - k));
                Multiply(product, tables, tables.Panels[panel], part.Map.ResultStep, rowEnd - row, ahead, result + (row * resultPlane), block == 0 && bias != null ? bias + row : null, operands.Accumulate || block > 0, scratch);
            }
        }
    }

    /// <summary>Packs rows [k, end) of all panels: panel by panel, [k][columns of the panel].</summary>
    private void Pack(Part part, in ColumnTables tables, T* source, int k, int end, T* panels)
    {
        var taps = part.Taps.TapCount;
        for (var panel = 0; panel < tables.PanelCount; panel++)
        {
            var width = tables.Panels[panel].Vectors * TLanes.Count;
            var to = panels + ((nint)tables.Panels[panel].FirstColumn * (end - k));
            var tap = taps == 0 ? 0 : k % taps;
            var plane = taps == 0 ? source : source + (k / taps * sourcePlane);
            if (taps == 1)
            {
                var only = tables.Slices[panel];
                var one = tables.Runs + only.First;
                if (only.IsFull && only.Count == 1 && one->Step == 1)
                {
                    RowCopy<TVector, T, TLanes>.CopyEach(plane + one->Source, sourcePlane, to, width, width, end - k);
                    continue;
                }
            }

            for (var at = k; at < end; at++, to += width)
            {
                var slice = tables.Slices[((part.SlicesPerBlock ? at - k : tap) * tables.PanelCount) + panel];
                if (!slice.IsFull) RowCopy<TVector, T, TLanes>.Clear(to, width);
                for (var run = tables.Runs + slice.First; run < tables.Runs + slice.First + slice.Count; run++)
                {
                    RowCopy<TVector, T, TLanes>.Copy(plane + run->Source, run->Step, to + run->Column, run->Length);
                }

                if (++tap < taps) continue;
                tap = 0;
                plane += sourcePlane;
            }
        }
    }

    private void Multiply(PanelProduct<T> product, in ColumnTables tables, in ColumnPanel panel, int step, int rowCount, int ahead, T* result, T* bias, bool add, T* scratch)
    {
        nint noOffset = 0;
        var left = product.Left;
        var width = panel.Vectors * TLanes.Count;
        var results = tables.Results + panel.FirstResult;
        var isContiguous = panel.Results == 1 && panel.Columns == width && (step == 1 || width == 1);
        product.RightPitch = width;
        product.RunOffsets = &noOffset;
        for (int row = 0, height; row < rowCount; row += height)
        {
            height = PanelKernel<TVector, T, TLanes>.HeightFor(rowCount - row);
            product.Left = left + (row * product.LeftStride);
            product.Rows = Math.Min(height, rowCount - row);
            if (ahead > 0) Prefetch.Rows(product.Left + ahead, product.LeftStride, product.Rows, ahead);
            if (isContiguous && product.Rows == height)
            {
                product.Result = result + (row * resultPlane) + results[0].Result;
                product.ResultStride = resultPlane;
                product.Bias = bias == null ? null : bias + row;
                product.Add = add;
                if (add) Prefetch.Rows(product.Result, resultPlane, height, width);
                PanelKernel<TVector, T, TLanes>.Multiply(product, height, panel.Vectors);
                continue;
            }

            product.Result = scratch;
            product.ResultStride = width;
            product.Bias = null;
            product.Add = false;
            PanelKernel<TVector, T, TLanes>.Multiply(product, height, panel.Vectors);
            for (var r = 0; r < product.Rows; r++)
            {
                var start = bias == null ? T.Zero : bias[row + r];
                Scatter(scratch + (r * width), results, panel.Results, step, result + ((row + r) * resultPlane), start, add);
            }
        }
    }

    private static void Scatter(T* from, ResultRun* runs, int count, int step, T* to, T bias, bool add)
    {
        for (var run = runs; run < runs + count; run++)
        {
            T* values = from + run->Column, z = to + run->Result;
            if (bias == T.Zero)
            {
                if (add) RowSpread<TVector, T, TLanes>.Add(values, z, step, run->Length);
                else RowSpread<TVector, T, TLanes>.Store(values, z, step, run->Length);
                continue;
            }

            for (var i = 0; i < run->Length; i++, z += step) *z = add ? *z + (values[i] + bias) : values[i] + bias;
        }
    }

    /// <summary>One tile residue or phase, and how its work is cut.</summary>
    private sealed class Part(TapConvolution taps, ColumnMap map)
    {
        public TapConvolution Taps { get; } = taps;

        public ColumnMap Map { get; } = map;

        public int FirstJob { get; set; }

        public int Depth { get; private set; }

        // A line longer than a block of k, so that rows do not fall on one another in the cache.
        public nint KernelPitch => BlockDepth + (64 / sizeof(T));

        public int DepthBlocks { get; private set; }

        public int BlockDepth { get; private set; }

        public long Vectors { get; private set; }

        public int ColumnBlocks { get; private set; }

        public int VectorsTogether { get; private set; } = 1;

        public int BlockVectorCount { get; private set; }

        public int RowBlocks { get; private set; }

        public int RowsPerBlock { get; private set; }

        public int Slices { get; private set; }

        public bool SlicesPerBlock { get; private set; }

        public int MostSegments { get; private set; }

        public long TableBytes { get; private set; }

        /// <summary>Cuts k by what L1 holds, columns by what L2 holds, and then further until there are some jobs for threads to share.</summary>
        public void Block(int rows, int channels, int groups, int parts, int wantedJobs)
        {
            Depth = checked(channels * Taps.TapCount);
            DepthBlocks = Math.Max(1, Up(Depth, PanelBytes / (3 * TLanes.Count * sizeof(T))));
            BlockDepth = Up(Depth, DepthBlocks);
            Vectors = (Map.Columns + TLanes.Count - 1) / TLanes.Count;
            long columnBlocks = Math.Max(Even(Up(Vectors, BlockVectors)), Math.Min(Up(wantedJobs, groups * (long)parts), Math.Max(1, Vectors / 6)));
            RowBlocks = (int)Math.Max(1, Math.Min(Up(wantedJobs, columnBlocks * groups * parts), rows / 128));
            ColumnBlocks = checked((int)Math.Max(columnBlocks, Math.Min(Up(wantedJobs / 2, groups * (long)parts * RowBlocks), Math.Max(1, Vectors / 2))));
            RowsPerBlock = Up(Up(rows, RowBlocks), 8) * 8;
            RowBlocks = Up(rows, RowsPerBlock);
            // Blocks of whole panels, where there are so many that this leaves none much larger than another.
            VectorsTogether = Vectors >= 6 * ColumnBlocks ? PanelKernel<TVector, T, TLanes>.MostVectors : 1;
            BlockVectorCount = (int)Up(Up(Vectors, VectorsTogether), ColumnBlocks) * VectorsTogether;
            var panels = Up(BlockVectorCount, 3);
            MostSegments = Map.MostSegments(BlockVectorCount * TLanes.Count, panels);
            SlicesPerBlock = ColumnMap.TableBytes(Taps.Axes.Length, panels, MostSegments, Taps.TapCount) > TableBudgetBytes && Taps.TapCount > BlockDepth;
            Slices = SlicesPerBlock ? BlockDepth : Taps.TapCount;
            TableBytes = ColumnMap.TableBytes(Taps.Axes.Length, panels, MostSegments, Slices);
        }

        /// <summary>The nearest number of blocks that two or four threads can share evenly.</summary>
        private static long Even(long blocks) => blocks <= Shares.LeastJobs ? blocks : (blocks + 2) / 4 * 4;
    }
}
