using Tessera.Bench.Contestants;

namespace Tessera.Bench.Suites;

/// <summary>
/// How this library's time grows: with the batch, with the size of the image, with the number of channels, and how it shrinks with threads.
/// Each is a series of workloads that take turns, so that a machine that slows down slows all of them. The last column is a workload's
/// GFLOP/s over those of the first of its series: 1 where time grows as the plain algorithm's work does; with two threads, how many times faster.
/// </summary>
internal sealed class ScalingSuite : ISuite
{
    private const string ImageName = "image";
    private const string ChannelsName = "channels";
    private const double LeastOperationsForThreads = 0.2e9;

    public string Name => SuiteNames.Scaling;

    public void Run(Session session)
    {
        var threads = session.Machine.Threads;
        foreach (var network in TrainingWorkload.Networks.Where(network => network.Network == TrainingNetwork.Mnist))
        {
            Measure(session, "batch", Batches.Select(batch => (batch, (Workload)(network with { Batch = batch, Threads = threads }))));
        }

        foreach (var shape in BatchShapes) MeasureShapes(session, "batch", Batches, size => shape with { Batch = size });
        MeasureShapes(session, "image", [14, 28, 56, 112, 224], size => Square with { Name = ImageName, Input = [size, size] });
        MeasureShapes(session, "channels", [16, 32, 64, 128, 256, 512], size => Square with { Name = ChannelsName, InputChannels = size, OutputChannels = size });
        if (threads == 1) return;
        foreach (var workload in session.Workloads(SuiteNames.Dense).Where(workload => workload.FloatingPointOperations > LeastOperationsForThreads))
        {
            Measure(session, "threads", new[] { 1, threads }.Select(count => (count, workload with { Threads = count })));
        }
    }

    private static int[] Batches => [8, 16, 32, 64, 128, 256];

    /// <summary>The series beside those of the timed suites' shapes, by name.</summary>
    public static IEnumerable<string> SeriesNames => [.. BatchShapes.Select(shape => shape.Name), ImageName, ChannelsName];

    private static Shape Square => new(SuiteNames.Scaling, "square", 1, 64, [28, 28], 64, [3, 3]) { Padding = [1, 1] };

    private static IEnumerable<Shape> BatchShapes =>
    [
        Square with { Name = "batch-dense" },
        new(SuiteNames.Scaling, "batch-local", 1, 16, [28, 28], 32, [3, 3]) { Padding = [1, 1], Unshared = true },
    ];

    private static void MeasureShapes(Session session, string variable, int[] sizes, Func<int, Shape> shape)
    {
        foreach (var operation in new[] { Operation.Forward, Operation.KernelGradient, Operation.InputGradient })
        {
            Measure(session, variable, sizes.Select(size => (size, (Workload)new ConvolutionWorkload(shape(size), operation, session.Machine.Threads))));
        }
    }

    private static void Measure(Session session, string variable, IEnumerable<(int Size, Workload Workload)> workloads)
    {
        var series = workloads.Select(item => (item.Size, Workload: item.Workload with { Suite = SuiteNames.Scaling })).Where(item => session.Wants(item.Workload)).ToArray();
        if (series.Length == 0) return;
        var contestants = series.Select(item => session.Systems[0].Prepare(item.Workload)!).ToArray();
        try
        {
            var seconds = Measurement.Interleave(contestants, session.Seconds, series.Max(item => item.Workload.Threads), session.Clock);
            for (var place = 0; place < series.Length; place++) session.Report.Add($"scaling with {variable}", Columns(variable, series, contestants, seconds, place));
        }
        finally
        {
            foreach (var contestant in contestants) contestant.Dispose();
        }
    }

    private static IReadOnlyList<Column> Columns(string variable, (int Size, Workload Workload)[] series, IContestant[] contestants, double[] seconds, int place)
    {
        var (size, workload) = series[place];
        double Gigaflops(int at) => series[at].Workload.FloatingPointOperations / seconds[at] / 1e9;
        return
        [
            .. workload.Columns(),
            new("variable", null, 0, variable),
            new("size", variable, 8, size),
            new("milliseconds", "ms", 9, seconds[place] * 1e3, "f3"),
            new("millisecondsPerImage", "ms/image", 9, seconds[place] * 1e3 / workload.Examples, "f4"),
            new("gflops", "GFLOP/s", 8, Gigaflops(place), "f1"),
            new("workspaceBytes", null, 0, contestants[place].WorkspaceBytes),
            new(null, "KiB work", 8, contestants[place].WorkspaceBytes / 1024.0, "f0"),
            new("timesFirst", "time of first's", 15, seconds[place] / seconds[0], "f2"),
            new("gflopsOfFirst", "GFLOP/s of first's", 18, Gigaflops(place) / Gigaflops(0), "f2"),
        ];
    }
}
