namespace Tessera.Kernels.Resampling;

/// <summary>One axis of a separable linear map: position p is Σ weight(e) · source(e) over the entries e of p. Immutable.</summary>
internal sealed class AxisTaps
{
    private AxisTaps(int input, int[] start, int[] source, double[] weight) => (Input, Start, Source, Weight) = (input, start, source, weight);

    public int Input { get; }

    public int Output => Start.Length - 1;

    /// <summary>Where each position's entries begin, and at the end their number.</summary>
    public int[] Start { get; }

    public int[] Source { get; }

    public double[] Weight { get; }

    /// <summary>Whether every position is its like.</summary>
    public bool IsIdentity => Input == Output && Copies && Source.Select(static (source, position) => source == position).All(static same => same);

    /// <summary>Whether every position is one input.</summary>
    public bool Copies => Source.Length == Output && Weight.All(static weight => weight == 1) && Start.Select(static (start, position) => start == position).All(static same => same);

    /// <summary>The entries of each position; those of one source are put together, and those without weight left out.</summary>
    public static AxisTaps Of(int input, IEnumerable<IEnumerable<(int Source, double Weight)>> positions)
    {
        var (start, source, weight) = (new List<int> { 0 }, new List<int>(), new List<double>());
        foreach (var entries in positions)
        {
            foreach (var one in entries.GroupBy(static entry => entry.Source, static entry => entry.Weight))
            {
                var sum = one.Sum();
                if (sum == 0) continue;
                source.Add(one.Key);
                weight.Add(sum);
            }

            start.Add(source.Count);
        }

        return new AxisTaps(input, [.. start], [.. source], [.. weight]);
    }

    /// <summary>The adjoint: each source takes from the positions that it went to, in their order.</summary>
    public AxisTaps Transposed()
    {
        var entries = new List<(int Source, double Weight)>[Input];
        for (var x = 0; x < Input; x++) entries[x] = [];
        for (var p = 0; p < Output; p++)
        {
            for (var e = Start[p]; e < Start[p + 1]; e++) entries[Source[e]].Add((p, Weight[e]));
        }

        return Of(Output, entries);
    }

    /// <summary>The inputs [First, End) of each position.</summary>
    public IEnumerable<(int First, int End)> Looks()
    {
        for (var p = 0; p < Output; p++)
        {
            var entries = Source.AsSpan()[Start[p]..Start[p + 1]].ToArray();
            yield return entries.Length == 0 ? (0, 0) : (entries.Min(), entries.Max() + 1);
        }
    }
}
