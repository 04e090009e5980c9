using System.Numerics.Tensors;
using System.Text.Json;
using Tessera.Files;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class ExportTests : IDisposable
{
    private const string Model =
        """
        { "name": "tiny", "input": [1, 6, 6],
          "layers": [{ "layer": "convolution", "kernel": [3, 3], "outputs": 4, "sharing": { "tile": [2, 2] } }, { "layer": "relu" }, { "layer": "dense", "outputs": 2 }] }
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_model_file_becomes_an_ONNX_file_and_the_tool_says_what_is_in_it()
    {
        var run = ToolRun.Of("export", folder.Write("m.json", Model), "--out", folder["m.onnx"]);
        Assert.Equal(0, run.Code);
        Assert.Contains("m.onnx: 3 layers, 290 parameters,", run.Output, StringComparison.Ordinal);
        Assert.Contains("input 'input' [N, 1, 6, 6], output 'dense1' [N, 2]", run.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(folder["m.onnx"]));
    }

    [Fact]
    public void A_training_is_exported_with_what_its_samples_were_normalised_by()
    {
        var model = folder.Write("m.json", Model[..Model.LastIndexOf('}')] + """, "data": { "normalise": true }, "training": { "epochs": 1, "batchSize": 8, "threads": 1 } }""");
        Directory.CreateDirectory(folder["data"]);
        var random = new RandomSource(3);
        float[] values = [.. Enumerable.Range(0, 16 * 36).Select(_ => (float)random.NextDouble())];
        NpyFile.Write<float>(Path.Combine(folder["data"], "x.npy"), Tensor.Create(values, [16, 1, 6, 6]));
        NpyFile.Write<int>(Path.Combine(folder["data"], "y.npy"), Tensor.Create(Enumerable.Range(0, 16).Select(static n => n % 2).ToArray(), [16]));
        Assert.Equal(0, ToolRun.Of("train", model, "--data", folder["data"], "--out", folder["run"]).Code);
        var run = ToolRun.Of("export", folder["run"], "--out", folder["m.onnx"]);
        Assert.Equal(0, run.Code);
        Assert.Contains("Samples were normalised before training", run.Output, StringComparison.Ordinal);
        Assert.Single(JsonDocument.Parse(ToolRun.Of("export", Path.Combine(folder["run"], "model.safetensors"), "--out", folder["m.onnx"], "--json").Output).RootElement.GetProperty("mean").EnumerateArray());
    }

    [Fact]
    public void Json_says_where_and_what()
    {
        var run = ToolRun.Of("export", folder.Write("m.json", Model), "--out", folder["m.onnx"], "--opset", "18", "--batch", "2", "--json");
        var said = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(18, said.GetProperty("opset").GetInt32());
        Assert.Equal(new FileInfo(folder["m.onnx"]).Length, said.GetProperty("bytes").GetInt64());
        Assert.Equal("dense1", said.GetProperty("output").GetString());
    }

    [Fact]
    public void What_cannot_be_written_is_said_before_and_leaves_nothing()
    {
        var model = folder.Write("m.json", Model);
        Assert.Equal(1, ToolRun.Of("export", model, "--out", folder["nowhere/m.onnx"]).Code);
        Assert.Contains("--opset is '17'; give a whole number from 18 to 23.", ToolRun.Of("export", model, "--out", folder["m.onnx"], "--opset", "17").Error, StringComparison.Ordinal);
        Assert.Contains("deep: 1 of 1 layers cannot be written as ONNX: pool1 (max-pool", ToolRun.Of(
            "export", folder.Write("d.json", """{ "name": "deep", "input": [1, 4, 4, 4, 4], "layers": [{ "layer": "max-pool", "window": [2, 2, 2, 2] }] }"""), "--out", folder["m.onnx"]).Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["m.onnx"]));
    }
}
