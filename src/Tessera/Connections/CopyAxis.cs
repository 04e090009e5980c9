namespace Tessera.Connections;

/// <summary>What each position of one axis of a copied tensor takes from the source's axis; immutable.</summary>
internal sealed class CopyAxis
{
    private readonly CopySegment[] segments;

    private CopyAxis(int target, int source, params CopySegment[] segments) => (Target, Source, this.segments) = (target, source, segments);

    /// <summary>The number of target positions.</summary>
    public int Target { get; }

    /// <summary>The number of source positions.</summary>
    public int Source { get; }

    /// <summary>The runs, carried out in this order.</summary>
    public ReadOnlySpan<CopySegment> Segments => segments;

    /// <summary>Every position takes its like.</summary>
    public static CopyAxis Whole(int size) => Stepped(size, 0, 1, size);

    /// <summary>Position p takes start + p · step.</summary>
    public static CopyAxis Stepped(int source, int start, int step, int count) => new(count, source, new CopySegment(count, 0, 1, start, count == 1 ? 1 : step));

    /// <summary>Every position takes the only source.</summary>
    public static CopyAxis Repeated(int times) => new(times, 1, new CopySegment(times, 0, 1, 0, times == 1 ? 1 : 0));

    /// <summary>The whole source stands from <paramref name="start"/> on; the other positions are left as they are.</summary>
    public static CopyAxis Part(int target, int start, int source) => new(target, source, new CopySegment(source, start, 1, 0, 1));

    /// <summary>Position p takes sources[p], or the constant where that is −1.</summary>
    public static CopyAxis Chosen(int source, ReadOnlySpan<int> sources)
    {
        var found = new List<CopySegment>();
        for (int first = 0, end; first < sources.Length; first = end)
        {
            end = first + 1;
            if (sources[first] < 0)
            {
                while (end < sources.Length && sources[end] < 0) end++;
                found.Add(CopySegment.Fill(first, end - first));
                continue;
            }

            var step = end < sources.Length && sources[end] >= 0 ? sources[end] - sources[first] : 1;
            while (end < sources.Length && sources[end] >= 0 && sources[end] - sources[end - 1] == step) end++;
            // Any two make a run of some step, but two of a wide step are better left to begin runs of their own.
            if (end - first == 2 && Math.Abs(step) > 1) end--;
            found.Add(new CopySegment(end - first, first, 1, sources[first], end - first == 1 ? 1 : step));
        }

        return new CopyAxis(sources.Length, source, [.. found]);
    }

    /// <summary>The adjoint: each source position takes the sum of the target positions that were copied from it, 0 for none.</summary>
    public CopyAxis Transposed()
    {
        var uses = new int[Source];
        var turned = segments.Where(static segment => !segment.IsFill).Select(static segment => segment.Turned).ToArray();
        foreach (var segment in turned)
        {
            // A run that is summed into one position is one use of it.
            for (var i = 0; i < (segment.TargetStep == 0 ? 1 : segment.Count); i++) uses[segment.Target + (i * segment.TargetStep)]++;
        }

        if (uses.Any(static use => use > 1)) return new CopyAxis(Source, Target, [CopySegment.Fill(0, Source), .. turned.Select(static segment => segment with { Adds = true })]);
        if (uses.All(static use => use == 1)) return new CopyAxis(Source, Target, turned);
        if (turned.Any(static segment => segment.TargetStep > 1)) return new CopyAxis(Source, Target, [CopySegment.Fill(0, Source), .. turned]);
        return new CopyAxis(Source, Target, [.. Chosen(1, [.. uses.Select(static use => use - 1)]).segments.Where(static segment => segment.IsFill), .. turned]);
    }

    /// <summary>For each target position the sources [First, End) that it is made of; empty for the constant.</summary>
    public IEnumerable<(int First, int End)> Looks()
    {
        var looks = new (int First, int End)[Target];
        foreach (var segment in segments.Where(static segment => !segment.IsFill))
        {
            for (var i = 0; i < segment.Count; i++)
            {
                var source = segment.Source + (i * segment.SourceStep);
                looks[segment.Target + (i * segment.TargetStep)] = (source, source + 1);
            }
        }

        return looks;
    }
}
