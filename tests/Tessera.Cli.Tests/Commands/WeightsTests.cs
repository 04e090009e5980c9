using System.Text.Json;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Training;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class WeightsTests : IDisposable
{
    private const string Model =
        """{ "input": [1, 6, 6], "layers": [{ "layer": "convolution", "kernel": [3, 3], "outputs": 2, "sharing": "unshared" }, { "layer": "batch-normalisation" }, { "layer": "relu" }, { "layer": "dense", "outputs": 3 }] }""";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_names_of_a_state_dict_are_listed()
    {
        var run = ToolRun.Of("weights", folder.Write("m.json", Model));
        Assert.Equal(0, run.Code);
        Assert.Equal(
            ["conv1.kernel    4×4×2×1×3×3  0.weight", "conv1.bias      4×4×2        0.bias", "norm1.scale     2            1.weight"],
            run.Output.Split('\n').Take(3).Select(line => line.TrimEnd('\r')));
        var last = JsonDocument.Parse(ToolRun.Of("weights", folder["m.json"], "--names", "layers", "--json").Output.TrimEnd().Split('\n')[^1]).RootElement;
        Assert.Equal("dense1.bias", last.GetProperty("name").GetString());
        Assert.Equal("[3]", last.GetProperty("shape").GetRawText());
    }

    [Theory]
    [InlineData("w.safetensors", "sequential")]
    [InlineData("w.npz", "layers")]
    public void Weights_go_out_of_a_checkpoint_and_into_another(string file, string names)
    {
        var model = ModelJson.Read(folder.Write("m.json", Model));
        var parameters = NetworkParameters<float>.Create(model.Network, 7);
        Checkpoint.Save(folder["a.safetensors"], model, parameters);
        var run = ToolRun.Of("weights", folder["a.safetensors"], "--to", folder[file], "--names", names);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains(names == "layers" ? "norm1.running_var" : "4.weight", run.Output, StringComparison.Ordinal);

        run = ToolRun.Of("weights", folder["m.json"], "--from", folder[file], "--out", folder["b"]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        var read = Checkpoint.Open(System.IO.Path.Combine(folder["b"], "model.safetensors")).ReadParameters<float>();
        for (var i = 0; i < parameters.Count; i++) Assert.Equal(parameters[i].Span.ToArray(), read[i].Span.ToArray());
    }

    [Fact]
    public void Arrays_under_Keras_names_are_read_as_Keras_has_them()
    {
        NpyArray Of(float first, params int[] shape) => NpyArray.Create<float>(Sizes.Create(shape), [.. Enumerable.Range(0, (int)Sizes.Create(shape).Product).Select(i => first + i)]);
        NpzFile.Write(folder["k.npz"],
        [
            new("local/kernel:0", Of(0, 16, 9, 2)), new("local/bias:0", Of(0, 4, 4, 2)), new("norm/gamma:0", Of(1, 2)), new("norm/beta:0", Of(2, 2)),
            new("dense/kernel:0", Of(0, 32, 3)), new("dense/bias:0", Of(5, 3)), new("norm/moving_mean:0", Of(3, 2)), new("norm/moving_variance:0", Of(4, 2)),
        ]);
        var run = ToolRun.Of("weights", folder.Write("m.json", Model), "--from", folder["k.npz"], "--out", folder["c.safetensors"]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        var read = Checkpoint.Open(folder["c.safetensors"]).ReadParameters<float>();

        // Output 0, channel 0's nine elements of the first position stand two apart in Keras; the dense layer's second input is the second channel's first position there.
        Assert.Equal([0, 2, 4, 6, 8, 10, 12, 14, 16], read["conv1.kernel"].Span[..9].ToArray());
        Assert.Equal([0, 6, 12], read["dense1.kernel"].Span[..3].ToArray());
        Assert.Equal([4, 5], read["norm1.variance"].Span.ToArray());
    }

    [Fact]
    public void Mistakes_are_told_in_a_line()
    {
        var model = folder.Write("m.json", Model);
        Assert.Equal((2, "weights: --from and --out belong together: the weights to read, and the checkpoint to make of them."), First(ToolRun.Of("weights", model, "--from", "x.npz")));
        Assert.Equal((1, $"{folder["x.npz"]}: there is no such file."), First(ToolRun.Of("weights", model, "--from", folder["x.npz"], "--out", folder["b"])));
        Assert.Equal(2, ToolRun.Of("weights", model, "--to", folder["x.npz"]).Code);
        folder.Write("bad.h5", "no such format");
        var (code, error) = First(ToolRun.Of("weights", model, "--from", folder["bad.h5"], "--out", folder["b"]));
        Assert.Equal(1, code);
        Assert.StartsWith($"{folder["bad.h5"]}: not an HDF5 file of Keras, or a damaged one: ", error, StringComparison.Ordinal);
        Assert.Contains("Examples:", ToolRun.Of("weights", "--help").Output, StringComparison.Ordinal);
    }

    private static (int Code, string Error) First(ToolRun run) => (run.Code, run.Error.Split('\n')[0].TrimEnd('\r'));
}
