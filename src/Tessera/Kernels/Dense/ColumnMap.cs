using System.Runtime.CompilerServices;
using Tessera.Connections;

namespace Tessera.Kernels.Dense;

/// <summary>Columns of one panel that read an evenly spaced run of a source plane: to = Column …, from = Source + i · Step.</summary>
internal struct SourceRun
{
    public nint Source;
    public nint Step;
    public int Column;
    public int Length;
}

/// <summary>Columns of one panel that are neighbours in the result (ResultStep apart).</summary>
internal struct ResultRun
{
    public nint Result;
    public int Column;
    public int Length;
}

/// <summary>The runs of one row of one panel, and whether they leave no column out.</summary>
internal struct RunSlice
{
    public int First;
    public int Count;
    public bool IsFull;
}

/// <summary>A panel of a column block: its vectors, its columns that exist and its runs of the result.</summary>
internal struct ColumnPanel
{
    public int FirstColumn;
    public int Columns;
    public int Vectors;
    public int FirstSegment;
    public int Segments;
    public int FirstResult;
    public int Results;
}

/// <summary>Columns of one panel along one row of the last axis, before any tap is applied.</summary>
internal struct ColumnSegment
{
    public nint Source;
    public int Column;
    public int Length;
}

/// <summary>The tables of a block of columns, in a worker's memory.</summary>
internal unsafe struct ColumnTables
{
    public ColumnPanel* Panels;
    public ColumnSegment* Segments;
    public int* Coordinates;
    public ResultRun* Results;
    public RunSlice* Slices;
    public SourceRun* Runs;
    public int PanelCount;
}

/// <summary>
/// The columns of a tap convolution: all positions of all examples, flattened (n, j_1 … j_d). For a block of them it
/// finds, without looking at a number, which stretches of a source plane every tap reads and which stretches of the
/// result they make; channels then only repeat the copying.
/// <code>
///     columns      |--- image row ---|--- image row ---|--- ...      segments: one per row and panel
///     tap (+1, −1)   0 [  run       ]  0 [  run       ]              runs: what is left inside the plane
/// </code>
/// </summary>
internal sealed unsafe class ColumnMap
{
    private readonly TapConvolution part;
    private readonly int rank;
    private readonly int[] counts;
    private readonly int[] sourceSteps;
    private readonly int[] sourceSizes;
    private readonly int[] resultSteps;
    private readonly int[] resultStarts;
    private readonly long[] sourceStrides;
    private readonly long[] resultStrides;
    private readonly nint[] tapSources;
    private readonly nint sourceImage;
    private readonly nint resultImage;
    private readonly int lanes;

    /// <param name="part">The convolution.</param>
    /// <param name="batch">Examples N.</param>
    /// <param name="sourceImage">Elements from one example of the source to the next.</param>
    /// <param name="resultImage">Elements from one example of the result to the next.</param>
    /// <param name="lanes">Columns in a vector.</param>
    public ColumnMap(TapConvolution part, int batch, long sourceImage, long resultImage, int lanes)
    {
        this.part = part;
        this.sourceImage = (nint)sourceImage;
        this.resultImage = (nint)resultImage;
        this.lanes = lanes;
        var axes = part.Axes.ToArray();
        rank = axes.Length;
        counts = [.. axes.Select(a => a.Count)];
        sourceSteps = [.. axes.Select(a => a.SourceStep)];
        sourceSizes = [.. axes.Select(a => a.SourceSize)];
        resultSteps = [.. axes.Select(a => a.ResultStep)];
        resultStarts = [.. axes.Select(a => a.ResultStart)];
        sourceStrides = Sizes.Create(sourceSizes).RowMajorStrides();
        resultStrides = Sizes.Create([.. axes.Select(a => a.ResultSize)]).RowMajorStrides();
        tapSources = new nint[part.TapCount];
        for (var tap = 0; tap < part.TapCount; tap++)
        {
            for (var a = 0; a < rank; a++) tapSources[tap] += (nint)(part.Offsets[(tap * rank) + a] * sourceStrides[a]);
        }

        Columns = checked(batch * part.Positions);
    }

    /// <summary>The number of columns.</summary>
    public long Columns { get; }

    /// <summary>The distance between neighbouring columns of a <see cref="ResultRun"/>.</summary>
    public int ResultStep => resultSteps[^1];

    /// <summary>The most segments that a block of so many columns in so many panels can have.</summary>
    public int MostSegments(int columns, int panels) => Math.Min(columns, (columns / Math.Max(1, counts[^1])) + 2 + panels);

    /// <summary>The bytes of the tables of a block.</summary>
    public static long TableBytes(int rank, int panels, long segments, long slices) =>
        (panels * (long)sizeof(ColumnPanel)) + (segments * (sizeof(ColumnSegment) + sizeof(ResultRun) + (rank * sizeof(int))))
        + (slices * panels * sizeof(RunSlice)) + (slices * segments * sizeof(SourceRun)) + (6 * 64);

    /// <summary>Lays the tables out in memory of <see cref="TableBytes"/> and finds the segments and results of a block.</summary>
    /// <param name="memory">Where the tables go.</param>
    /// <param name="first">First column of the block.</param>
    /// <param name="columns">Columns of the block.</param>
    /// <param name="segments">The most segments.</param>
    /// <param name="slices">The most slices per panel.</param>
    public ColumnTables Divide(byte* memory, long first, int columns, int segments, int slices)
    {
        var tables = default(ColumnTables);
        var vectors = (columns + lanes - 1) / lanes;
        tables.PanelCount = (vectors + 2) / 3;
        tables.Panels = (ColumnPanel*)Take(ref memory, tables.PanelCount * (long)sizeof(ColumnPanel));
        tables.Segments = (ColumnSegment*)Take(ref memory, segments * (long)sizeof(ColumnSegment));
        tables.Coordinates = (int*)Take(ref memory, segments * (long)rank * sizeof(int));
        tables.Results = (ResultRun*)Take(ref memory, segments * (long)sizeof(ResultRun));
        tables.Slices = (RunSlice*)Take(ref memory, slices * (long)tables.PanelCount * sizeof(RunSlice));
        tables.Runs = (SourceRun*)memory;
        int segment = 0, result = 0, column = 0;
        for (var panel = 0; panel < tables.PanelCount; panel++)
        {
            var width = (vectors / tables.PanelCount) + (panel < vectors % tables.PanelCount ? 1 : 0);
            ref var p = ref tables.Panels[panel];
            p = new ColumnPanel { FirstColumn = column, Columns = Math.Min(width * lanes, columns - column), Vectors = width, FirstSegment = segment, FirstResult = result };
            for (var done = 0; done < p.Columns; segment++)
            {
                var length = Locate(first + column + done, p.Columns - done, tables.Coordinates + (segment * rank), out var source, out var to);
                tables.Segments[segment] = new ColumnSegment { Source = source, Column = done, Length = length };
                if (result > p.FirstResult && resultSteps[^1] == 1 && tables.Results[result - 1].Result + tables.Results[result - 1].Length == to)
                {
                    tables.Results[result - 1].Length += length;
                }
                else
                {
                    tables.Results[result++] = new ResultRun { Result = to, Column = done, Length = length };
                }

                done += length;
            }

            p.Segments = segment - p.FirstSegment;
            p.Results = result - p.FirstResult;
            column += p.Columns;
        }

        return tables;
    }

    /// <summary>Finds the runs of <paramref name="count"/> taps from <paramref name="tap"/> on (around the end), for every panel; slice i is tap (tap + i) mod taps.</summary>
    public void FindRuns(in ColumnTables tables, int tap, int count)
    {
        var next = 0;
        for (var slice = 0; slice < count; slice++, tap = tap + 1 == part.TapCount ? 0 : tap + 1)
        {
            for (var panel = 0; panel < tables.PanelCount; panel++)
            {
                var p = tables.Panels[panel];
                var begin = next;
                var covered = FindRuns(tables, p, tap, ref next);
                tables.Slices[(slice * tables.PanelCount) + panel] = new RunSlice { First = begin, Count = next - begin, IsFull = covered == p.Vectors * lanes };
            }
        }
    }

    private int FindRuns(in ColumnTables tables, in ColumnPanel panel, int tap, ref int next)
    {
        var last = rank - 1;
        int step = sourceSteps[last], size = sourceSizes[last], covered = 0, begin = next;
        fixed (int* offsets = &part.Offsets[tap * rank])
        {
            for (var s = panel.FirstSegment; s < panel.FirstSegment + panel.Segments; s++)
            {
                var at = tables.Coordinates + (s * rank);
                var inside = true;
                for (var a = 0; a < last; a++) inside &= (uint)(at[a] + offsets[a]) < (uint)sourceSizes[a];
                if (!inside) continue;
                var segment = tables.Segments[s];
                var x = at[last] + offsets[last];
                int from, to;
                if (step == 1)
                {
                    from = Math.Max(0, -x);
                    to = Math.Min(segment.Length, size - x);
                }
                else
                {
                    from = x >= 0 ? 0 : (-x + step - 1) / step;
                    to = x >= size ? 0 : Math.Min(segment.Length, ((size - 1 - x) / step) + 1);
                }

                if (to <= from) continue;
                covered += to - from;
                var run = new SourceRun { Source = segment.Source + tapSources[tap] + ((nint)from * step), Step = step, Column = segment.Column + from, Length = to - from };
                if (next == begin || !Joins(ref tables.Runs[next - 1], run)) tables.Runs[next++] = run;
            }
        }

        return covered;
    }

    /// <summary>Appends a run to the one before where both together are evenly spaced.</summary>
    private static bool Joins(ref SourceRun before, in SourceRun run)
    {
        if (before.Column + before.Length != run.Column) return false;
        var step = before.Length == 1 ? run.Source - before.Source : before.Step;
        if (before.Source + (before.Length * step) != run.Source || (run.Length > 1 && run.Step != step)) return false;
        before.Step = step;
        before.Length += run.Length;
        return true;
    }

    /// <summary>Where a column reads (at offset 0) and writes, and how many of the next ones lie in the same row.</summary>
    private int Locate(long column, int most, int* coordinates, out nint source, out nint result)
    {
        var inRow = (int)(column % counts[rank - 1]);
        var rest = column / counts[rank - 1];
        source = (nint)(inRow * (long)sourceSteps[rank - 1]);
        result = (nint)((resultStarts[rank - 1] + ((long)inRow * resultSteps[rank - 1])) * resultStrides[rank - 1]);
        coordinates[rank - 1] = inRow * sourceSteps[rank - 1];
        for (var a = rank - 2; a >= 0; a--)
        {
            var j = rest % counts[a];
            rest /= counts[a];
            coordinates[a] = (int)(j * sourceSteps[a]);
            source += (nint)(coordinates[a] * sourceStrides[a]);
            result += (nint)((resultStarts[a] + (j * resultSteps[a])) * resultStrides[a]);
        }

        source += (nint)rest * sourceImage;
        result += (nint)rest * resultImage;
        return Math.Min(most, counts[rank - 1] - inRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Take(ref byte* memory, long bytes)
    {
        var taken = memory;
        memory += (bytes + 63) & ~63L;
        return taken;
    }
}
