using System.Text.Json;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class PlanTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static string Samples
    {
        get
        {
            var at = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(at, "Tessera.slnx"))) at = Path.GetDirectoryName(at)!;
            return Path.Combine(at, "samples");
        }
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Figure_9_13_ends_without_padding_and_goes_on_with_it()
    {
        var valid = ToolRun.Of("plan", Path.Combine(Samples, "figure-9-13-valid.json"), "--threads", "1");
        Assert.Equal(0, valid.Code);
        foreach (var line in (string[])["16 → 11, kernel 6, no padding, every input read", "11 → 6, kernel 6", "6 → 1, kernel 6", "Of 3 convolutions, 2 move their kernel.", "the network ends with conv3: its size is 1, where another kernel of 6 like it does not fit"])
        {
            Assert.Contains(line, valid.Output, StringComparison.Ordinal);
        }

        var padded = ToolRun.Of("plan", Path.Combine(Samples, "figure-9-13-padded.json"), "--threads", "1").Output;
        Assert.Contains("16 → 16, kernel 6, padding 2 before and 3 after", padded, StringComparison.Ordinal);
        Assert.Contains("for as many as wished", padded, StringComparison.Ordinal);
    }

    [Fact]
    public void Lenet_has_the_numbers_of_its_paper()
    {
        var lines = Lines(ToolRun.Of("plan", Path.Combine(Samples, "lenet5.json"), "--json", "--threads", "1"));
        var layers = lines.Where(line => line.GetProperty("what").GetString() == "layer").ToDictionary(line => line.GetProperty("name").GetString()!);
        Assert.Equal(156, layers["c1"].GetProperty("parameters").GetInt32());
        Assert.Equal(1516, layers["c3"].GetProperty("parameters").GetInt32());
        Assert.Equal(48120, layers["c5"].GetProperty("parameters").GetInt32());
        Assert.Equal(10164, layers["f6"].GetProperty("parameters").GetInt32());
        Assert.Equal(150_000, layers["c3"].GetProperty("multiplyAdds").GetInt32());
        Assert.Equal("summary", lines[^1].GetProperty("what").GetString());
    }

    [Fact]
    public void A_belief_net_is_planned_machine_by_machine()
    {
        var path = Path.Combine(Samples, "belief-net.json");
        var lines = Lines(ToolRun.Of("plan", path, "--json", "--threads", "1"));
        var layers = lines.Where(line => line.GetProperty("what").GetString() == "layer").ToDictionary(line => line.GetProperty("name").GetString()!);
        Assert.Equal(["rbm1", "rbm1-pool", "rbm2", "rbm2-pool"], layers.Keys);
        Assert.Equal((24 * 81) + 24 + 1, layers["rbm1"].GetProperty("parameters").GetInt32());
        Assert.Equal((40 * 24 * 25) + 40 + 24, layers["rbm2"].GetProperty("parameters").GetInt32());
        Assert.Equal("[40,6,6]", layers["rbm2"].GetProperty("output").GetRawText());
        Assert.Equal(24 * 81 * 400, layers["rbm1"].GetProperty("multiplyAdds").GetInt32());
        Assert.Equal("[18,18]", layers["rbm2"].GetProperty("receptiveField").GetRawText());
        var summary = lines[^1];
        Assert.Equal(("[40,3,3]", 50), (summary.GetProperty("code").GetRawText(), summary.GetProperty("batch").GetInt32()));
        Assert.Equal(1969 + 24064, summary.GetProperty("parameters").GetInt32());
        Assert.Equal((24 * 81 * 400) + (40 * 24 * 25 * 36), summary.GetProperty("multiplyAdds").GetInt32());
        Assert.Equal(4 * 26033, summary.GetProperty("memory").GetProperty("parameterBytes").GetInt32());

        var text = ToolRun.Of("plan", path, "--threads", "1", "--batch", "10", "--output", "2").Output;
        foreach (var said in (string[])["code 40×3×3; memory for a batch of 10", "28 → 20, kernel 9, no padding, every input read", "Together 26,033 parameters", "rbm2-pool has size 2 for input sizes"]) Assert.Contains(said, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sparse_coder_is_planned_with_the_work_of_its_inference()
    {
        var lines = Lines(ToolRun.Of("plan", Path.Combine(Samples, "sparse-coding.json"), "--json", "--threads", "1"));
        var dictionary = lines[0];
        Assert.Equal(("dictionary", "[64,18,18]", 64 * 81), (dictionary.GetProperty("kind").GetString(), dictionary.GetProperty("output").GetRawText(), dictionary.GetProperty("parameters").GetInt32()));

        // A forward pass and a transpose in each of 30 steps.
        Assert.Equal(60 * dictionary.GetProperty("multiplyAdds").GetInt64(), lines[^1].GetProperty("multiplyAdds").GetInt64());
        var strided = folder.Write("strided.json", """{ "input": [1, 10, 9], "sparseCoding": { "kernel": [3, 3], "outputs": 2, "stride": [2, 2] } }""");
        var strict = ToolRun.Of("plan", strided, "--strict");
        Assert.Equal(1, strict.Code);
        Assert.Contains("dictionary never reads 1 of 10 inputs on axis 0.", strict.Output, StringComparison.Ordinal);
        Assert.Contains("dictionary never reads some inputs", strict.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Input_sizes_are_told_for_a_wanted_output()
    {
        var model = folder.Write("m.json", """{ "input": [1, 9, 20], "layers": [{ "layer": "convolution", "kernel": [3, 5], "outputs": 1, "stride": [2, 1] }] }""");
        var run = ToolRun.Of("plan", model, "--output", "7,3", "--threads", "1");
        Assert.Contains("Axis 0: conv1 has size 7 for input sizes 15 to 16.", run.Output, StringComparison.Ordinal);
        Assert.Contains("Axis 1: conv1 has size 3 for input sizes 7.", run.Output, StringComparison.Ordinal);
        var ranges = Lines(ToolRun.Of("plan", model, "--output", "7", "--json")).Where(line => line.GetProperty("what").GetString() == "inputSizes").ToArray();
        Assert.Equal("[[15,16]]", ranges[0].GetProperty("inputSizes").GetRawText());
        Assert.Equal("[[11,11]]", ranges[1].GetProperty("inputSizes").GetRawText());
        Assert.Equal(2, ToolRun.Of("plan", model, "--output", "1,2,3").Code);
        Assert.Equal(2, ToolRun.Of("plan", model, "--output", "1", "--layer", "conv9").Code);
    }

    [Fact]
    public void Strict_fails_where_inputs_are_never_read()
    {
        var model = folder.Write("m.json", """{ "input": [1, 10, 9], "layers": [{ "layer": "convolution", "kernel": [3, 3], "outputs": 1, "stride": [2, 2] }] }""");
        var run = ToolRun.Of("plan", model, "--strict");
        Assert.Equal(1, run.Code);
        Assert.Contains("1 of 10 inputs never read", run.Output, StringComparison.Ordinal);
        Assert.Contains("conv1 never reads some inputs", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, ToolRun.Of("plan", model).Code);
    }

    [Fact]
    public void A_wrong_model_is_one_line_with_file_and_line()
    {
        var run = ToolRun.Of("plan", folder.Write("m.json", "{ \"input\": [1, 4, 4],\n \"layers\": [\n { \"layer\": \"convolution\", \"kernel\": [5, 5], \"outputs\": 1 } ] }"));
        Assert.Equal(1, run.Code);
        Assert.Contains("m.json line 3: conv1: kernel 5 does not fit input 4 with padding 0 on axis 0; pad by 1 more or use a kernel of at most 4.", run.Error, StringComparison.Ordinal);
        Assert.Equal(1, ToolRun.Of("plan", folder["missing.json"]).Code);
    }

    private static JsonElement[] Lines(ToolRun run) => [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
}
