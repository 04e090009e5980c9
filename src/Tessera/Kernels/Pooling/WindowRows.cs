namespace Tessera.Kernels.Pooling;

/// <summary>A box of input rows, numbered row-major: where each begins within the plane.</summary>
/// <param name="start">Where the first row begins.</param>
/// <param name="count">The number of rows.</param>
/// <param name="divisor">What an average divides by on the leading axes.</param>
/// <param name="counts">Rows per leading axis.</param>
/// <param name="steps">Elements from a row to its neighbour, per leading axis.</param>
internal readonly ref struct WindowRows(int start, int count, int divisor, ReadOnlySpan<int> counts, ReadOnlySpan<int> steps)
{
    private readonly ReadOnlySpan<int> counts = counts;
    private readonly ReadOnlySpan<int> steps = steps;

    public int Count { get; } = count;

    public int Divisor { get; } = divisor;

    /// <summary>Where row <paramref name="row"/> begins within the plane.</summary>
    public int Offset(int row)
    {
        if (counts.Length == 1) return start + (row * steps[0]);
        var offset = start;
        for (var a = counts.Length - 1; a >= 0; a--)
        {
            offset += row % counts[a] * steps[a];
            row /= counts[a];
        }

        return offset;
    }
}
