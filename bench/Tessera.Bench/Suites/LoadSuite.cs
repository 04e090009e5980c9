using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime;
using Tessera.Bench.Contestants;
using Tessera.Execution;
using Tessera.Files;

namespace Tessera.Bench.Suites;

/// <summary>
/// How long a network of the infer suite takes from its file to its first result, what of both the runtime's compiler took, and the most memory that is resident then: this library from a
/// safetensors file, ONNX Runtime from an ONNX file. Each run is a process of its own, this program called again; the system's files are in its cache. Where a variable names this program
/// as compiled natively, that runs too.
/// </summary>
internal sealed class LoadSuite : ISuite
{
    /// <summary>The option that makes this program such a run.</summary>
    public const string RunOption = "--load-of";

    /// <summary>The variable that names this program as compiled ahead of time.</summary>
    private const string Native = "TESSERA_NATIVE_BENCH";

    private const int Attempts = 3;

    public string Name => SuiteNames.Load;

    public void Run(Session session)
    {
        var nativeProgram = Environment.GetEnvironmentVariable(Native);
        var program = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Assembly.GetExecutingAssembly().Location] : [program];
        foreach (var workload in InferenceWorkload.All(session.Machine.Threads).Where(workload => workload.Subject is DescribedSubject && session.Wants(workload)))
        {
            var weights = Path.ChangeExtension(workload.Subject.OnnxFile(), ".safetensors");
            SafetensorsFile.Write(weights, [.. workload.Subject.Parameters().Select(parameter => SafetensorsTensor.Create<float>(parameter.Name, parameter.Description.Shape, parameter.Span.ToArray()))]);
            try
            {
                var own = Best(self, "tessera", workload, weights);
                var native = nativeProgram is null ? null : Best([nativeProgram], "tessera", workload, weights);
                var peer = session.Systems.Any(system => system is OnnxRuntimeSystem) ? Best(self, "ort", workload, workload.Subject.OnnxFile()) : null;
                session.Report.Add("load", [
                    new("suite", null, 0, Name),
                    new("shape", "shape", -15, workload.Name),
                    new("operation", "operation", -10, "load"),
                    new("threads", "threads", 7, workload.Threads),
                    new("milliseconds", "load ms", 9, own.LoadMilliseconds, "f0"),
                    new("firstMilliseconds", "first run", 9, own.FirstMilliseconds, "f0"),
                    new("compileMilliseconds", "compiler", 8, own.CompileMilliseconds, "f0"),
                    new("peakBytes", null, 0, own.PeakBytes),
                    new(null, "peak MiB", 8, own.PeakBytes / 1048576.0, "f0"),
                    new("nativeMilliseconds", "native load", 11, native?.LoadMilliseconds, "f0"),
                    new("nativeFirstMilliseconds", "native first", 12, native?.FirstMilliseconds, "f0"),
                    new("nativePeakBytes", null, 0, native?.PeakBytes),
                    new(null, "native peak", 11, native?.PeakBytes / 1048576.0, "f0"),
                    new("peer", "peer", -5, peer is null ? null : "ort"),
                    new("peerMilliseconds", "peer load", 9, peer?.LoadMilliseconds, "f0"),
                    new("peerFirstMilliseconds", "peer first", 10, peer?.FirstMilliseconds, "f0"),
                    new("peerPeakBytes", null, 0, peer?.PeakBytes),
                    new(null, "peer peak", 9, peer?.PeakBytes / 1048576.0, "f0"),
                    new("ratio", "ratio", 6, peer?.Milliseconds / own.Milliseconds, "f2"),
                    new("nativeRatio", "native ratio", 12, peer?.Milliseconds / native?.Milliseconds, "f2"),
                ]);
            }
            finally
            {
                File.Delete(weights);
            }
        }
    }

    /// <summary>The run itself, in its own process: prints what it took, in the order of <see cref="LoadUsage"/>.</summary>
    /// <param name="name"><c>system:shape:file</c>.</param>
    /// <param name="threads">The threads.</param>
    public static void RunAlone(string name, int threads)
    {
        var parts = name.Split(':', 3);
        var workload = InferenceWorkload.All(threads).Single(workload => workload.Name == parts[1]);
        workload.Images();
        var compiled = JitInfo.GetCompilationTime();
        var start = Stopwatch.GetTimestamp();
        using IContestant contestant = parts[0] == "ort" ? new OnnxRuntimeInference(workload, parts[2]) : new TesseraInference(workload, Read(workload, parts[2]));
        var load = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        start = Stopwatch.GetTimestamp();
        contestant.Run();
        var first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        using var process = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{load} {first} {(JitInfo.GetCompilationTime() - compiled).TotalMilliseconds} {process.PeakWorkingSet64}"));
    }

    private static NetworkParameters<float> Read(InferenceWorkload workload, string path)
    {
        var parameters = NetworkParameters<float>.Zero(workload.Subject.Network);
        using var file = SafetensorsFile.Open(path);
        foreach (var parameter in parameters) file.Read(parameter.Name, parameter.Span);
        return parameters;
    }

    /// <summary>The quickest of some attempts: what else the machine does only slows them down.</summary>
    private static LoadUsage Best(string[] program, string system, InferenceWorkload workload, string file) =>
        Enumerable.Range(0, Attempts).Select(_ => InProcessOfItsOwn(program, system, workload, file)).MinBy(usage => usage.Milliseconds)!;

    private static LoadUsage InProcessOfItsOwn(string[] program, string system, InferenceWorkload workload, string file)
    {
        var start = new ProcessStartInfo(program[0], [.. program[1..], RunOption, $"{system}:{workload.Name}:{file}", "--threads", workload.Threads.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        };
        // As an application has it that says nothing: this program compiles everything for good at once, for the other suites' sake.
        (start.Environment["DOTNET_TC_QuickJitForLoops"], start.Environment["DOTNET_TieredPGO"]) = ("1", "1");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"load: the run of {system} on {workload.Name} ended with {process.ExitCode}.");
        var numbers = output.Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        return new LoadUsage(numbers[0], numbers[1], numbers[2], (long)numbers[3]);
    }

    /// <summary>What one run took: from the file to a network that is ready, its first result, what of both the runtime's compiler took, and the most memory that was resident.</summary>
    private sealed record LoadUsage(double LoadMilliseconds, double FirstMilliseconds, double CompileMilliseconds, long PeakBytes)
    {
        public double Milliseconds => LoadMilliseconds + FirstMilliseconds;
    }
}
