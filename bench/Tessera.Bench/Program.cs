using System.CommandLine;
using Tessera.Bench;
using Tessera.Bench.Contestants;
using Tessera.Bench.Suites;

// Before anything else is loaded, for it is the whole process that is timed.
if (args is [TorchStart.Argument]) return TorchStart.Run();

ISuite[] all =
[
    new TimedSuite(SuiteNames.Dense), new TimedSuite(SuiteNames.Channels), new TimedSuite(SuiteNames.Unshared), new TimedSuite(SuiteNames.Tiled),
    new TimedSuite(SuiteNames.Train), new TimedSuite(SuiteNames.Infer), new ScalingSuite(), new MemorySuite(), new AccuracySuite(),
];
var suites = new Option<string[]>("--suite") { Description = "What to measure: " + string.Join(", ", all.Select(suite => suite.Name)) + "; all of them if left out.", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
suites.AcceptOnlyFromAmong([.. all.Select(suite => suite.Name)]);
var shapes = new Option<string[]>("--shape") { Description = "These shapes alone, by name (a wrong one lists them all).", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
shapes.AcceptOnlyFromAmong([.. Workloads.All(1).Select(workload => workload.Name).Concat(ScalingSuite.SeriesNames).Distinct()]);
var operations = new Option<string[]>("--operation") { Description = "These operations alone: " + string.Join(", ", Enum.GetValues<Operation>().Select(operation => operation.Name())) + ".", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
operations.AcceptOnlyFromAmong([.. Enum.GetValues<Operation>().Select(operation => operation.Name())]);
var threads = new Option<int[]>("--threads") { Description = "Threads of every contestant; several numbers one after another.", HelpName = "N", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 2] };
threads.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int[]>()!.Any(count => count < 1)) result.AddError("--threads: give 1 or more.");
});
var seconds = new Option<double>("--seconds") { Description = "Time for each row, all contestants together.", DefaultValueFactory = _ => 2 };
var peers = new Option<string>("--peers") { Description = "ort, torch, both with a comma between, or none.", DefaultValueFactory = _ => "ort,torch" };
peers.Validators.Add(result =>
{
    var unknown = result.GetValueOrDefault<string>()!.Split(',').Except(["ort", "torch", "none"]).ToArray();
    if (unknown.Length > 0) result.AddError($"--peers: {string.Join(", ", unknown)} is not known; give ort, torch, both with a comma between, or none.");
});
var processorTime = new Option<bool>("--processor-time") { Description = "Time the processor instead of the clock: one thread, on a machine that is busy with other work (Linux)." };
var json = new Option<bool>("--json") { Description = "One JSON object a line for each peer; the machine's figures go to stderr." };
var markdown = new Option<bool>("--markdown") { Description = "Markdown tables." };
var profile = new Option<string?>("--profile") { Description = "Where this library's time goes in one network of the infer suite, step by step; nothing else is measured.", HelpName = "SHAPE" };
profile.AcceptOnlyFromAmong([.. InferenceWorkload.All(1).Select(workload => workload.Name)]);
var memoryOf = new Option<string?>(MemorySuite.RunOption) { Hidden = true };

var command = new RootCommand("Measures Tessera and its peers on the same inputs (float32), by turns, and checks that their results agree.")
{
    suites, shapes, operations, threads, seconds, processorTime, peers, json, markdown, profile, memoryOf,
};
command.Validators.Add(result =>
{
    if (result.GetValue(processorTime) && result.GetValue(threads)!.Any(count => count > 1)) result.AddError("--processor-time: it sees one thread alone; give --threads 1.");
});
command.SetAction(result =>
{
    ISystem[] subjects = [.. Enum.GetValues<TesseraRole>().Select(role => new TesseraSystem(role))];
    ISystem[] known = [new OnnxRuntimeSystem(), new TorchSystem(), new TorchUnfoldSystem(batchedProduct: false), new TorchUnfoldSystem(batchedProduct: true), new TorchStridedTilesSystem()];
    if (result.GetValue(memoryOf) is { } run)
    {
        MemorySuite.RunAlone([.. subjects, .. known], run, result.GetValue(threads)![0]);
        return 0;
    }

    if (result.GetValue(profile) is { } shape)
    {
        foreach (var count in result.GetValue(threads)!)
        {
            var workload = InferenceWorkload.All(count).Single(workload => workload.Name == shape);
            using var contestant = new TesseraInference(workload);
            contestant.WriteProfile(workload, Console.Out, result.GetValue(processorTime) ? Clock.ThreadProcessorTime : Clock.Wall);
        }

        return 0;
    }

    var wanted = result.GetValue(peers)!.Split(',');
    var systems = subjects.Concat(known.Where(system => wanted.Contains(system.Name.Split('-')[0]))).ToList();
    foreach (var absent in systems.ToLookup(system => system.Absence).Where(group => group.Key is not null))
    {
        Console.Error.WriteLine($"Left out: {string.Join(", ", absent.Select(system => system.Name))}, because {absent.Key}");
        systems.RemoveAll(absent.Contains);
    }

    Func<double> clock = result.GetValue(processorTime) ? Clock.ThreadProcessorTime : Clock.Wall;
    var report = new Report(result.GetValue(json) ? ReportFormat.Json : result.GetValue(markdown) ? ReportFormat.Markdown : ReportFormat.Table, Console.Out);
    var allAgreed = true;
    var counts = result.GetValue(threads)!.Distinct().ToArray();
    foreach (var count in counts)
    {
        var session = new Session
        {
            Systems = systems,
            Report = report,
            Clock = clock,
            Seconds = result.GetValue(seconds),
            Machine = Machine.Measure(count, clock),
            Shapes = result.GetValue(shapes) ?? [],
            Operations = result.GetValue(operations) ?? [],
        };
        (result.GetValue(json) ? Console.Error : Console.Out).WriteLine(session.Machine);
        foreach (var suite in all.Where(suite => suite.DependsOnThreads || count == counts[0]))
        {
            if (result.GetValue(suites) is not { Length: > 0 } names || names.Contains(suite.Name)) suite.Run(session);
        }

        allAgreed &= session.AllAgreed;
    }

    return allAgreed ? 0 : 1;
});
var parsed = command.Parse(args);
var status = parsed.Invoke();
return parsed.Errors.Count > 0 ? 2 : status;
