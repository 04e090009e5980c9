using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace Tessera.Cli.Tests;

/// <summary>The tool as a process of its own: exit codes, streams and signals.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Exit_codes_and_streams_are_as_promised()
    {
        using var help = Start("--help");
        Assert.Contains("train", help.StandardOutput.ReadToEnd(), StringComparison.Ordinal);
        help.WaitForExit();
        Assert.Equal(0, help.ExitCode);

        using var bad = Start("plan");
        Assert.NotEqual("", bad.StandardError.ReadToEnd());
        bad.WaitForExit();
        Assert.Equal(2, bad.ExitCode);
    }

    [Fact]
    public async Task An_interrupted_training_saves_and_ends_with_130()
    {
        if (OperatingSystem.IsWindows()) return;
        using var process = Start("train", "--epochs", "500", "--threads", "1", "--out", folder["run"]);
        Assert.Contains("weights", process.StandardError.ReadLine(), StringComparison.Ordinal);
        const int interrupt = 2;
        if (IgnoresInterrupts(process.Id, interrupt))
        {
            process.Kill();
            Assert.Skip("The tests' own process ignores interrupts, and every process that it starts does too, as a shell's background jobs do; run them in the foreground.");
        }

        Assert.Equal(0, Kill(process.Id, interrupt));
        var told = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        if (!process.WaitForExit(TimeSpan.FromSeconds(60)))
        {
            process.Kill();
            Assert.Fail("The training still ran a minute after it was interrupted.");
        }

        Assert.Contains("go on with: tessera train --resume", await told, StringComparison.Ordinal);
        Assert.Equal(130, process.ExitCode);
        Assert.True(File.Exists(Path.Combine(folder["run"], "model.safetensors")));
    }

    /// <summary>Whether a process was started with the signal ignored, which no handler of its own changes; where the system does not tell, it was not.</summary>
    private static bool IgnoresInterrupts(int process, int signal)
    {
        var status = $"/proc/{process}/status";
        if (!File.Exists(status)) return false;
        var ignored = File.ReadLines(status).First(static line => line.StartsWith("SigIgn:", StringComparison.Ordinal))["SigIgn:".Length..];
        return (ulong.Parse(ignored, NumberStyles.HexNumber | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) & (1UL << (signal - 1))) != 0;
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);

    private static Process Start(params string[] arguments)
    {
        // The tool's assembly stands beside the tests'; its own runtime configuration does too.
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Tessera.Cli.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }
}
