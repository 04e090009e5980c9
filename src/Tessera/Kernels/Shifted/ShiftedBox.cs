using Tessera.Connections;
using Tessera.Kernels.Dense;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Shifted;

/// <summary>A result row of a box: where it stands in the columns and in the result's plane, and how long it is (0 beyond the part).</summary>
internal struct ShiftedRow
{
    public long Result;
    public int Column;
    public int Length;
}

/// <summary>
/// A box of result positions of one part of a convolution, and the source around it laid out so that every tap is the
/// same numbers, shifted. The source is parted by its phases of the step, with zeros around it:
/// <code>
///   step 2, taps at −1 0 1      phase 0:  x0 x2 x4 …     tap  0 = phase 0 from 0
///                               phase 1:  0  x1 x3 …     tap −1 = phase 1 from 0, tap 1 = phase 1 from 1
/// </code>
/// Over the innermost axes the box is one long run of columns, the surroundings computed with it and then left out:
/// <code>
///   ▪▪▪▪▪▫▫▪▪▪▪▪▫▫▪▪▪▪▪      ▪ positions  ▫ left out
/// </code>
/// </summary>
internal sealed unsafe class ShiftedBox
{
    private readonly TapAxis[] axes;
    private readonly int[] lowest;
    private readonly int[][] phases;
    private readonly int[] size;
    private readonly int[] extent;
    private readonly int[] pitch;
    private readonly int[] boxes;
    private readonly int[] tapLanes;
    private readonly int[] tapScalars;
    private readonly long[] sourceStrides;
    private readonly long[] resultStrides;
    private readonly int rank;
    private readonly int phaseCount;
    private readonly int phaseElements;
    private readonly int joined;
    private readonly int lanes;

    /// <param name="part">The part.</param>
    /// <param name="lanes">Elements of a vector.</param>
    /// <param name="channels">Source channels that are laid out at once.</param>
    /// <param name="elements">What they should not exceed together.</param>
    /// <param name="leastBoxes">How many boxes there should be, for jobs enough.</param>
    public ShiftedBox(TapConvolution part, int lanes, int channels, long elements, int leastBoxes)
    {
        this.lanes = lanes;
        Part = part;
        axes = part.Axes.ToArray();
        rank = axes.Length;
        sourceStrides = Sizes.Create([.. axes.Select(a => a.SourceSize)]).RowMajorStrides();
        resultStrides = Sizes.Create([.. axes.Select(a => a.ResultSize)]).RowMajorStrides();
        lowest = [.. axes.Select(a => a.Taps.Length == 0 ? 0 : a.Taps.Min(tap => Floor(tap.Offset, a.SourceStep)))];
        phases = [.. axes.Select(a => a.Taps.Select(tap => tap.Offset - (Floor(tap.Offset, a.SourceStep) * a.SourceStep)).Distinct().Order().ToArray())];
        phaseCount = phases.Aggregate(1, (count, list) => checked(count * list.Length));
        size = [.. axes.Select(a => a.Count)];
        extent = new int[rank];
        pitch = new int[rank];
        while (true)
        {
            var total = Measure();
            boxes = [.. axes.Select((a, i) => (a.Count + size[i] - 1) / size[i])];
            if (total * channels <= elements && Boxes >= leastBoxes) break;
            var outermost = Array.FindIndex(size, s => s > 1);
            if (outermost < 0) break;
            if (outermost == rank - 1 && size[^1] <= 4 * lanes && total * channels <= elements) break;
            size[outermost] = (size[outermost] + 1) / 2;
        }

        for (var a = 0; a < rank; a++) size[a] = (axes[a].Count + boxes[a] - 1) / boxes[a];
        phaseElements = checked((int)(Measure() / Math.Max(1, phaseCount)));
        joined = BestJoin();
        Runs = 1;
        for (var a = 0; a < joined; a++) Runs *= size[a];
        Vectors = (RunLength(joined) + lanes - 1) / lanes;
        tapLanes = GC.AllocateUninitializedArray<int>(Math.Max(1, part.TapCount), pinned: true);
        tapScalars = GC.AllocateUninitializedArray<int>(Math.Max(1, part.TapCount), pinned: true);
        for (var tap = 0; tap < part.TapCount; tap++)
        {
            tapScalars[tap] = tap;
            tapLanes[tap] = OffsetOf(tap);
        }
    }

    /// <summary>The part of the convolution.</summary>
    public TapConvolution Part { get; }

    /// <summary>How many boxes cover the part.</summary>
    public int Boxes
    {
        get
        {
            var count = 1;
            foreach (var along in boxes) count = checked(count * along);
            return count;
        }
    }

    /// <summary>How many runs of columns a box has.</summary>
    public int Runs { get; private set; }

    /// <summary>Vectors of each run.</summary>
    public int Vectors { get; private set; }

    /// <summary>Columns of a result channel: all runs, in whole vectors.</summary>
    public int Columns => Runs * Vectors * lanes;

    /// <summary>Elements that a source channel takes, with what the last vector of the last tap may read beyond it, in whole lines of memory.</summary>
    public int SourceElements => ((phaseElements * phaseCount) + lanes + 15) / 16 * 16;

    /// <summary>The taps: scalar = number of the tap, lane = its shift.</summary>
    public Terms Taps
    {
        get
        {
            fixed (int* s = tapScalars, l = tapLanes) return new Terms(s, l, Part.TapCount);
        }
    }

    /// <summary>The shift of each tap.</summary>
    public ReadOnlySpan<int> TapLanes => tapLanes.AsSpan(0, Part.TapCount);

    /// <summary>Where a run of columns begins in the laid out source.</summary>
    public int RunStart(int run)
    {
        var start = 0;
        for (var a = joined - 1; a >= 0; a--)
        {
            start += run % size[a] * pitch[a];
            run /= size[a];
        }

        return start;
    }

    /// <summary>Lays out one channel of the source around a box.</summary>
    /// <param name="plane">The channel.</param>
    /// <param name="box">The box.</param>
    /// <param name="to">Where to.</param>
    /// <param name="zeros">Whether zeros are written too: not where another channel was laid out around the same box before.</param>
    public void LayOut<TVector, T, TLanes>(T* plane, int box, T* to, bool zeros = true)
        where TVector : struct
        where T : unmanaged
        where TLanes : struct, ILanes<TVector, T>
    {
        var last = rank - 1;
        int count = extent[last], step = axes[last].SourceStep;
        var corner = box % boxes[last] * size[last];

        // The rows of the last axis but one are walked without divisions: with short rows those would cost more than the copies.
        var inner = rank == 1 ? 1 : extent[last - 1];
        var outer = phaseElements / (count * inner);
        for (var phase = 0; phase < phaseCount; phase++)
        {
            var first = ((corner + lowest[last]) * step) + phases[last][phase % phases[last].Length];
            var begin = Math.Min(count, first >= 0 ? 0 : (-first + step - 1) / step);
            var length = Math.Clamp(Floor(axes[last].SourceSize - 1 - first, step) + 1, begin, count) - begin;
            for (var rows = 0; rows < outer; rows++)
            {
                var (from, row) = Locate(phase, rows, box);
                from += first + ((long)begin * step);
                var stride = rank == 1 ? 0 : axes[last - 1].SourceStep * sourceStrides[last - 1];
                int rowStep = rank == 1 ? 0 : axes[last - 1].SourceStep, rowSize = rank == 1 ? 1 : axes[last - 1].SourceSize;
                for (var i = 0; i < inner; i++, row += rowStep, from += stride, to += count)
                {
                    if ((uint)row >= (uint)rowSize || length == 0)
                    {
                        if (zeros) new Span<T>(to, count).Clear();
                        continue;
                    }

                    RowCopy<TVector, T, TLanes>.Copy(plane + from, step, to + begin, length);
                    if (!zeros) continue;
                    for (var x = 0; x < begin; x++) to[x] = default;
                    for (var x = begin + length; x < count; x++) to[x] = default;
                }
            }
        }

        if (zeros) new Span<T>(to, lanes).Clear();
    }

    /// <summary>Where the first row of some rows of the last axis but one begins in a plane, and its coordinate there; outside where an outer axis is.</summary>
    private (long From, int Row) Locate(int phase, int rows, int box)
    {
        var inside = true;
        long from = 0;
        var first = 0;
        phase /= phases[rank - 1].Length;
        box /= boxes[rank - 1];
        for (var a = rank - 2; a >= 0; a--)
        {
            var i = (box % boxes[a] * size[a]) + lowest[a];
            if (a < rank - 2)
            {
                i += rows % extent[a];
                rows /= extent[a];
            }

            var x = (i * axes[a].SourceStep) + phases[a][phase % phases[a].Length];
            phase /= phases[a].Length;
            box /= boxes[a];
            from += x * sourceStrides[a];
            if (a == rank - 2) first = x;
            else inside &= (uint)x < (uint)axes[a].SourceSize;
        }

        return (from, inside ? first : int.MinValue / 2);
    }

    /// <summary>The number of result rows in a box; those that reach beyond the part have no length.</summary>
    public int ResultRows
    {
        get
        {
            var rows = 1;
            for (var a = 0; a < rank - 1; a++) rows *= size[a];
            return rows;
        }
    }

    /// <summary>The most positions of a result row.</summary>
    public int RowLength => size[^1];

    /// <summary>Lists the result rows of a box.</summary>
    public void ListRows(int box, ShiftedRow* rows)
    {
        for (var row = 0; row < ResultRows; row++) rows[row] = ResultRow(box, row);
    }

    /// <summary>The distance between two rows of the laid out source.</summary>
    public int RowPitch => extent[rank - 1];

    /// <summary>The distance between a row's neighbours in the result.</summary>
    public int ResultStep => axes[^1].ResultStep;

    private ShiftedRow ResultRow(int box, int row)
    {
        var last = rank - 1;
        var corner = box % boxes[last] * size[last];
        var length = Math.Min(size[last], axes[last].Count - corner);
        long result = axes[last].ResultStart + ((long)corner * axes[last].ResultStep);
        int column = 0, run = 0, runScale = 1;
        box /= boxes[last];
        for (var a = last - 1; a >= 0; a--)
        {
            int i = row % size[a], j = (box % boxes[a] * size[a]) + i;
            row /= size[a];
            box /= boxes[a];
            if (j >= axes[a].Count) length = 0;
            result += (axes[a].ResultStart + ((long)j * axes[a].ResultStep)) * resultStrides[a];
            if (a >= joined)
            {
                column += i * pitch[a];
            }
            else
            {
                run += i * runScale;
                runScale *= size[a];
            }
        }

        return new ShiftedRow { Column = (run * Vectors * lanes) + column, Result = result, Length = length };
    }

    private int OffsetOf(int tap)
    {
        int offset = 0, phase = 0;
        for (var a = 0; a < rank; a++)
        {
            var at = Part.Offsets[(tap * rank) + a];
            var shift = Floor(at, axes[a].SourceStep);
            phase = (phase * phases[a].Length) + Array.IndexOf(phases[a], at - (shift * axes[a].SourceStep));
            offset += (shift - lowest[a]) * pitch[a];
        }

        return (phase * phaseElements) + offset;
    }

    /// <summary>Extents and pitches for the present size; the elements of one channel.</summary>
    private long Measure()
    {
        long elements = 1;
        for (var a = rank - 1; a >= 0; a--)
        {
            var axis = axes[a];
            extent[a] = size[a] + (axis.Taps.Length == 0 ? 0 : axis.Taps.Max(tap => Floor(tap.Offset, axis.SourceStep)) - lowest[a]);
            pitch[a] = checked((int)elements);
            elements *= extent[a];
        }

        return elements * phaseCount;
    }

    /// <summary>From which axis on the box is one run of columns: where the fewest vectors are computed, a run's beginning counted as one.</summary>
    private int BestJoin()
    {
        int best = rank - 1;
        var least = long.MaxValue;
        for (var from = rank - 1; from >= 0; from--)
        {
            long vectors = 1 + ((RunLength(from) + lanes - 1) / lanes);
            for (var a = 0; a < from; a++) vectors *= size[a];
            if (vectors >= least) continue;
            least = vectors;
            best = from;
        }

        return best;
    }

    private int RunLength(int from)
    {
        var length = 1;
        for (var a = from; a < rank; a++) length += (size[a] - 1) * pitch[a];
        return length;
    }

    private static int Floor(int value, int by) => value >= 0 ? value / by : -((-value + by - 1) / by);
}
