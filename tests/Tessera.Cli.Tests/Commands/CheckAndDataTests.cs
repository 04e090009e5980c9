using System.Text.Json;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class CheckAndDataTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_model_gets_its_certificate()
    {
        var model = folder.Write("m.json", """{ "input": [2, 5, 5], "layers": [{ "layer": "convolution", "kernel": [3, 3], "outputs": 3, "sharing": { "tile": [2, 2] } }, { "layer": "tanh" }, { "layer": "dense", "outputs": 2 }] }""");
        var run = ToolRun.Of("check", model, "--threads", "1");
        Assert.Equal(0, run.Code);
        Assert.Contains("All 4 checks passed.", run.Output, StringComparison.Ordinal);
        var lines = ToolRun.Of("check", model, "--json", "--threads", "1").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, lines.Length);
        Assert.True(JsonDocument.Parse(lines[^1]).RootElement.GetProperty("passed").GetBoolean());
    }

    [Fact]
    public void Each_row_of_a_certificate_is_held_to_what_it_allows()
    {
        var model = folder.Write("coder.json", """{ "input": [2, 50], "sparseCoding": { "kernel": [7], "outputs": 6, "stride": [2], "padding": "full", "sharing": { "tile": [3] }, "inference": "backtracking", "iterations": 8 } }""");
        var rows = ToolRun.Of("check", model, "--json", "--threads", "1").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[..^1].Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["decoder", "inference", "codes"], rows.Select(row => row.GetProperty("layer").GetString()));
        Assert.Equal([1e-5, 1e-10, 1e-3], rows.Select(row => row.GetProperty("differenceAllowed").GetDouble()));
        Assert.All(rows, row => Assert.Equal(row.GetProperty("passed").GetBoolean(), row.GetProperty("differenceError").GetDouble() <= row.GetProperty("differenceAllowed").GetDouble()));

        // What is told as the worst is the nearest to its own limit.
        var worst = rows.MaxBy(row => row.GetProperty("differenceError").GetDouble() / row.GetProperty("differenceAllowed").GetDouble());
        var said = string.Create(System.Globalization.CultureInfo.InvariantCulture, $" in {worst.GetProperty("layer").GetString()}, {worst.GetProperty("worst").GetString()} (allowed {worst.GetProperty("differenceAllowed").GetDouble():0e+00}).");
        Assert.Contains(said, ToolRun.Of("check", model, "--threads", "1").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_digits_within_the_tool_are_shown()
    {
        var shown = JsonDocument.Parse(ToolRun.Of("data", "show", "mnist-subset", "--json").Output).RootElement;
        Assert.Equal(10_000, shown.GetProperty("training").GetInt32());
        Assert.Equal(2_000, shown.GetProperty("test").GetInt32());
        Assert.Equal("[1,28,28]", shown.GetProperty("sampleShape").GetRawText());
        Assert.All(shown.GetProperty("trainingByClass").EnumerateArray(), count => Assert.Equal(1000, count.GetInt32()));
        Assert.Contains("mnist-subset", ToolRun.Of("data", "list").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_data_says_how_to_get_it()
    {
        var run = ToolRun.Of("data", "show", "no-such-data");
        Assert.Equal(1, run.Code);
        Assert.Contains("TESSERA_DATA", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train")]
    [InlineData("evaluate")]
    [InlineData("predict")]
    [InlineData("plan")]
    [InlineData("check")]
    [InlineData("apply")]
    [InlineData("export")]
    [InlineData("data")]
    public void Every_command_has_help_with_examples(string command)
    {
        var run = ToolRun.Of(command, "--help");
        Assert.Equal(0, run.Code);
        Assert.Empty(run.Error);
        Assert.Contains("Examples:", run.Output, StringComparison.Ordinal);
        Assert.Contains($"tessera {command}", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_misspelt_option_is_bad_usage_with_the_way_to_help()
    {
        var run = ToolRun.Of("train", "--epoks", "3");
        Assert.Equal(2, run.Code);
        Assert.Contains("Try 'tessera train --help'.", run.Error, StringComparison.Ordinal);
    }
}
