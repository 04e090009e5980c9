using Tessera.Bench.Contestants;

namespace Tessera.Bench;

/// <summary>Holds the contestants' results against each other: a fast wrong answer is no answer.</summary>
internal static class Agreement
{
    /// <summary>Largest difference allowed, in parts of the largest value: float32 sums in another order differ by less.</summary>
    public const double Tolerance = 2e-4;

    private static readonly string[] Names = ["output", "kernel gradient", "input gradient"];

    /// <summary>What is wrong, by name, with every contestant that does not agree with the first; empty if all do.</summary>
    public static IReadOnlyDictionary<string, string> Disagreements(Workload workload, IReadOnlyList<(string Name, IContestant Contestant)> contestants)
    {
        var expected = contestants[0].Contestant.Results();
        var found = new Dictionary<string, string>();
        foreach (var (name, contestant) in contestants.Skip(1))
        {
            var actual = contestant.Results();
            if (actual.Count == 0 || expected.Count == 0) continue;
            for (var result = 0; result < expected.Count; result++)
            {
                var difference = Deviation.Of<float>(expected[result], actual[result], workload.LeastSize).Largest;
                if (difference <= workload.Tolerance) continue;
                var what = expected.Count == 1 ? workload.Operation.Name() : workload is InferenceWorkload ? $"output {result}" : Names[result];
                found[name] = $"{workload.Suite} {workload.Name} {workload.Operation.Name()}: {what} of {name} and of {contestants[0].Name} differ by {difference:g3} of the largest value (allowed: {workload.Tolerance:g3}).";
            }
        }

        return found;
    }
}
