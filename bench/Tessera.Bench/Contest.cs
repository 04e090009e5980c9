using Tessera.Bench.Contestants;

namespace Tessera.Bench;

/// <summary>Prepares all systems for a workload, times them by turns, holds their results against each other and reports.</summary>
/// <param name="systems">This library first; the others are its peers.</param>
/// <param name="machine">What shares of the peak refer to.</param>
/// <param name="report">Where rows go.</param>
/// <param name="seconds">Time for each workload.</param>
/// <param name="clock">What times the runs.</param>
internal sealed class Contest(IReadOnlyList<ISystem> systems, Machine machine, Report report, double seconds, Func<double> clock)
{
    public bool AllAgreed { get; private set; } = true;

    public void Hold(Workload workload)
    {
        var contestants = new List<(string Name, IContestant Contestant)>();
        try
        {
            foreach (var system in systems)
            {
                if (system.Prepare(workload) is { } contestant) contestants.Add((system.Name, contestant));
                else if (contestants.Count == 0)
                {
                    Console.Error.WriteLine($"{workload.Suite} {workload.Name} {workload.Operation.Name()}: {system.Name} has no such operation.");
                    return;
                }
            }

            var times = Measurement.Interleave([.. contestants.Select(contestant => contestant.Contestant)], seconds, workload.Threads, clock);
            var disagreements = Agreement.Disagreements(workload, contestants);
            AllAgreed &= disagreements.Count == 0;
            foreach (var message in disagreements.Values) Console.Error.WriteLine(message);
            Row Against(int? peer) => new(
                workload,
                machine,
                times[0],
                contestants[0].Contestant.WorkspaceBytes,
                peer is { } place ? contestants[place].Name : null,
                peer is { } other ? times[other] : null,
                peer is not { } third || !disagreements.ContainsKey(contestants[third].Name));
            if (contestants.Count == 1) report.Add(Against(null));
            for (var peer = 1; peer < contestants.Count; peer++) report.Add(Against(peer));
        }
        finally
        {
            foreach (var (_, contestant) in contestants) contestant.Dispose();
        }
    }
}
