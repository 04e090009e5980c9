using Tessera.Bench.Contestants;

namespace Tessera.Bench.Suites;

/// <summary>What suites run with: one number of threads, everybody who takes part, and what of it was asked for.</summary>
internal sealed class Session
{
    /// <summary>This library first; the others are its peers.</summary>
    public required IReadOnlyList<ISystem> Systems { get; init; }

    /// <summary>Where lines go.</summary>
    public required Report Report { get; init; }

    /// <summary>What times the runs.</summary>
    public required Func<double> Clock { get; init; }

    /// <summary>Time for each workload, all contestants together.</summary>
    public required double Seconds { get; init; }

    /// <summary>What shares of the peak refer to, measured on as many threads as the contestants have.</summary>
    public required Machine Machine { get; init; }

    /// <summary>The shapes asked for, by name; empty for all.</summary>
    public required IReadOnlyList<string> Shapes { get; init; }

    /// <summary>The operations asked for, by name; empty for the usual ones.</summary>
    public required IReadOnlyList<string> Operations { get; init; }

    /// <summary>Whether every result so far agreed with this library's.</summary>
    public bool AllAgreed { get; private set; } = true;

    public bool Wants(Workload workload) =>
        (Shapes.Count == 0 || Shapes.Contains(workload.Name))
        && (Operations.Count == 0 ? workload.IsUsual : Operations.Contains(workload.Operation.Name()));

    /// <summary>The workloads of a timed suite that were asked for.</summary>
    public IEnumerable<Workload> Workloads(string suite) =>
        Bench.Workloads.All(Machine.Threads).Where(workload => workload.Suite == suite && Wants(workload));

    /// <summary>Everybody who can do a workload, ready to; whoever calls disposes of them.</summary>
    public List<(string Name, IContestant Contestant)> Prepare(Workload workload)
    {
        var contestants = new List<(string, IContestant)>();
        foreach (var system in Systems)
        {
            if (system.Prepare(workload) is { } contestant) contestants.Add((system.Name, contestant));
        }

        return contestants;
    }

    public void Disagree(string message)
    {
        AllAgreed = false;
        Console.Error.WriteLine(message);
    }
}
