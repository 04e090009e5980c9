using System.Diagnostics;
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
    public void An_interrupted_training_saves_and_ends_with_130()
    {
        if (OperatingSystem.IsWindows()) return;
        using var process = Start("train", "--epochs", "500", "--threads", "1", "--out", folder["run"]);
        Assert.Contains("weights", process.StandardError.ReadLine(), StringComparison.Ordinal);
        const int interrupt = 2;
        Assert.Equal(0, Kill(process.Id, interrupt));
        Assert.Contains("go on with: tessera train --resume", process.StandardError.ReadToEnd(), StringComparison.Ordinal);
        process.WaitForExit();
        Assert.Equal(130, process.ExitCode);
        Assert.True(File.Exists(Path.Combine(folder["run"], "model.safetensors")));
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
