using System.Numerics;

namespace Tessera.Execution.Layers;

/// <summary>
/// Which element of each operand belongs to each element of a result that they are repeated to: axes of size 1 are left out, and
/// neighbouring axes that all operands go through alike are one. What stays is rows, the last axis, along which an operand either
/// goes on by 1 or stands still.
/// </summary>
internal sealed unsafe class BroadcastAxes
{
    private readonly int[] sizes;
    private readonly long[][] strides;

    /// <summary>The axes of a result and of the operands, aligned at their last axes.</summary>
    public BroadcastAxes(Sizes result, params ReadOnlySpan<Sizes> operands)
    {
        List<int> merged = [];
        var steps = new List<long>[operands.Length];
        var (dense, own) = (new long[operands.Length], new long[operands.Length]);
        for (var operand = 0; operand < operands.Length; operand++) (steps[operand], dense[operand]) = ([], 1);
        for (var fromEnd = 1; fromEnd <= result.Count; fromEnd++)
        {
            var size = result[^fromEnd];
            if (size == 1) continue;
            var joins = merged.Count > 0;
            for (var operand = 0; operand < operands.Length; operand++)
            {
                var has = fromEnd <= operands[operand].Count && operands[operand][^fromEnd] > 1;
                own[operand] = has ? dense[operand] : 0;
                if (has) dense[operand] *= size;
                joins &= merged.Count > 0 && own[operand] == steps[operand][^1] * merged[^1];
            }

            if (joins)
            {
                merged[^1] *= size;
                continue;
            }

            merged.Add(size);
            for (var operand = 0; operand < operands.Length; operand++) steps[operand].Add(own[operand]);
        }

        // A single element is a row of one that every operand goes through.
        if (merged.Count == 0)
        {
            merged.Add(1);
            foreach (var step in steps) step.Add(1);
        }

        sizes = [.. Enumerable.Reverse(merged)];
        strides = [.. steps.Select(static step => Enumerable.Reverse(step).ToArray())];
        var whole = Sizes.Create(sizes);
        Count = whole.Product;
        var rowMajor = whole.RowMajorStrides();
        IsWhole = [.. strides.Select(stride => stride.AsSpan().SequenceEqual(rowMajor))];
        Elements = new long[operands.Length];
        for (var operand = 0; operand < operands.Length; operand++) Elements[operand] = operands[operand].Product;
    }

    /// <summary>Elements of the result.</summary>
    public long Count { get; }

    /// <summary>The length of a row of the result.</summary>
    public int RowLength => sizes[^1];

    /// <summary>For each operand, whether it has an element of its own for every element of the result.</summary>
    public bool[] IsWhole { get; }

    /// <summary>For each operand, how many elements it has.</summary>
    public long[] Elements { get; }

    /// <summary>Whether an operand stands still along rows.</summary>
    public bool StandsStill(int operand) => strides[operand][^1] == 0;

    /// <summary>Where the operand's element for an element of the result stands.</summary>
    public long Place(int operand, long element)
    {
        long place = 0;
        for (var axis = sizes.Length - 1; axis >= 0; axis--)
        {
            element = Math.DivRem(element, sizes[axis], out var at);
            place += at * strides[operand][axis];
        }

        return place;
    }

    /// <summary>Copies the operand's elements for a stretch of the result.</summary>
    public void Gather<T>(int operand, T* from, long start, Span<T> to)
        where T : unmanaged
    {
        var step = strides[operand][^1];
        var walk = new Walk(this, operand, start, stackalloc int[sizes.Length]);
        for (var done = 0; done < to.Length;)
        {
            var part = to.Slice(done, walk.Take(to.Length - done, out var place));
            if (step == 0) part.Fill(from[place]);
            else new ReadOnlySpan<T>(from + place, part.Length).CopyTo(part);
            done += part.Length;
        }
    }

    /// <summary>Folds a stretch of the result into the elements of the operand that it belongs to, in order.</summary>
    public void Scatter<T, TFold>(int operand, ReadOnlySpan<T> from, long start, T* to)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TFold : struct, IFold<T>
    {
        var step = strides[operand][^1];
        var walk = new Walk(this, operand, start, stackalloc int[sizes.Length]);
        for (var done = 0; done < from.Length;)
        {
            var part = from.Slice(done, walk.Take(from.Length - done, out var place));
            if (step == 0) to[place] = TFold.Fold(to[place], part);
            else TFold.Fold(new Span<T>(to + place, part.Length), part);
            done += part.Length;
        }
    }

    /// <summary>How many axes a walk has.</summary>
    public int Rank => sizes.Length;

    /// <summary>A walk along rows and from row to row.</summary>
    public ref struct Walk
    {
        private readonly BroadcastAxes axes;
        private readonly long[] strides;
        private readonly Span<int> at;
        private long place;

        /// <summary>Begins at an element of the result; <paramref name="at"/> is memory for a number for each axis.</summary>
        public Walk(BroadcastAxes axes, int operand, long start, Span<int> at)
        {
            (this.axes, strides) = (axes, axes.strides[operand]);
            this.at = at;
            for (var axis = at.Length - 1; axis >= 0; axis--)
            {
                start = Math.DivRem(start, axes.sizes[axis], out var here);
                at[axis] = (int)here;
                place += here * strides[axis];
            }
        }

        /// <summary>Goes on by what is left of the row, or by as much as is wanted of it.</summary>
        public int Take(int wanted, out long from)
        {
            var axis = at.Length - 1;
            var count = Math.Min(wanted, axes.sizes[axis] - at[axis]);
            from = place;
            at[axis] += count;
            place += count * strides[axis];
            for (; axis > 0 && at[axis] == axes.sizes[axis]; axis--)
            {
                place += strides[axis - 1] - (axes.sizes[axis] * strides[axis]);
                at[axis] = 0;
                at[axis - 1]++;
            }

            return count;
        }
    }
}
