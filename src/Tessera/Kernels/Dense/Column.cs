namespace Tessera.Kernels.Dense;

/// <summary>Rows laid out as columns.</summary>
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
        var (from, end) = row == null ? (0, 0) : Inside(x, step, size, count);
        var i = 0;
        for (; i < from; i++, to += pitch) *to = default;
        row += x + (nint)(i * (long)step);
        for (; i < end; i++, to += pitch, row += step) *to = *row;
        for (; i < count; i++, to += pitch) *to = default;
    }

    /// <summary>Which of the coordinates x, x + step, … (count of them) lie in [0, size).</summary>
    public static (int From, int End) Inside(int x, int step, int size, int count)
    {
        var from = x >= 0 ? 0 : Math.Min(count, step == 1 ? -x : (-x + step - 1) / step);
        var end = x >= size ? 0 : Math.Min(count, step == 1 ? size - x : ((size - 1 - x) / step) + 1);
        return (from, Math.Max(from, end));
    }
}
