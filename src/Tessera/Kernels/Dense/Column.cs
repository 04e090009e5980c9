namespace Tessera.Kernels.Dense;

/// <summary>Rows of an image laid out as columns.</summary>
internal static unsafe class Column
{
    /// <summary>to[i · pitch] = row[x + i · step] where that lies in [0, size), else 0.</summary>
    /// <param name="row">The row, or null for zeros.</param>
    /// <param name="x">The coordinate of the first number; may lie outside.</param>
    /// <param name="step">The distance between numbers in the row.</param>
    /// <param name="size">The length of the row.</param>
    /// <param name="to">The first number of the column.</param>
    /// <param name="pitch">The distance between numbers in the column.</param>
    /// <param name="count">How many.</param>
    public static void Lay<T>(T* row, int x, int step, int size, T* to, nint pitch, int count)
        where T : unmanaged
    {
        int from = 0, end = 0;
        if (row != null)
        {
            from = x >= 0 ? 0 : Math.Min(count, step == 1 ? -x : (-x + step - 1) / step);
            end = x >= size ? 0 : Math.Min(count, step == 1 ? size - x : ((size - 1 - x) / step) + 1);
        }

        var i = 0;
        for (; i < Math.Min(from, count); i++, to += pitch) *to = default;
        row += x + (nint)(i * (long)step);
        for (; i < end; i++, to += pitch, row += step) *to = *row;
        for (; i < count; i++, to += pitch) *to = default;
    }
}
