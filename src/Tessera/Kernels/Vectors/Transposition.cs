using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tessera.Kernels.Vectors;

/// <summary>
/// Turns rows into columns: to[c · toStride + r] = from[row r + c], or += . Blocks of 16, 8 or 4 rows by 4 columns go
/// through registers; the last block of a row or column lies over the one before where that changes nothing.
/// <code>
///   from: r0 ▸ ▪▪▪▪▪▪▪▪ …          to: c0 ▸ one from each row, side by side
///         r1 ▸ ▪▪▪▪▪▪▪▪ …   16×4       c1 ▸
/// </code>
/// </summary>
internal static unsafe class Transposition
{
    /// <summary>An offset for <see cref="Gather"/> that stands for a row of zeros.</summary>
    public const int ZeroRow = int.MinValue;

    private const long CacheWayBytes = 4096;

    private const long LargePowerOfTwo = 1024;

    private const int ColumnsTogether = 8;

    private const int ColumnsAtOnce = 4;

    /// <summary>Rows at equal distances.</summary>
    /// <param name="from">The first row.</param>
    /// <param name="fromStride">Distance between rows.</param>
    /// <param name="rows">Number of rows read.</param>
    /// <param name="columns">Length of each row.</param>
    /// <param name="to">The result.</param>
    /// <param name="toStride">Distance between the columns in the result.</param>
    /// <param name="add">Whether to add to the result.</param>
    /// <param name="vectors">Whether vectors beyond the portable ones may be used.</param>
    [SkipLocalsInit]
    public static void Run<T>(T* from, long fromStride, int rows, int columns, T* to, long toStride, bool add, bool vectors)
        where T : unmanaged, INumberBase<T>
    {
        // Columns whose distance is a multiple of a large power of two push each other out of the first-level cache: then a few at a time, each from end to end.
        var step = toStride * sizeof(T);
        var power = step & -step;
        if (columns > ColumnsTogether && power >= LargePowerOfTwo && columns * power > ColumnsTogether * CacheWayBytes)
        {
            for (var c = 0; c < columns; c += ColumnsTogether)
            {
                var first = add ? c : Math.Min(c, columns - ColumnsTogether);
                Run(from + first, fromStride, rows, Math.Min(ColumnsTogether, columns - first), to + (first * toStride), toStride, add, vectors);
            }

            return;
        }

        var block = BlockOf<T>(rows, columns, vectors);
        for (var r = 0; r < rows;)
        {
            // Adding must not meet an element twice, so there blocks never overlap: the last ones are smaller.
            if (block > 1 && rows - r < block)
            {
                if (add || (block == 16 && rows - r <= 8)) block = BlockOf<T>(add ? rows - r : 8, columns, vectors);
                if (!add && rows - r < block) r = rows - block;
            }

            var height = Math.Min(rows - r, block == 1 ? 8 : block);
            Band(new EvenRows<T>(from + (r * fromStride), (nint)fromStride), height, columns, block, to + r, toStride, add);
            r += height;
        }
    }

    /// <summary>Rows anywhere: row r begins at from + offsets[r], or is <paramref name="zeros"/> where that is <see cref="ZeroRow"/>.</summary>
    [SkipLocalsInit]
    public static void Gather<T>(T* from, int* offsets, int rows, int columns, T* to, long toStride, T* zeros, bool vectors)
        where T : unmanaged, INumberBase<T>
    {
        var block = BlockOf<T>(rows, columns, vectors);
        var row = stackalloc T*[16];
        for (var r = 0; r < rows;)
        {
            if (block == 16 && rows - r <= 8) block = 8;
            if (block > 1 && rows - r < block) r = rows - block;
            var height = Math.Min(rows - r, block == 1 ? 8 : block);
            for (var i = 0; i < height; i++) row[i] = offsets[r + i] == ZeroRow ? zeros : from + offsets[r + i];
            Band(new Rows<T>(row), height, columns, block, to + r, toStride, false);
            r += height;
        }
    }

    private static int BlockOf<T>(int rows, int columns, bool vectors)
    {
        if (!vectors || !Avx.IsSupported || Math.Min(rows, columns) < ColumnsAtOnce) return 1;
        return typeof(T) != typeof(float) || rows < 8 ? 4 : rows >= 16 && Avx512F.IsSupported ? 16 : 8;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Band<T, TRows>(TRows rows, int height, int columns, int block, T* to, long toStride, bool add)
        where T : unmanaged, INumberBase<T>
        where TRows : struct, IRows<T>
    {
        var c = 0;
        if (height == block && block > 1)
        {
            while (c < columns)
            {
                if (columns - c < ColumnsAtOnce)
                {
                    if (add) break;
                    rows.Advance(columns - ColumnsAtOnce - c);
                    c = columns - ColumnsAtOnce;
                }

                if (typeof(T) == typeof(double)) Doubles<T, TRows>(rows, (double*)to + (c * toStride), toStride, add);
                else if (block == 16) Floats16<T, TRows>(rows, (float*)to + (c * toStride), toStride, add);
                else if (block == 8) Floats8<T, TRows>(rows, (float*)to + (c * toStride), toStride, add);
                else Floats4<T, TRows>(rows, (float*)to + (c * toStride), toStride, add);
                rows.Advance(ColumnsAtOnce);
                c += ColumnsAtOnce;
            }
        }

        for (; c < columns; c++, rows.Advance(1))
        {
            var into = to + (c * toStride);
            for (var i = 0; i < height; i++) into[i] = add ? into[i] + *rows.At(i) : *rows.At(i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Floats16<T, TRows>(in TRows rows, float* to, long stride, bool add)
        where T : unmanaged
        where TRows : struct, IRows<T>
    {
        // Every fourth row is in one vector, a quarter each: then two rounds of shuffles are enough.
        var a = EveryFourth<T, TRows>(rows, 0);
        var b = EveryFourth<T, TRows>(rows, 1);
        var c = EveryFourth<T, TRows>(rows, 2);
        var d = EveryFourth<T, TRows>(rows, 3);
        var low = Avx512F.UnpackLow(a, b);
        var high = Avx512F.UnpackHigh(a, b);
        var lowNext = Avx512F.UnpackLow(c, d);
        var highNext = Avx512F.UnpackHigh(c, d);
        Put(Avx512F.Shuffle(low, lowNext, 0x44), to, add);
        Put(Avx512F.Shuffle(low, lowNext, 0xEE), to + stride, add);
        Put(Avx512F.Shuffle(high, highNext, 0x44), to + (2 * stride), add);
        Put(Avx512F.Shuffle(high, highNext, 0xEE), to + (3 * stride), add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> EveryFourth<T, TRows>(in TRows rows, int first)
        where T : unmanaged
        where TRows : struct, IRows<T>
    {
        var vector = Quarter<T, TRows>(rows, first).ToVector256Unsafe().ToVector512Unsafe();
        vector = Avx512F.InsertVector128(vector, Quarter<T, TRows>(rows, first + 4), 1);
        vector = Avx512F.InsertVector128(vector, Quarter<T, TRows>(rows, first + 8), 2);
        return Avx512F.InsertVector128(vector, Quarter<T, TRows>(rows, first + 12), 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Floats8<T, TRows>(in TRows rows, float* to, long stride, bool add)
        where T : unmanaged
        where TRows : struct, IRows<T>
    {
        // As with sixteen rows, in halves.
        var a = Vector256.Create(Quarter<T, TRows>(rows, 0), Quarter<T, TRows>(rows, 4));
        var b = Vector256.Create(Quarter<T, TRows>(rows, 1), Quarter<T, TRows>(rows, 5));
        var c = Vector256.Create(Quarter<T, TRows>(rows, 2), Quarter<T, TRows>(rows, 6));
        var d = Vector256.Create(Quarter<T, TRows>(rows, 3), Quarter<T, TRows>(rows, 7));
        var low = Avx.UnpackLow(a, b);
        var high = Avx.UnpackHigh(a, b);
        var lowNext = Avx.UnpackLow(c, d);
        var highNext = Avx.UnpackHigh(c, d);
        Put(Avx.Shuffle(low, lowNext, 0x44), to, add);
        Put(Avx.Shuffle(low, lowNext, 0xEE), to + stride, add);
        Put(Avx.Shuffle(high, highNext, 0x44), to + (2 * stride), add);
        Put(Avx.Shuffle(high, highNext, 0xEE), to + (3 * stride), add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Floats4<T, TRows>(in TRows rows, float* to, long stride, bool add)
        where T : unmanaged
        where TRows : struct, IRows<T>
    {
        Vector128<float> a = Quarter<T, TRows>(rows, 0), b = Quarter<T, TRows>(rows, 1), c = Quarter<T, TRows>(rows, 2), d = Quarter<T, TRows>(rows, 3);
        var low = Sse.UnpackLow(a, b);
        var high = Sse.UnpackHigh(a, b);
        var lowNext = Sse.UnpackLow(c, d);
        var highNext = Sse.UnpackHigh(c, d);
        Put(Sse.Shuffle(low, lowNext, 0x44), to, add);
        Put(Sse.Shuffle(low, lowNext, 0xEE), to + stride, add);
        Put(Sse.Shuffle(high, highNext, 0x44), to + (2 * stride), add);
        Put(Sse.Shuffle(high, highNext, 0xEE), to + (3 * stride), add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Doubles<T, TRows>(in TRows rows, double* to, long stride, bool add)
        where T : unmanaged
        where TRows : struct, IRows<T>
    {
        for (var half = 0; half < 2; half++, to += 2 * stride)
        {
            var a = Vector256.Create(Vector128.Load((double*)rows.At(0) + (2 * half)), Vector128.Load((double*)rows.At(2) + (2 * half)));
            var b = Vector256.Create(Vector128.Load((double*)rows.At(1) + (2 * half)), Vector128.Load((double*)rows.At(3) + (2 * half)));
            Put(Avx.UnpackLow(a, b), to, add);
            Put(Avx.UnpackHigh(a, b), to + stride, add);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Quarter<T, TRows>(in TRows rows, int row)
        where T : unmanaged
        where TRows : struct, IRows<T> => Vector128.Load((float*)rows.At(row));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<T>(Vector512<T> vector, T* to, bool add)
        where T : unmanaged => (add ? vector + Vector512.Load(to) : vector).Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<T>(Vector256<T> vector, T* to, bool add)
        where T : unmanaged => (add ? vector + Vector256.Load(to) : vector).Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<T>(Vector128<T> vector, T* to, bool add)
        where T : unmanaged => (add ? vector + Vector128.Load(to) : vector).Store(to);

    /// <summary>Up to sixteen rows, each at the column that is read next.</summary>
    private interface IRows<T>
        where T : unmanaged
    {
        T* At(int row);

        void Advance(int columns);
    }

    /// <summary>Rows at equal distances.</summary>
    private struct EvenRows<T>(T* first, nint stride) : IRows<T>
        where T : unmanaged
    {
        private T* first = first;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly T* At(int row) => first + (row * stride);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Advance(int columns) => first += columns;
    }

    /// <summary>Rows anywhere.</summary>
    private struct Rows<T>(T** rows) : IRows<T>
        where T : unmanaged
    {
        private nint column;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly T* At(int row) => rows[row] + column;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Advance(int columns) => column += columns;
    }
}
