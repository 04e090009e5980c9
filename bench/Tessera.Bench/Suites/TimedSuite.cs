using System.Globalization;
using Tessera.Bench.Contestants;

namespace Tessera.Bench.Suites;

/// <summary>
/// Prepares everybody for each workload of the suite's name, times them by turns, holds their results against each other and
/// reports a line for each peer; at the end the geometric means of the ratios.
/// </summary>
internal sealed class TimedSuite(string name) : ISuite
{
    public string Name => name;

    public void Run(Session session)
    {
        var rows = session.Workloads(name).SelectMany(workload => Hold(workload, session)).ToArray();
        foreach (var group in rows.Where(row => row.Ratio is not null).GroupBy(row => (Operation: row.Workload.Operation.Name(), row.Peer, row.HasPackedKernel)))
        {
            var mean = Math.Exp(group.Average(row => Math.Log(row.Ratio!.Value)));
            session.Report.Remark(string.Create(
                CultureInfo.InvariantCulture,
                $"{name} {group.Key.Operation}, {session.Machine.Threads} threads: {mean:f2} times {group.Key.Peer}{(group.Key.HasPackedKernel ? " with a packed kernel" : "")} in geometric mean over {group.Count()} shapes, {group.Min(row => row.Ratio):f2} at the least"));
        }
    }

    private static List<Row> Hold(Workload workload, Session session)
    {
        var contestants = session.Prepare(workload);
        var rows = new List<Row>();
        try
        {
            var times = Measurement.Interleave([.. contestants.Select(contestant => contestant.Contestant)], session.Seconds, workload.Threads, session.Clock);
            var disagreements = Agreement.Disagreements(workload, contestants);
            foreach (var message in disagreements.Values) session.Disagree(message);
            var packed = contestants.FindIndex(contestant => contestant.Name == TesseraSystem.PackedName);
            Row Against(int? peer, int subject = 0) => new(
                workload,
                session.Machine,
                times[subject],
                contestants[subject].Contestant.WorkspaceBytes,
                peer is { } place ? contestants[place].Name : null,
                peer is { } other ? times[other] : null,
                peer is not { } third || !disagreements.ContainsKey(contestants[third].Name),
                subject > 0);
            if (contestants.Count == 1) rows.Add(Against(null));
            for (var peer = 1; peer < contestants.Count; peer++)
            {
                rows.Add(Against(peer));
                if (packed >= 0 && peer != packed && contestants[peer].Contestant.HasConstantKernel) rows.Add(Against(peer, packed));
            }
        }
        finally
        {
            foreach (var (_, contestant) in contestants) contestant.Dispose();
        }

        foreach (var row in rows) session.Report.Add($"{workload.Suite}, {workload.Threads} threads", row.Columns());
        return rows;
    }
}
