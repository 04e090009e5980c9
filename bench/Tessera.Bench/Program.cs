using System.CommandLine;
using Tessera.Bench;
using Tessera.Bench.Contestants;

var suites = new Option<string[]>("--suite") { Description = "What to time: " + string.Join(", ", Suites.Names) + "; all of them if left out.", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
suites.AcceptOnlyFromAmong([.. Suites.Names]);
var shapes = new Option<string[]>("--shape") { Description = "These shapes alone, by name (a wrong one lists them all).", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
shapes.AcceptOnlyFromAmong([.. Suites.Workloads(1).Select(workload => workload.Name).Distinct()]);
var operations = new Option<string[]>("--operation") { Description = "These operations alone: " + string.Join(", ", Enum.GetValues<Operation>().Select(operation => operation.Name())) + ".", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
operations.AcceptOnlyFromAmong([.. Enum.GetValues<Operation>().Select(operation => operation.Name())]);
var threads = new Option<int>("--threads") { Description = "Threads of every contestant.", DefaultValueFactory = _ => 1 };
threads.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() < 1) result.AddError("--threads: give 1 or more.");
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

var command = new RootCommand("Times Tessera and its peers on the same inputs (float32), by turns, and checks that their results agree.")
{
    suites, shapes, operations, threads, seconds, processorTime, peers, json, markdown,
};
command.Validators.Add(result =>
{
    if (result.GetValue(processorTime) && result.GetValue(threads) > 1) result.AddError("--processor-time: it sees one thread alone; leave out --threads, or give 1.");
});
command.SetAction(result =>
{
    ISystem[] subjects = [new TesseraSystem(ordinary: false), new TesseraSystem(ordinary: true)];
    ISystem[] all = [new OnnxRuntimeSystem(), new TorchSystem(), new TorchUnfoldSystem(batchedProduct: false), new TorchUnfoldSystem(batchedProduct: true), new TorchStridedTilesSystem()];
    var wanted = result.GetValue(peers)!.Split(',');
    var systems = subjects.Concat(all.Where(system => wanted.Contains(system.Name.Split('-')[0]))).ToList();
    foreach (var absent in systems.ToLookup(system => system.Absence).Where(group => group.Key is not null))
    {
        Console.Error.WriteLine($"Left out: {string.Join(", ", absent.Select(system => system.Name))}, because {absent.Key}");
        systems.RemoveAll(absent.Contains);
    }

    Func<double> clock = result.GetValue(processorTime) ? Clock.ThreadProcessorTime : Clock.Wall;
    var machine = Machine.Measure(result.GetValue(threads), clock);
    (result.GetValue(json) ? Console.Error : Console.Out).WriteLine(machine);
    var report = new Report(result.GetValue(json) ? ReportFormat.Json : result.GetValue(markdown) ? ReportFormat.Markdown : ReportFormat.Table, Console.Out);
    var chosen =
        from workload in Suites.Workloads(result.GetValue(threads))
        where result.GetValue(suites) is not { Length: > 0 } names || names.Contains(workload.Suite)
        where result.GetValue(shapes) is not { Length: > 0 } shapeNames || shapeNames.Contains(workload.Name)
        where result.GetValue(operations) is { Length: > 0 } operationNames ? operationNames.Contains(workload.Operation.Name()) : workload.IsUsual
        select workload;
    var contest = new Contest(systems, machine, report, result.GetValue(seconds), clock);
    foreach (var workload in chosen) contest.Hold(workload);
    report.Finish();
    return contest.AllAgreed ? 0 : 1;
});
var parsed = command.Parse(args);
var status = parsed.Invoke();
return parsed.Errors.Count > 0 ? 2 : status;
