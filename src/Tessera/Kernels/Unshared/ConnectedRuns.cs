using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Unshared;

/// <summary>
/// Consecutive channels of one side that see the same channels of the other, with the list of those. Forward runs are
/// outputs with their inputs, gradient runs are inputs with their outputs; dense is one run, groups are a run each, a
/// table a run for each channel. Lists are cut into windows, so that a buffer holds one window's channels at a time.
/// </summary>
/// <param name="First">The first channel of the run.</param>
/// <param name="Count">How many channels the run has.</param>
/// <param name="Weights">Where in a position's kernel the run's numbers begin, in elements.</param>
/// <param name="RowStride">The distance in the kernel between a run's channels.</param>
internal readonly record struct ConnectedRun(int First, int Count, int Weights, int RowStride);

/// <summary>All runs of an operator from one side, in the order of their channels.</summary>
internal sealed unsafe class ConnectedRuns
{
    private readonly ConnectedRun[] runs;
    private readonly int[] windowStarts;
    private readonly int[] channels;
    private readonly int[] scalars;
    private readonly int[] lanes;
    private readonly int runsPerJob;
    private readonly int window;

    private ConnectedRuns(List<(ConnectedRun Run, List<(int Channel, int Scalar)> Others)> all, int runsPerJob, int window, int others, int laneStride)
    {
        runs = [.. all.Select(one => one.Run)];
        this.runsPerJob = runsPerJob;
        this.window = window;
        Jobs = (runs.Length + runsPerJob - 1) / runsPerJob;
        LongestRun = runs.Max(run => run.Count);
        Windows = Math.Max(1, (others + window - 1) / window);
        windowStarts = new int[(runs.Length * Windows) + 1];
        var total = all.Sum(one => one.Others.Count);
        channels = new int[total];
        scalars = GC.AllocateUninitializedArray<int>(Math.Max(1, total), pinned: true);
        lanes = GC.AllocateUninitializedArray<int>(Math.Max(1, total), pinned: true);
        var at = 0;
        for (var run = 0; run < runs.Length; run++)
        {
            for (var w = 0; w < Windows; w++)
            {
                foreach (var (channel, scalar) in all[run].Others)
                {
                    if (channel / window != w) continue;
                    channels[at] = channel;
                    scalars[at] = scalar;
                    lanes[at++] = checked((channel - (w * window)) * laneStride);
                }

                windowStarts[(run * Windows) + w + 1] = at;
            }
        }
    }

    /// <summary>How many jobs the runs fall into.</summary>
    public int Jobs { get; }

    /// <summary>The most channels that a run has.</summary>
    public int LongestRun { get; }

    /// <summary>How many windows the other side is cut into.</summary>
    public int Windows { get; }

    /// <summary>Runs by output, each with the inputs it sees: scalars count from a row's first pair.</summary>
    public static ConnectedRuns ByOutput(OperatorGeometry g, UnsharedBlocking blocking, int laneStride)
    {
        var volume = (int)g.KernelSize.Product;
        var all = new List<(ConnectedRun, List<(int, int)>)>();
        for (var m = 0; m < g.OutputChannels;)
        {
            var group = g.OutputChannels / g.Groups;
            var count = g.Table is null ? Math.Min(blocking.Outputs, group - (m % group)) : 1;
            var others = new List<(int, int)>();
            for (var i = 0; i < g.FanIn(m); i++) others.Add((g.InputChannel(m, i), i * volume));
            all.Add((new ConnectedRun(m, count, g.FirstPair(m) * volume, g.FanIn(m) * volume), others));
            m += count;
        }

        var perJob = blocking.PerJob(g, blocking.Outputs);
        return new ConnectedRuns(all, perJob, UnsharedBlocking.WindowOf(g, blocking.Inputs, g.InputChannels), g.InputChannels, laneStride);
    }

    /// <summary>Runs by input, each with the outputs that see it: scalars count from the position's first pair.</summary>
    public static ConnectedRuns ByInput(OperatorGeometry g, UnsharedBlocking blocking, int laneStride)
    {
        var volume = (int)g.KernelSize.Product;
        var seenBy = new List<(int, int)>[g.InputChannels];
        for (var c = 0; c < seenBy.Length; c++) seenBy[c] = [];
        for (var m = 0; m < g.OutputChannels; m++)
        {
            for (var i = 0; i < g.FanIn(m); i++) seenBy[g.InputChannel(m, i)].Add((m, (g.FirstPair(m) + i) * volume));
        }

        var all = new List<(ConnectedRun, List<(int, int)>)>();
        for (var c = 0; c < g.InputChannels;)
        {
            var group = g.InputChannels / g.Groups;
            var count = g.Table is null ? Math.Min(blocking.Inputs, group - (c % group)) : 1;
            all.Add((new ConnectedRun(c, count, 0, volume), seenBy[c]));
            c += count;
        }

        var perJob = blocking.PerJob(g, blocking.Inputs);
        return new ConnectedRuns(all, perJob, UnsharedBlocking.WindowOf(g, blocking.Outputs, g.OutputChannels), g.OutputChannels, laneStride);
    }

    /// <summary>The runs of one job.</summary>
    public ReadOnlySpan<ConnectedRun> OfJob(int job) => runs.AsSpan(job * runsPerJob, Math.Min(runsPerJob, runs.Length - (job * runsPerJob)));

    /// <summary>The list of one run in one window; <paramref name="run"/> counts within the job.</summary>
    public Terms List(int job, int run, int window)
    {
        var at = (((job * runsPerJob) + run) * Windows) + window;
        int start = windowStarts[at], count = windowStarts[at + 1] - start;
        fixed (int* s = scalars, l = lanes) return new Terms(s + start, l + start, count);
    }

    /// <summary>The channel that a window's list counts its lanes from.</summary>
    public int WindowStart(int index) => index * window;

    /// <summary>The least range of the other side's channels that a job's runs list in a window.</summary>
    public (int First, int End) Window(int job, int index)
    {
        int first = int.MaxValue, end = 0;
        for (var run = 0; run < OfJob(job).Length; run++)
        {
            var at = (((job * runsPerJob) + run) * Windows) + index;
            if (windowStarts[at] == windowStarts[at + 1]) continue;
            first = Math.Min(first, channels[windowStarts[at]]);
            end = Math.Max(end, channels[windowStarts[at + 1] - 1] + 1);
        }

        return end == 0 ? (0, 0) : (first, end);
    }
}
