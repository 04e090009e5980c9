using Tessera.Connections;

namespace Tessera.Kernels.Pooling;

/// <summary>
/// The windows of a plane, taken row by row: an output row is all positions of the last axis for one position of the
/// others. The window of a row is a box of input rows, cut to those that exist; along the last axis each position has
/// its own run of elements [First, End).
/// </summary>
internal sealed class PoolingAxes
{
    private readonly Lead[][] leading;
    private readonly int[] rowSteps;

    public PoolingAxes(AxisGeometry[] axes, bool includePadding = false)
    {
        Last = axes[^1];
        InputPlane = axes.Aggregate(1L, (product, axis) => product * axis.Input);
        OutputPlane = axes.Aggregate(1L, (product, axis) => product * axis.Output);
        OutputRows = (int)(OutputPlane / Last.Output);
        leading = new Lead[axes.Length - 1][];
        rowSteps = new int[axes.Length - 1];
        var step = Last.Input;
        for (var a = axes.Length - 2; a >= 0; a--)
        {
            var (axis, unit) = (axes[a], step);
            leading[a] = [.. Enumerable.Range(0, axis.Output).Select(p => LeadOf(axis, p, unit, includePadding))];
            rowSteps[a] = axis.Dilation * unit;
            step *= axis.Input;
        }

        Run = [.. Enumerable.Range(0, Last.Output).Select(p => Inside(Last, p))];
        InteriorFirst = 0;
        while (InteriorFirst < Last.Output && !IsWhole(InteriorFirst)) InteriorFirst++;
        InteriorEnd = InteriorFirst;
        while (InteriorEnd < Last.Output && IsWhole(InteriorEnd)) InteriorEnd++;
    }

    /// <summary>The last axis.</summary>
    public AxisGeometry Last { get; }

    /// <summary>Elements of an input plane.</summary>
    public long InputPlane { get; }

    /// <summary>Elements of an output plane.</summary>
    public long OutputPlane { get; }

    /// <summary>Output rows of a plane.</summary>
    public int OutputRows { get; }

    /// <summary>The window elements [First, End) of the last axis that meet the input, by output position.</summary>
    public (int First, int End)[] Run { get; }

    /// <summary>The output positions [InteriorFirst, InteriorEnd) of the last axis whose whole window meets the input.</summary>
    public int InteriorFirst { get; }

    /// <inheritdoc cref="InteriorFirst"/>
    public int InteriorEnd { get; }

    /// <summary>The elements of each position's window that an average divides by, on the last axis alone.</summary>
    public int[] Counts(bool includePadding) => [.. Enumerable.Range(0, Last.Output).Select(p => Count(Last, p, includePadding))];

    /// <summary>The number of leading axes: the numbers of scratch that <see cref="RowsOf"/> takes.</summary>
    public int LeadingAxes => leading.Length;

    /// <summary>The input rows of one output row's window; <paramref name="counts"/> are <see cref="LeadingAxes"/> numbers of scratch.</summary>
    public WindowRows RowsOf(int outputRow, Span<int> counts)
    {
        int start = 0, count = 1, divisor = 1;
        for (var a = leading.Length - 1; a >= 0; a--)
        {
            var rest = a == 0 ? 0 : outputRow / leading[a].Length;
            var lead = leading[a][outputRow - (rest * leading[a].Length)];
            outputRow = rest;
            counts[a] = lead.Count;
            start += lead.Start;
            count *= lead.Count;
            divisor *= lead.Divisor;
        }

        return new WindowRows(start, count, divisor, counts, rowSteps);
    }

    private bool IsWhole(int p) => Run[p] == (0, Last.Kernel);

    private static Lead LeadOf(AxisGeometry axis, int p, int step, bool includePadding)
    {
        var (first, end) = Inside(axis, p);
        return new Lead(((p * axis.Stride) - axis.PadLow + (first * axis.Dilation)) * step, end - first, Count(axis, p, includePadding));
    }

    private static (int First, int End) Inside(AxisGeometry axis, int p)
    {
        var start = (p * axis.Stride) - axis.PadLow;
        var first = start >= 0 ? 0 : (-start + axis.Dilation - 1) / axis.Dilation;
        return (first, Math.Min(axis.Kernel, (axis.Input - start + axis.Dilation - 1) / axis.Dilation));
    }

    private static int Count(AxisGeometry axis, int p, bool includePadding)
    {
        var (first, end) = Inside(axis, p);
        if (!includePadding) return end - first;
        var start = (p * axis.Stride) - axis.PadLow;
        return Math.Min(axis.Kernel, (axis.Input + axis.PadHigh - start + axis.Dilation - 1) / axis.Dilation);
    }

    /// <summary>One output position of a leading axis: where its window begins in the plane, how many rows of it exist, and how many an average counts.</summary>
    private readonly record struct Lead(int Start, int Count, int Divisor);
}
