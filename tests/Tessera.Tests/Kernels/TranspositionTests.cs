using System.Numerics;
using Tessera.Kernels.Vectors;
using Xunit;

namespace Tessera.Tests.Kernels;

/// <summary>Rows become columns, whatever their number and length, and nothing around them is touched.</summary>
public unsafe class TranspositionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rows_become_columns(bool vectors)
    {
        for (var rows = 1; rows <= 40; rows++)
        {
            foreach (var columns in (int[])[1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 49])
            {
                foreach (var add in new[] { false, true })
                {
                    Check<float>(rows, columns, rows + (columns % 3), add, vectors);
                    Check<double>(rows, columns, rows + (columns % 3), add, vectors);
                }
            }
        }
    }

    [Fact]
    public void Columns_a_power_of_two_apart_are_written_a_few_at_a_time()
    {
        foreach (var rows in (int[])[3, 8, 16, 21]) Check<float>(rows, 37, 1024, add: rows % 2 == 1, vectors: true);
    }

    [Fact]
    public void Rows_anywhere_may_be_zeros()
    {
        foreach (var rows in (int[])[1, 4, 7, 8, 11, 15, 16, 17, 24, 25, 33])
        {
            var from = Numbers<float>(rows * 20);
            var offsets = Enumerable.Range(0, rows).Select(row => row % 5 == 3 ? Transposition.ZeroRow : (rows - 1 - row) * 20).ToArray();
            var (to, zeros) = (new float[20 * rows], new float[20]);
            fixed (float* f = from, t = to, z = zeros)
            {
                fixed (int* o = offsets) Transposition.Gather(f, o, rows, 20, t, rows, z, vectors: true);
            }

            for (var i = 0; i < to.Length; i++) Assert.Equal(offsets[i % rows] == Transposition.ZeroRow ? 0 : from[offsets[i % rows] + (i / rows)], to[i]);
        }
    }

    private static void Check<T>(int rows, int columns, int pitch, bool add, bool vectors)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        const int guard = 20;
        var stride = columns + 2;
        var (from, to) = (Numbers<T>(rows * stride), Numbers<T>((columns * pitch) + (2 * guard)));
        var before = to.ToArray();
        fixed (T* f = from, t = to) Transposition.Run(f, stride, rows, columns, t + guard, pitch, add, vectors);
        for (var i = 0; i < to.Length; i++)
        {
            var (column, row) = Math.DivRem(i - guard, pitch);
            var isResult = i >= guard && column < columns && row < rows;
            var expected = !isResult ? before[i] : from[(row * stride) + column] + (add ? before[i] : T.Zero);
            Assert.True(expected == to[i], $"{typeof(T).Name}, {rows} rows of {columns}, add: {add}: element {i - guard} is {to[i]} instead of {expected}");
        }
    }

    private static T[] Numbers<T>(int count)
        where T : unmanaged, IFloatingPointIeee754<T> => [.. Enumerable.Range(0, count).Select(i => T.CreateChecked((i * 7919 % 1009) - 500))];
}
