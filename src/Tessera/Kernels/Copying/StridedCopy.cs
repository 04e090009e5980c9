using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Copying;

/// <summary>
/// Carries out a <see cref="CopyMap"/>: the target's axes are loops, those that are dense in both tensors made one, and along the
/// last of them whole runs are copied. Where the last axis is not the source's last, that one becomes the loop before it, and the
/// two are transposed in blocks:
/// <code>
///   source ▸ [ … r … c ]   r far apart, c side by side
///   target ▸ [ … c … r ]   r side by side: blocks of 256 × 16, turned 8 × 8 in registers
/// </code>
/// A job is a box of the target, so jobs never write the same element; sums are taken in the order of the source's positions.
/// </summary>
internal sealed unsafe class StridedCopy<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ElementsPerJob = 32768;

    /// <summary>Rows and columns that are turned at once: of each row one cache line is read, and of each column many are written one after another.</summary>
    private const int BlockRows = 256;
    private const int BlockColumns = 16;

    /// <summary>The fewest rows or columns of a job's, where there are as many.</summary>
    private const int LeastPiece = 64;

    /// <summary>Below this there is nothing to turn in registers, and elements go one by one.</summary>
    private const int NarrowestBlock = 4;
    private const int NarrowElements = 2048;

    private readonly CopyLoop[] loops;
    private readonly int[] pieces;
    private readonly int last;
    private readonly bool transposes;
    private readonly bool vectors;
    private readonly T fill;

    /// <param name="map">Which element is copied where.</param>
    /// <param name="fill">The constant.</param>
    /// <param name="vectors">Whether vectors beyond the portable ones may be used.</param>
    public StridedCopy(CopyMap map, T fill, bool vectors)
    {
        (this.fill, this.vectors) = (fill, vectors);
        var found = CopyLoop.Of(map);
        last = found.Count - 1;
        var columns = found[last] is { IsPlain: true, Stride: 1, Size: > 1 } && Math.Abs(found[last].Segments[0].SourceStep) > 1
            ? found.FindIndex(static loop => loop is { IsPlain: true, Size: > 1 } && loop.Segments[0].SourceStep == 1)
            : -1;
        transposes = columns >= 0;
        if (transposes)
        {
            var loop = found[columns];
            found.RemoveAt(columns);
            found.Insert(last - 1, loop);
        }

        loops = [.. found];
        pieces = new int[loops.Length];
        double target = 1, source = 1;
        foreach (var axis in map.Axes) (target, source) = (target * axis.Target, source * axis.Source);
        // The outermost loops are cut first, so that a job's runs stay long.
        var wanted = (int)Math.Ceiling(Math.Max(target, source) / ElementsPerJob);
        Jobs = 1;
        for (var k = 0; k < (transposes ? last - 1 : loops.Length); k++) Cut(k, loops[k].Size);
        if (!transposes) return;

        // A job's blocks read whole lines and write long ones: the longer of the two is cut first, and neither into slivers.
        var longer = loops[last].Size >= loops[last - 1].Size ? last : last - 1;
        Cut(longer, Math.Max(1, loops[longer].Size / LeastPiece));
        var shorter = last + last - 1 - longer;
        Cut(shorter, Math.Max(1, loops[shorter].Size / LeastPiece));

        void Cut(int k, int most)
        {
            pieces[k] = Math.Min(most, (wanted + Jobs - 1) / Jobs);
            Jobs *= pieces[k];
        }
    }

    /// <summary>How many jobs there are.</summary>
    public int Jobs { get; private set; }

    /// <summary>Runs one job; with <paramref name="add"/>, everything is added to the target, and nothing filled.</summary>
    public void Execute(int job, T* source, T* target, bool add)
    {
        var box = stackalloc int[2 * loops.Length];
        for (var k = loops.Length - 1; k >= 0; k--)
        {
            var piece = job % pieces[k];
            job /= pieces[k];
            box[2 * k] = Bound(k, piece);
            box[(2 * k) + 1] = Bound(k, piece + 1);
        }

        Walk(0, box, source, target, add);
    }

    /// <summary>Where a piece of a loop begins; along what is copied in runs and blocks, at a whole line.</summary>
    private int Bound(int k, int piece)
    {
        var bound = (int)((long)loops[k].Size * piece / pieces[k]);
        return piece < pieces[k] && k >= last - 1 && loops[k].Size / pieces[k] >= BlockColumns ? bound / BlockColumns * BlockColumns : bound;
    }

    private void Walk(int level, int* box, T* source, T* target, bool add)
    {
        var loop = loops[level];
        foreach (ref readonly var segment in loop.Segments.AsSpan())
        {
            var (first, end) = segment.Within(box[2 * level], box[(2 * level) + 1]);
            if (first >= end) continue;
            var step = segment.TargetStep * loop.Stride;
            var to = target + (segment.Target * loop.Stride) + (first * step);
            if (segment.IsFill)
            {
                if (!add) Fill(level, box, to, end - first);
                continue;
            }

            var from = source + segment.Source + ((long)first * segment.SourceStep);
            var adds = add || segment.Adds;
            if (level == last)
            {
                Row(from, segment.SourceStep, to, step, end - first, adds);
            }
            else if (transposes && level == last - 1)
            {
                Transpose(box, from, to, end - first, adds);
            }
            else
            {
                for (var i = first; i < end; i++, from += segment.SourceStep, to += step) Walk(level + 1, box, from, to, adds || (step == 0 && i > 0));
            }
        }
    }

    /// <summary>Columns side by side in the source, each a row of the target.</summary>
    private void Transpose(int* box, T* source, T* target, int columns, bool add)
    {
        var (low, rows) = (box[2 * last], box[(2 * last) + 1] - box[2 * last]);
        var run = loops[last].Segments[0];
        var from = source + run.Source + ((long)low * run.SourceStep);
        var stride = loops[last - 1].Stride;
        var to = target + low;
        var narrow = Math.Min(rows, columns) < NarrowestBlock;
        var height = narrow ? NarrowElements / Math.Min(columns, NarrowElements) : BlockRows;
        for (var r = 0; r < rows; r += height)
        {
            var block = Math.Min(height, rows - r);
            var first = from + ((long)r * run.SourceStep);
            if (!narrow)
            {
                for (var c = 0; c < columns; c += BlockColumns)
                {
                    Transposition.Run(first + c, run.SourceStep, block, Math.Min(BlockColumns, columns - c), to + r + (c * stride), stride, add, vectors);
                }
            }
            else if (columns < NarrowestBlock)
            {
                for (var c = 0; c < columns; c++) Row(first + c, run.SourceStep, to + r + (c * stride), 1, block, add);
            }
            else
            {
                for (var i = 0; i < block; i++) Row(first + ((long)i * run.SourceStep), 1, to + r + i, stride, columns, add);
            }
        }
    }

    private static void Row(T* source, int sourceStep, T* target, long targetStep, int count, bool add)
    {
        if (targetStep == 0)
        {
            var sum = T.Zero;
            if (sourceStep == 1) sum = TensorPrimitives.Sum(new ReadOnlySpan<T>(source, count));
            else for (var i = 0; i < count; i++) sum += source[(long)i * sourceStep];
            *target = add ? *target + sum : sum;
        }
        else if (targetStep == 1 && sourceStep is 0 or 1)
        {
            var from = new ReadOnlySpan<T>(source, sourceStep == 0 ? 1 : count);
            var to = new Span<T>(target, count);
            if (sourceStep == 0 && add) TensorPrimitives.Add(to, *source, to);
            else if (sourceStep == 0) to.Fill(*source);
            else if (add) TensorPrimitives.Add(to, from, to);
            else from.CopyTo(to);
        }
        else if (add)
        {
            for (var i = 0; i < count; i++, source += sourceStep, target += targetStep) *target += *source;
        }
        else
        {
            for (var i = 0; i < count; i++, source += sourceStep, target += targetStep) *target = *source;
        }
    }

    /// <summary>Fills some positions of a loop, with all of the box inside them.</summary>
    private void Fill(int level, int* box, T* target, int count)
    {
        var stride = loops[level].Stride;
        if (level == last && stride == 1)
        {
            new Span<T>(target, count).Fill(fill);
            return;
        }

        for (var i = 0; i < count; i++, target += stride)
        {
            if (level == last) *target = fill;
            else Fill(level + 1, box, target + (box[2 * (level + 1)] * loops[level + 1].Stride), box[(2 * (level + 1)) + 1] - box[2 * (level + 1)]);
        }
    }
}
