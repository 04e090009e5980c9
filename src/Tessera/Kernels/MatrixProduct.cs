using System.Numerics;

namespace Tessera.Kernels;

/// <summary>
/// The two matrix products of a dense layer, on row-major matrices, cut into jobs of fixed rows and columns. Every
/// element is summed by one job in one order.
/// Letters: row r, column c, k what is summed over.
/// </summary>
internal static unsafe class MatrixProduct
{
    private const int RowBlock = 4;
    private const int JobRows = 16;
    private const int JobColumns = 256;

    /// <summary>Jobs of <see cref="RowProducts"/>.</summary>
    public static int RowProductJobs(int rows, int columns) => Ceiling(rows, JobRows) * Ceiling(columns, JobColumns);

    /// <summary>Jobs of <see cref="SumOfProducts"/>.</summary>
    public static int SumOfProductsJobs(int rows, int columns) => Ceiling(rows, JobRows) * Ceiling(columns, JobColumns);

    /// <summary>
    /// One job of z[r, c] = bias[c] + Σ_k a[r, k] b[c, k]: products of rows with rows, in blocks of 4 by 2, so that 6 loads
    /// serve 8 multiply-adds.
    /// </summary>
    public static void RowProducts<T>(int job, T* a, T* b, T* bias, T* z, int rows, int columns, int depth)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (firstRow, endRow, firstColumn, endColumn) = Part(job, rows, columns);
        for (var r = firstRow; r < endRow; r += RowBlock)
        {
            var height = Math.Min(RowBlock, endRow - r);
            for (var c = firstColumn; c < endColumn; c += 2)
            {
                var width = Math.Min(2, endColumn - c);
                // Rows beyond the block repeat the last one: they are computed and not stored.
                RowBlockProducts(
                    a + ((long)r * depth), Step(1, height, depth), Step(2, height, depth), Step(3, height, depth),
                    b + ((long)c * depth), Step(1, width, depth), depth, out var low, out var high);
                for (var i = 0; i < height; i++)
                {
                    var to = z + ((long)(r + i) * columns) + c;
                    to[0] = low[i] + (bias == null ? T.Zero : bias[c]);
                    if (width == 2) to[1] = high[i] + (bias == null ? T.Zero : bias[c + 1]);
                }
            }
        }
    }

    /// <summary>
    /// One job of z[r, c] = Σ_k a[r, k] b[k, c], or += with <paramref name="accumulate"/>, where a stands at any strides:
    /// blocks of 4 rows by two vectors of columns stay in registers while k runs.
    /// </summary>
    public static void SumOfProducts<T>(int job, T* a, long rowStride, long depthStride, T* b, T* z, int rows, int columns, int depth, bool accumulate)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (firstRow, endRow, firstColumn, endColumn) = Part(job, rows, columns);
        var lanes = Vector<T>.Count;
        for (var r = firstRow; r < endRow; r += RowBlock)
        {
            var height = Math.Min(RowBlock, endRow - r);
            var from = a + (r * rowStride);
            var c = firstColumn;
            for (; c + (2 * lanes) <= endColumn; c += 2 * lanes)
            {
                ColumnBlockProducts(
                    from, Step(1, height, rowStride), Step(2, height, rowStride), Step(3, height, rowStride), depthStride,
                    b + c, z + ((long)r * columns) + c, columns, height, depth, accumulate);
            }

            for (; c < endColumn; c++)
            {
                for (var i = 0; i < height; i++)
                {
                    var to = z + ((long)(r + i) * columns) + c;
                    var sum = T.Zero;
                    for (var k = 0; k < depth; k++) sum += from[(i * rowStride) + (k * depthStride)] * b[((long)k * columns) + c];
                    *to = accumulate ? *to + sum : sum;
                }
            }
        }
    }

    private static void RowBlockProducts<T>(T* a, long step1, long step2, long step3, T* b, long stepB, int depth, out Four<T> low, out Four<T> high)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T* a1 = a + step1, a2 = a + step2, a3 = a + step3, b1 = b + stepB;
        Vector<T> s00 = default, s10 = default, s20 = default, s30 = default, s01 = default, s11 = default, s21 = default, s31 = default;
        var k = 0;
        for (; k <= depth - Vector<T>.Count; k += Vector<T>.Count)
        {
            Vector<T> w0 = Vector.Load(b + k), w1 = Vector.Load(b1 + k);
            var x = Vector.Load(a + k);
            s00 = VectorLoops.MultiplyAdd(x, w0, s00);
            s01 = VectorLoops.MultiplyAdd(x, w1, s01);
            x = Vector.Load(a1 + k);
            s10 = VectorLoops.MultiplyAdd(x, w0, s10);
            s11 = VectorLoops.MultiplyAdd(x, w1, s11);
            x = Vector.Load(a2 + k);
            s20 = VectorLoops.MultiplyAdd(x, w0, s20);
            s21 = VectorLoops.MultiplyAdd(x, w1, s21);
            x = Vector.Load(a3 + k);
            s30 = VectorLoops.MultiplyAdd(x, w0, s30);
            s31 = VectorLoops.MultiplyAdd(x, w1, s31);
        }

        low = new Four<T>(Vector.Sum(s00), Vector.Sum(s10), Vector.Sum(s20), Vector.Sum(s30));
        high = new Four<T>(Vector.Sum(s01), Vector.Sum(s11), Vector.Sum(s21), Vector.Sum(s31));
        for (; k < depth; k++)
        {
            low = low.Plus(a[k] * b[k], a1[k] * b[k], a2[k] * b[k], a3[k] * b[k]);
            high = high.Plus(a[k] * b1[k], a1[k] * b1[k], a2[k] * b1[k], a3[k] * b1[k]);
        }
    }

    private static void ColumnBlockProducts<T>(T* a, long step1, long step2, long step3, long depthStride, T* b, T* z, int columns, int height, int depth, bool accumulate)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var lanes = Vector<T>.Count;
        T* a1 = a + step1, a2 = a + step2, a3 = a + step3;
        Vector<T> s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
        for (var k = 0; k < depth; k++)
        {
            Vector<T> w0 = Vector.Load(b), w1 = Vector.Load(b + lanes);
            var at = k * depthStride;
            var x = new Vector<T>(a[at]);
            s00 = VectorLoops.MultiplyAdd(x, w0, s00);
            s01 = VectorLoops.MultiplyAdd(x, w1, s01);
            x = new Vector<T>(a1[at]);
            s10 = VectorLoops.MultiplyAdd(x, w0, s10);
            s11 = VectorLoops.MultiplyAdd(x, w1, s11);
            x = new Vector<T>(a2[at]);
            s20 = VectorLoops.MultiplyAdd(x, w0, s20);
            s21 = VectorLoops.MultiplyAdd(x, w1, s21);
            x = new Vector<T>(a3[at]);
            s30 = VectorLoops.MultiplyAdd(x, w0, s30);
            s31 = VectorLoops.MultiplyAdd(x, w1, s31);
            b += columns;
        }

        Store(z, s00, s01, accumulate);
        if (height > 1) Store(z + columns, s10, s11, accumulate);
        if (height > 2) Store(z + (2L * columns), s20, s21, accumulate);
        if (height > 3) Store(z + (3L * columns), s30, s31, accumulate);
    }

    private static void Store<T>(T* to, Vector<T> first, Vector<T> second, bool accumulate)
        where T : unmanaged
    {
        if (accumulate)
        {
            first += Vector.Load(to);
            second += Vector.Load(to + Vector<T>.Count);
        }

        first.Store(to);
        second.Store(to + Vector<T>.Count);
    }

    private static (int FirstRow, int EndRow, int FirstColumn, int EndColumn) Part(int job, int rows, int columns)
    {
        var across = Ceiling(columns, JobColumns);
        int r = job / across * JobRows, c = job % across * JobColumns;
        return (r, Math.Min(rows, r + JobRows), c, Math.Min(columns, c + JobColumns));
    }

    /// <summary>The way to row i of a block, or to its last row where the block is lower.</summary>
    private static long Step(int i, int height, long stride) => Math.Min(i, height - 1) * stride;

    private static int Ceiling(int a, int b) => (a + b - 1) / b;

    /// <summary>The sums of four rows.</summary>
    private readonly struct Four<T>(T first, T second, T third, T fourth)
        where T : IFloatingPointIeee754<T>
    {
        private readonly T first = first, second = second, third = third, fourth = fourth;

        public T this[int i] => i switch { 0 => first, 1 => second, 2 => third, _ => fourth };

        public Four<T> Plus(T a, T b, T c, T d) => new(first + a, second + b, third + c, fourth + d);
    }
}
