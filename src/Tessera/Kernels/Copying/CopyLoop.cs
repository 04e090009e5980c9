using Tessera.Connections;

namespace Tessera.Kernels.Copying;

/// <summary>One loop of a copy: the positions of a target axis, or of several that lie densely in both tensors.</summary>
/// <param name="Size">Target positions.</param>
/// <param name="Stride">The distance between them in elements.</param>
/// <param name="Segments">The runs; their sources are counted in elements.</param>
internal sealed record CopyLoop(int Size, long Stride, CopySegment[] Segments)
{
    /// <summary>Whether one run of sources covers every position in order, or sums all into the only one.</summary>
    public bool IsPlain => Segments is [{ IsFill: false, Adds: false, Target: 0 } only] && (only.TargetStep == 1 ? only.Count == Size : only.TargetStep == 0 && Size == 1);

    /// <summary>The loops of a map, from the outermost, neighbours that are one in memory made one.</summary>
    public static List<CopyLoop> Of(CopyMap map)
    {
        var (targets, sources) = (map.TargetStrides, map.SourceStrides);
        var loops = new List<CopyLoop>();
        var offset = 0;
        for (var axis = map.Axes.Count - 1; axis >= 0; axis--)
        {
            var (positions, stride) = (map.Axes[axis], (int)sources[axis]);
            var loop = new CopyLoop(positions.Target, targets[axis], [.. positions.Segments.ToArray().Select(segment => segment with { Source = segment.Source * stride, SourceStep = segment.SourceStep * stride })]);
            if (loop.Size == 1 && loop.Segments is [{ Count: 1, IsFill: false, Adds: false } only]) offset += only.Source;
            else if (loops.Count > 0 && loop.Around(loops[0]) is { } one) loops[0] = one;
            else loops.Insert(0, loop);
        }

        if (loops.Count == 0) return [new CopyLoop(1, 1, [new CopySegment(1, 0, 1, offset, 1)])];
        loops[0] = loops[0] with { Segments = [.. loops[0].Segments.Select(segment => segment with { Source = segment.Source + offset })] };
        return loops;
    }

    /// <summary>This loop and the one inside it as one, or null where they are not one in memory.</summary>
    private CopyLoop? Around(CopyLoop inner)
    {
        if (!inner.IsPlain) return null;
        var run = inner.Segments[0];
        if (run.TargetStep == 0)
        {
            return IsPlain && Segments[0].TargetStep == 0 && Segments[0].SourceStep == run.Count * run.SourceStep
                ? inner with { Segments = [run with { Count = Segments[0].Count * run.Count, Source = Segments[0].Source + run.Source }] }
                : null;
        }

        if (!Segments.All(segment => segment.IsFill || segment.Count == 1 || (segment.TargetStep == 1 && segment.SourceStep == (long)run.Count * run.SourceStep))) return null;
        return new CopyLoop(Size * inner.Size, inner.Stride, [.. Segments.Select(segment => segment.IsFill
            ? CopySegment.Fill(segment.Target * inner.Size, segment.Count * inner.Size)
            : run with { Count = segment.Count * run.Count, Target = segment.Target * inner.Size, Source = segment.Source + run.Source, Adds = segment.Adds })]);
    }
}
