using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

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
        depthBlocks = Up(depth, PanelBytes / (3 * TLanes.Count * sizeof(T)));
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

    private static int ScratchElements => 8 * 3 * TLanes.Count;

    // A row of packed Left is a line longer than its block, so that rows do not fall on one another in the cache.
    private nint LeftPitch => blockDepth + (64 / sizeof(T));

    private long LeftElements => rowsPerBlock * LeftPitch;

    private long RightElements => (long)blockDepth * Up(vectors, columnBlocks) * TLanes.Count;

    /// <summary>Runs one job.</summary>
    public void Execute(int job, in ProductOperands<T> operands, T* own)
    {
        var rowBlock = Math.DivRem(job, columnBlocks, out var columnBlock);
        int row = rowBlock * rowsPerBlock, rowCount = Math.Min(rowsPerBlock, rows - row);
        int firstVector = (int)((long)vectors * columnBlock / columnBlocks), endVector = (int)((long)vectors * (columnBlock + 1) / columnBlocks);
        int column = firstVector * TLanes.Count, columnCount = Math.Min(endVector * TLanes.Count, columns) - column;
        T* left = own, right = left + LeftElements, scratch = right + RightElements;
        var result = operands.Result + (row * operands.ResultStride) + column;
        if (operands.Bias != null) BeginWithBias(result, operands.ResultStride, rowCount, operands.Bias + column, columnCount, operands.Add);
        var add = operands.Add || operands.Bias != null;
        for (var block = 0; block < depthBlocks; block++)
        {
            int from = (int)((long)depth * block / depthBlocks), count = (int)((long)depth * (block + 1) / depthBlocks) - from;
            var a = operands.Left + (row * operands.LeftRowStride) + (from * operands.LeftDepthStride);
            if (operands.LeftDepthStride == 1) PackRows(a, operands.LeftRowStride, rowCount, count, left);
            else Transposition.Run(a, operands.LeftDepthStride, count, rowCount, left, LeftPitch, add: false, UsesVectors);
            var b = operands.Right + (from * operands.RightDepthStride) + (column * operands.RightColumnStride);
            PackColumns(b, operands.RightDepthStride, operands.RightColumnStride, count, columnCount, right);
            Multiply(left, right, rowCount, count, columnCount, result, operands.ResultStride, add || block > 0, scratch);
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

    private void PackRows(T* from, nint stride, int rowCount, int count, T* to)
    {
        for (var r = 0; r < rowCount; r++) RowCopy<TVector, T, TLanes>.Copy(from + (r * stride), to + (r * LeftPitch), count);
    }

    /// <summary>Panels of up to three vectors, [k][column], with zeros after the last column; one of the strides is 1.</summary>
    private static void PackColumns(T* from, nint depthStride, nint columnStride, int count, int columnCount, T* to)
    {
        for (var first = 0; first < columnCount; first += 3 * TLanes.Count)
        {
            var here = Math.Min(3 * TLanes.Count, columnCount - first);
            var width = Up(here, TLanes.Count) * TLanes.Count;
            if (here < width) RowCopy<TVector, T, TLanes>.Clear(to, count * width);
            if (columnStride != 1) Transposition.Run(from, columnStride, here, count, to, width, add: false, UsesVectors);
            else for (var k = 0; k < count; k++) RowCopy<TVector, T, TLanes>.Copy(from + (k * depthStride), to + ((nint)k * width), here);
            from += here * columnStride;
            to += (nint)count * width;
        }
    }

    private void Multiply(T* left, T* right, int rowCount, int count, int columnCount, T* result, nint stride, bool add, T* scratch)
    {
        nint noOffset = 0;
        for (var first = 0; first < columnCount; first += 3 * TLanes.Count)
        {
            var here = Math.Min(3 * TLanes.Count, columnCount - first);
            var width = Up(here, TLanes.Count) * TLanes.Count;
            var product = new PanelProduct<T> { LeftStride = LeftPitch, Right = right, RightPitch = width, RightSecond = TLanes.Count, RightThird = 2 * TLanes.Count, Runs = 1, RunLength = count, RunOffsets = &noOffset };
            for (int row = 0, height; row < rowCount; row += height)
            {
                height = PanelKernel<TVector, T, TLanes>.HeightFor(rowCount - row);
                product.Left = left + (row * LeftPitch);
                product.Rows = Math.Min(height, rowCount - row);
                var to = result + (row * stride) + first;
                var direct = here == width && product.Rows == height;
                product.Result = direct ? to : scratch;
                product.ResultStride = direct ? stride : width;
                product.Add = direct && add;
                PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
                if (direct) continue;
                for (var r = 0; r < product.Rows; r++)
                {
                    if (add) RowSpread<TVector, T, TLanes>.Add(scratch + (r * width), to + (r * stride), 1, here);
                    else RowSpread<TVector, T, TLanes>.Store(scratch + (r * width), to + (r * stride), 1, here);
                }
            }

            right += (nint)count * width;
        }
    }

    private static int Up(int count, int size) => (count + size - 1) / size;
}
