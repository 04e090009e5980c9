using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Tessera.Bench.Contestants;

namespace Tessera.Bench.Suites;

/// <summary>
/// The peak resident memory of a short training run, this library's beside PyTorch's, and the managed bytes that a step allocates. Each run
/// is a process of its own, this program called again, so that nobody's memory is counted as another's.
/// </summary>
internal sealed class MemorySuite : ISuite
{
    /// <summary>The option that makes this program such a run.</summary>
    public const string RunOption = "--memory-of";

    private const int WarmingSteps = 3;
    private const int CountedSteps = 10;

    public string Name => SuiteNames.Memory;

    public void Run(Session session)
    {
        foreach (var network in TrainingWorkload.Networks.Select(network => network with { Suite = SuiteNames.Memory, Threads = session.Machine.Threads }).Where(session.Wants))
        {
            var runs = session.Systems
                .Where(system => system.Prepare(network) is { } contestant && Disposed(contestant))
                .Select(system => (system.Name, Usage: InProcessOfItsOwn(system.Name, network)))
                .ToArray();
            var own = runs[0].Usage;
            foreach (var peer in runs.Length == 1 ? [null] : runs.Skip(1).Select(run => ((string Name, MemoryUsage Usage)?)run))
            {
                session.Report.Add("memory", [
                    .. network.Columns(),
                    new("peakBytes", null, 0, own.PeakBytes),
                    new(null, "peak MiB", 8, own.PeakBytes / 1048576.0, "f0"),
                    new("beforeBytes", null, 0, own.BeforeBytes),
                    new(null, "before", 8, own.BeforeBytes / 1048576.0, "f0"),
                    new("workspaceBytes", null, 0, own.WorkspaceBytes),
                    new(null, "KiB work", 8, own.WorkspaceBytes / 1024.0, "f0"),
                    new("allocatedBytesPerStep", "bytes/step", 10, own.AllocatedBytesPerStep, "f0"),
                    new("peer", "peer", -16, peer?.Name),
                    new("peerPeakBytes", null, 0, peer?.Usage.PeakBytes),
                    new(null, "peer peak", 9, peer?.Usage.PeakBytes / 1048576.0, "f0"),
                    new("peerBeforeBytes", null, 0, peer?.Usage.BeforeBytes),
                    new(null, "peer before", 11, peer?.Usage.BeforeBytes / 1048576.0, "f0"),
                    new("ratio", "ratio", 6, (double?)peer?.Usage.PeakBytes / own.PeakBytes, "f2"),
                ]);
            }
        }
    }

    /// <summary>The run itself, in its own process: prints what it used as one JSON object.</summary>
    /// <param name="systems">Everybody who can be asked for.</param>
    /// <param name="name"><c>system:network</c>.</param>
    /// <param name="threads">The threads.</param>
    public static void RunAlone(IReadOnlyList<ISystem> systems, string name, int threads)
    {
        var parts = name.Split(':');
        var system = systems.Single(system => system.Name == parts[0]);
        var network = TrainingWorkload.Networks.Single(network => network.Name == parts[1]) with { Threads = threads };
        if (system.Absence is { } absence) throw new InvalidOperationException($"memory: {parts[0]} cannot be loaded: {absence}");
        using var process = Process.GetCurrentProcess();
        var before = process.WorkingSet64;
        using var contestant = system.Prepare(network)!;
        for (var step = 0; step < WarmingSteps; step++) contestant.Run();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        for (var step = 0; step < CountedSteps; step++) contestant.Run();
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        process.Refresh();
        Console.WriteLine(JsonSerializer.Serialize(new MemoryUsage(process.PeakWorkingSet64, before, contestant.WorkspaceBytes, allocated / CountedSteps)));
    }

    private static MemoryUsage InProcessOfItsOwn(string system, TrainingWorkload network)
    {
        var program = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Assembly.GetExecutingAssembly().Location] : [];
        var start = new ProcessStartInfo(program, [.. self, RunOption, $"{system}:{network.Name}", "--threads", network.Threads.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"memory: the run of {system} on {network.Name} ended with {process.ExitCode}.");
        return JsonSerializer.Deserialize<MemoryUsage>(output)!;
    }

    private static bool Disposed(IDisposable contestant)
    {
        contestant.Dispose();
        return true;
    }

    /// <summary>What one run used: the most memory that was resident, what was resident before the network was made, and what a step left to the collector.</summary>
    private sealed record MemoryUsage(long PeakBytes, long BeforeBytes, long? WorkspaceBytes, long AllocatedBytesPerStep);
}
