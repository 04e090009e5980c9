using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;
using static Tessera.Kernels.Shares;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Where the matrices of a product stand: Result[r, j] (+)= Bias[j] + Σ_k Left[r, k] · Right[k, j]. Of Left's and Right's two strides one is 1;
/// the rows of Result lie in one piece.
/// </summary>
internal unsafe struct ProductOperands<T>
    where T : unmanaged
{
    public T* Left;
    public nint LeftRowStride;
    public nint LeftDepthStride;

    public T* Right;
    public nint RightDepthStride;
    public nint RightColumnStride;

    public T* Result;
    public nint ResultStride;

    /// <summary>One number for each column, or null.</summary>
    public T* Bias;

    /// <summary>Whether to add to the result.</summary>
    public bool Add;
}

/// <summary>
/// A matrix product cut into jobs. A job is a block of rows by a block of columns; it packs a block of k of both sides and
/// multiplies them, block after block:
/// <code>
///                  Right   k ↓ [ panels of 3 vectors ]
///     Left  k →
///     rows        ░░░░░░      ┌────────────┐
///                             │ a job's C  │
///                             └────────────┘
/// </code>
/// A matrix whose k or columns do not lie side by side is transposed as it is packed.
/// </summary>
internal sealed unsafe class BlockedProduct<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int PanelBytes = 24 * 1024;
    private const int BlockVectors = 24;
    private const int LeftBytes = 128 * 1024;
    private const int LeastRows = 64;
    private const int LeastJobs = 8;

    private readonly int rows;
    private readonly int depth;
    private readonly int columns;
    private readonly int rowBlocks;
    private readonly int rowsPerBlock;
    private readonly int vectors;
    private readonly int columnBlocks;
    private readonly int depthBlocks;
    private readonly int blockDepth;

    public BlockedProduct(int rows, int depth, int columns)
    {
        (this.rows, this.depth, this.columns) = (rows, depth, columns);
        vectors = Up(columns, TLanes.Count);
        columnBlocks = Up(vectors, BlockVectors);
        depthBlocks = Up(depth, PanelBytes / (PanelColumns * sizeof(T)));
        blockDepth = Up(depth, depthBlocks);

        // Every block of rows packs Right again: as few as the jobs allow.
        var mostRows = Math.Max(LeastRows, LeftBytes / (blockDepth * sizeof(T)));
        rowBlocks = Math.Max(Up(rows, mostRows), Math.Min(Up(rows, LeastRows), Up(LeastJobs, columnBlocks)));
        rowsPerBlock = Up(Up(rows, rowBlocks), 8) * 8;
        rowBlocks = Up(rows, rowsPerBlock);
        Jobs = checked(rowBlocks * columnBlocks);
    }

    /// <summary>How many jobs the product is.</summary>
    public int Jobs { get; }

    /// <summary>Workspace of a job, in elements.</summary>
    public long WorkerElements => LeftElements + RightElements + ScratchElements;

    /// <summary>Sizes and blocking in a plan's words.</summary>
    public override string ToString() => FormattableString.Invariant($"matrix product of {rows} × {depth} × {columns}, {TLanes.Name} vectors, blocks of {rowsPerBlock} × {blockDepth} × {Up(vectors, columnBlocks) * TLanes.Count}");

    private static bool UsesVectors => TLanes.Count * sizeof(T) > 16;

    private static int PanelColumns => PanelKernel<TVector, T, TLanes>.MostVectors * TLanes.Count;

    private static int ScratchElements => 8 * PanelColumns;

    // A row of packed Left is a line longer than its block, so that rows do not fall on one another in the cache.
    private nint LeftPitch => blockDepth + (64 / sizeof(T));

    private long LeftElements => rowsPerBlock * LeftPitch;

    private long RightElements => (long)blockDepth * PanelColumns;

    /// <summary>Runs one job.</summary>
    public void Execute(int job, in ProductOperands<T> operands, T* own)
    {
        var rowBlock = Math.DivRem(job, columnBlocks, out var columnBlock);
        int row = rowBlock * rowsPerBlock, rowCount = Math.Min(rowsPerBlock, rows - row);
        var (firstVector, endVector) = Shares.Of(vectors, columnBlocks, columnBlock);
        int column = firstVector * TLanes.Count, columnCount = Math.Min(endVector * TLanes.Count, columns) - column;
        T* left = own, right = left + LeftElements, scratch = right + RightElements;
        var result = operands.Result + (row * operands.ResultStride) + column;
        if (operands.Bias != null) BeginWithBias(result, operands.ResultStride, rowCount, operands.Bias + column, columnCount, operands.Add);
        var add = operands.Add || operands.Bias != null;
        nint noOffset = 0;
        for (var block = 0; block < depthBlocks; block++)
        {
            int from = (int)((long)depth * block / depthBlocks), count = (int)((long)depth * (block + 1) / depthBlocks) - from;
            var a = operands.Left + (row * operands.LeftRowStride) + (from * operands.LeftDepthStride);
            var rowsInPlace = operands.LeftDepthStride == 1 && columnCount <= PanelColumns;
            if (operands.LeftDepthStride != 1) Transposition.Run(a, operands.LeftDepthStride, count, rowCount, left, LeftPitch, add: false, UsesVectors);
            else if (!rowsInPlace) CopyRows(a, operands.LeftRowStride, left, LeftPitch, rowCount, count);
            var product = new PanelProduct<T> { LeftStride = rowsInPlace ? operands.LeftRowStride : LeftPitch, RightSecond = TLanes.Count, RightThird = 2 * TLanes.Count, Runs = 1, RunLength = count, RunOffsets = &noOffset };
            for (var first = 0; first < columnCount; first += PanelColumns)
            {
                var here = Math.Min(PanelColumns, columnCount - first);
                var width = Up(here, TLanes.Count) * TLanes.Count;
                var b = operands.Right + (from * operands.RightDepthStride) + ((column + first) * operands.RightColumnStride);
                var columnsInPlace = operands.RightColumnStride == 1 && here == width && rowCount <= PanelKernel<TVector, T, TLanes>.Height;
                if (!columnsInPlace) PackColumns(b, operands.RightDepthStride, operands.RightColumnStride, count, here, right, width);
                product.Right = columnsInPlace ? b : right;
                product.RightPitch = columnsInPlace ? operands.RightDepthStride : width;
                Multiply(ref product, rowsInPlace ? a : left, rowCount, width, result + first, operands.ResultStride, here, add || block > 0, scratch);
            }
        }
    }

    private static void BeginWithBias(T* result, nint stride, int rowCount, T* bias, int columnCount, bool add)
    {
        for (var r = 0; r < rowCount; r++, result += stride)
        {
            if (add) RowSpread<TVector, T, TLanes>.Add(bias, result, 1, columnCount);
            else RowCopy<TVector, T, TLanes>.Copy(bias, result, columnCount);
        }
    }

    /// <summary>A panel of up to three vectors, [k][column], with zeros after the last column; one of the strides is 1.</summary>
    private static void PackColumns(T* from, nint depthStride, nint columnStride, int count, int columnCount, T* to, int width)
    {
        if (columnCount < width) RowCopy<TVector, T, TLanes>.Clear(to, count * width);
        if (columnStride != 1) Transposition.Run(from, columnStride, columnCount, count, to, width, add: false, UsesVectors);
        else for (var k = 0; k < count; k++) RowCopy<TVector, T, TLanes>.Copy(from + (k * depthStride), to + ((nint)k * width), columnCount);
    }

    /// <summary>All rows by one panel of columns; rows and columns that the result does not have go through scratch.</summary>
    private static void Multiply(ref PanelProduct<T> product, T* left, int rowCount, int width, T* result, nint stride, int columnCount, bool add, T* scratch)
    {
        product.Add = add;
        for (int row = 0, height; row < rowCount; row += height)
        {
            height = PanelKernel<TVector, T, TLanes>.HeightFor(rowCount - row);
            product.Left = left + (row * product.LeftStride);
            product.Rows = Math.Min(height, rowCount - row);
            var to = result + (row * stride);
            var direct = columnCount == width && product.Rows == height;
            product.Result = direct ? to : scratch;
            product.ResultStride = direct ? stride : width;
            if (!direct && add) CopyRows(to, stride, scratch, width, product.Rows, columnCount);
            PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
            if (!direct) CopyRows(scratch, width, to, stride, product.Rows, columnCount);
        }
    }

    private static void CopyRows(T* from, nint fromStride, T* to, nint toStride, int rowCount, int count)
    {
        for (var r = 0; r < rowCount; r++) RowCopy<TVector, T, TLanes>.Copy(from + (r * fromStride), to + (r * toStride), count);
    }
}
