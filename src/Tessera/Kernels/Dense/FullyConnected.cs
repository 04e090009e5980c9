using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>
/// The fully connected operator: one output position whose kernel covers the whole input, element for element, so that
/// V is [N, I], K [M, I] and Z [N, M] for each group. All three operations are one matrix product
/// C[r, j] = Σ_k A[r, k] · B[k, j]:
/// <code>
///     forward            Zᵀ[m, n] = Σ_i K[m, i] · V[n, i]    B is transposed as it is packed
///     kernel gradient    K [m, i] = Σ_n G[n, m] · V[n, i]    A is transposed as it is packed
///     input gradient     V [n, i] = Σ_m G[n, m] · K[m, i]
/// </code>
/// A job is a block of rows by a block of columns; it packs a block of k of both sides and multiplies them.
/// </summary>
internal sealed unsafe class FullyConnected<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private const int PanelBytes = 24 * 1024;
    private const int BlockVectors = 24;
    private const int RowBlock = 64;

    private readonly Operation operation;
    private readonly int groups;
    private readonly int rows;
    private readonly int depth;
    private readonly int columns;
    private readonly int inputs;
    private readonly int outputs;
    private readonly int rowBlocks;
    private readonly int rowsPerBlock;
    private readonly int vectors;
    private readonly int columnBlocks;
    private readonly int depthBlocks;
    private readonly int blockDepth;

    public FullyConnected(OperatorGeometry geometry, int batch, Operation operation)
    {
        this.operation = operation;
        groups = geometry.Groups;
        outputs = geometry.OutputChannels / groups;
        inputs = (int)(geometry.InputChannels / groups * geometry.InputSize.Product);
        (rows, depth, columns) = operation switch
        {
            Operation.Forward => (outputs, inputs, batch),
            Operation.KernelGradient => (outputs, batch, inputs),
            _ => (batch, outputs, inputs),
        };
        vectors = Up(columns, TLanes.Count);
        columnBlocks = Up(vectors, BlockVectors);
        rowBlocks = Up(rows, RowBlock);
        rowsPerBlock = Up(Up(rows, rowBlocks), 8) * 8;
        rowBlocks = Up(rows, rowsPerBlock);
        depthBlocks = Up(depth, PanelBytes / (3 * TLanes.Count * sizeof(T)));
        blockDepth = Up(depth, depthBlocks);
        Stages = [checked(groups * rowBlocks * columnBlocks)];
    }

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"fully connected: matrix product of {rows} × {depth} × {columns}, {TLanes.Name} vectors, blocks of {rowsPerBlock} × {blockDepth} × {Up(vectors, columnBlocks) * TLanes.Count}");

    public override long WorkerElements => LeftElements + ((long)blockDepth * Up(vectors, columnBlocks) * TLanes.Count) + ScratchElements + rowsPerBlock;

    public override IReadOnlyList<int> Stages { get; }

    public override bool AddsBias => operation == Operation.Forward;

    /// <summary>Whether an operator is fully connected, its kernel in the order of its input.</summary>
    public static bool Fits(OperatorGeometry geometry)
    {
        foreach (var axis in geometry.Axes)
        {
            if (axis.Output != 1 || axis.Input != axis.Kernel || axis.PadLow != 0 || (axis.Kernel > 1 && (axis.Dilation != 1 || axis.Flip))) return false;
        }

        return geometry.Table is null && geometry.Tile.Product == 1;
    }

    private static bool UsesVectors => TLanes.Count * sizeof(T) > 16;

    private static int ScratchElements => 8 * 3 * TLanes.Count;

    // A row of packed A is a line longer than its block, so that rows do not fall on one another in the cache.
    private nint LeftPitch => blockDepth + (64 / sizeof(T));

    private long LeftElements => rowsPerBlock * LeftPitch;

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        job = Math.DivRem(job, columnBlocks, out var columnBlock);
        var group = Math.DivRem(job, rowBlocks, out var rowBlock);
        int row = rowBlock * rowsPerBlock, rowCount = Math.Min(rowsPerBlock, rows - row);
        int firstVector = (int)((long)vectors * columnBlock / columnBlocks), endVector = (int)((long)vectors * (columnBlock + 1) / columnBlocks);
        int column = firstVector * TLanes.Count, columnCount = Math.Min(endVector * TLanes.Count, columns) - column;
        nint inputImage = (nint)groups * inputs, outputImage = (nint)groups * outputs;
        var v = operands.Input + ((nint)group * inputs);
        var k = operands.Kernel + ((nint)group * outputs * inputs);
        var z = operands.Output + ((nint)group * outputs);
        T* left = own, right = left + LeftElements, scratch = right + ((nint)blockDepth * Up(vectors, columnBlocks) * TLanes.Count);
        var bias = scratch + ScratchElements;
        new Span<T>(bias, rowsPerBlock).Clear();
        if (operands.Bias != null) new Span<T>(operands.Bias + ((nint)group * outputs) + row, rowCount).CopyTo(new Span<T>(bias, rowCount));

        for (var block = 0; block < depthBlocks; block++)
        {
            int from = (int)((long)depth * block / depthBlocks), count = (int)((long)depth * (block + 1) / depthBlocks) - from;
            var add = operands.Accumulate || block > 0;
            switch (operation)
            {
                case Operation.Forward:
                    PackRows(k + ((nint)row * inputs) + from, inputs, rowCount, count, left);
                    PackColumns(v + (column * inputImage) + from, 1, inputImage, count, columnCount, right);
                    Multiply(left, right, rowCount, count, columnCount, z + row + (column * outputImage), 1, outputImage, block == 0 ? bias : null, add, scratch);
                    break;
                case Operation.KernelGradient:
                    Transposition.Run(z + (from * outputImage) + row, outputImage, count, rowCount, left, LeftPitch, add: false, UsesVectors);
                    PackColumns(v + (from * inputImage) + column, inputImage, 1, count, columnCount, right);
                    Multiply(left, right, rowCount, count, columnCount, k + ((nint)row * inputs) + column, inputs, 1, null, add, scratch);
                    break;
                default:
                    PackRows(z + (row * outputImage) + from, outputImage, rowCount, count, left);
                    PackColumns(k + ((nint)from * inputs) + column, inputs, 1, count, columnCount, right);
                    Multiply(left, right, rowCount, count, columnCount, v + (row * inputImage) + column, inputImage, 1, null, add, scratch);
                    break;
            }
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

    private void Multiply(T* left, T* right, int rowCount, int count, int columnCount, T* result, nint rowStride, nint columnStride, T* bias, bool add, T* scratch)
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
                product.Bias = bias == null ? null : bias + row;
                var to = result + (row * rowStride) + (first * columnStride);
                var direct = columnStride == 1 && here == width && product.Rows == height;
                product.Result = direct ? to : scratch;
                product.ResultStride = direct ? rowStride : width;
                product.Add = direct && add;
                PanelKernel<TVector, T, TLanes>.Multiply(product, height, width / TLanes.Count);
                if (direct) continue;
                for (var r = 0; r < product.Rows; r++)
                {
                    if (add) RowSpread<TVector, T, TLanes>.Add(scratch + (r * width), to + (r * rowStride), columnStride, here);
                    else RowSpread<TVector, T, TLanes>.Store(scratch + (r * width), to + (r * rowStride), columnStride, here);
                }
            }

            right += (nint)count * width;
        }
    }

    private static int Up(int count, int size) => (count + size - 1) / size;
}
