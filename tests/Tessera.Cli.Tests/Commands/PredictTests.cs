using System.Text.Json;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Imaging;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx;
using Tessera.Training;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class PredictTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_output_of_a_detector_is_told_of_and_written()
    {
        var network = new NetworkDescription(
            "detector",
            [2, 5, 4],
            [new Convolution(new() { Kernel = [2, 2], Outputs = 3 }) { Name = "maps" }, new Relu { Name = "boxes/relu" }, new Convolution(new() { Kernel = [3, 2], Outputs = 1 }) { Name = "heat", Inputs = ["maps"] }],
            ["boxes/relu"]);
        var parameters = NetworkParameters<float>.Create(network, 4);
        Checkpoint.Save(folder["m.safetensors"], new ModelDescription(network, new TrainingDescription { Loss = new MeanSquaredError() }, new()), parameters);
        var random = new RandomSource(8);
        float[] samples = [.. Enumerable.Range(0, 3 * 40).Select(_ => (float)random.NextDouble() - 0.5f)];
        NpyFile.Write<double>(folder["x.npy"], NpyArray.Create<double>([3, 2, 5, 4], Array.ConvertAll(samples, static value => (double)value)).ToTensor<double>());

        var execution = new NetworkExecution<float>(network, parameters, 3, new() { Threads = 1 });
        execution.Forward(System.Numerics.Tensors.Tensor.Create(samples, [3, 2, 5, 4]));
        float[] heat = new float[3 * 2 * 2], boxes = new float[3 * 3 * 4 * 3];
        execution.Activation("heat").FlattenTo(heat);
        execution.Activation("boxes/relu").FlattenTo(boxes);

        var run = ToolRun.Of("predict", folder["m.safetensors"], folder["x.npy"], "--out", folder["y.npy"], "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Check(NpyFile.Read(folder["y_heat.npy"]), [3, 1, 2, 2], heat);
        Check(NpyFile.Read(folder["y_boxes-relu.npy"]), [3, 3, 4, 3], boxes);
        Assert.False(File.Exists(folder["y.npy"]));
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(3, lines.Length);
        for (var n = 0; n < 3; n++)
        {
            Assert.False(lines[n].TryGetProperty("classes", out _));
            var said = lines[n].GetProperty("outputs")[0];
            var own = heat[(4 * n)..(4 * (n + 1))];
            Assert.Equal(("heat", "[1,2,2]"), (said.GetProperty("name").GetString(), said.GetProperty("shape").GetRawText()));
            Assert.Equal(own.Min(), said.GetProperty("min").GetDouble(), 1e-5);
            Assert.Equal(own.Max(), said.GetProperty("max").GetDouble(), 1e-5);
            Assert.Equal(own.Average(), said.GetProperty("mean").GetDouble(), 1e-5);
            Assert.Equal("boxes/relu", lines[n].GetProperty("outputs")[1].GetProperty("name").GetString());
        }

        run = ToolRun.Of("predict", folder["m.safetensors"], folder["x.npy"], "--out", folder["y.npz"]);
        Assert.Contains("x.npy[2]: boxes/relu [3, 4, 3], from 0 to ", run.Output, StringComparison.Ordinal);
        Assert.Contains($"Written: {folder["y.npz"]}", run.Output, StringComparison.Ordinal);
        Check(NpzFile.Read(folder["y.npz"], "heat"), [3, 1, 2, 2], heat);
        Check(NpzFile.Read(folder["y.npz"], "boxes-relu"), [3, 3, 4, 3], boxes);
    }

    [Fact]
    public void Outputs_of_an_ONNX_model_are_called_as_it_calls_them()
    {
        File.WriteAllBytes(folder["m.onnx"], OnnxFile.Of(["N", "2", "3"], ("Relu", "first", "heat:0"), ("Sigmoid", "second", "heat/0")));
        float[] sample = [-1, 0.5f, 2, -3, 0, 4];
        NpyFile.Write<float>(folder["x.npy"], NpyArray.Create<float>([2, 3], sample).ToTensor<float>());
        var run = ToolRun.Of("predict", folder["m.onnx"], folder["x.npy"], "--out", folder["y.npy"]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("x.npy: heat:0 [2, 3], from 0 to 4, mean 1.08333", run.Output, StringComparison.Ordinal);
        Check(NpyFile.Read(folder["y_heat-0.npy"]), [1, 2, 3], Array.ConvertAll(sample, static value => Math.Max(value, 0)));
        Check(NpyFile.Read(folder["y_heat-0-2.npy"]), [1, 2, 3], Array.ConvertAll(sample, static value => 1 / (1 + MathF.Exp(-value))));

        var imported = ToolRun.Of("import", folder["m.onnx"], "--out", folder["net"], "--json");
        var outputs = JsonDocument.Parse(imported.Output).RootElement.GetProperty("outputs");
        Assert.Equal("[N, 2, 3]", $"[{outputs[0].GetProperty("shape").GetString()}]");
        var network = Checkpoint.Open(Path.Combine(folder["net"], "model.safetensors")).Model.Network;
        Assert.Equal(network.Layers[^1].Name, outputs[0].GetProperty("layer").GetString());
        Assert.Equal(network.FurtherOutputs[0], outputs[1].GetProperty("layer").GetString());
    }

    [Fact]
    public void Scores_are_written_as_the_network_gives_them_and_told_as_probabilities()
    {
        var network = new NetworkDescription("scores", [3], [new Dense(4) { Name = "scores" }]);
        var parameters = NetworkParameters<float>.Create(network, 2);
        OnnxExport.Write(folder["m.onnx"], parameters, new OnnxExportOptions { KeepLayers = false });
        NpyFile.Write<float>(folder["x.npy"], NpyArray.Create<float>([3], [1, -2, 0.5f]).ToTensor<float>());
        var run = ToolRun.Of("predict", folder["m.onnx"], folder["x.npy"], "--out", folder["y.npy"], "--top", "4", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        var scores = NpyFile.Read(folder["y.npy"]).ToArray<float>();
        var sum = scores.Sum(static score => Math.Exp(score));
        foreach (var said in JsonDocument.Parse(run.Output).RootElement.GetProperty("classes").EnumerateArray())
        {
            Assert.Equal(Math.Exp(scores[int.Parse(said.GetProperty("class").GetString()!, System.Globalization.CultureInfo.InvariantCulture)]) / sum, said.GetProperty("probability").GetDouble(), 1e-5);
        }

        // Of a network that gives quantities instead, somebody must say so.
        Assert.Equal(0, ToolRun.Of("import", folder["m.onnx"], "--loss", "mean-squared-error", "--out", folder["net"]).Code);
        Assert.Contains("x.npy: scores [4], from ", ToolRun.Of("predict", folder["net"], folder["x.npy"]).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public void An_image_has_its_channels_where_the_network_wants_them(int channels)
    {
        var random = new RandomSource(channels);
        byte[] pixels = [.. Enumerable.Range(0, 5 * 4 * channels).Select(_ => (byte)(random.NextDouble() * 256))];
        File.WriteAllBytes(folder["p.png"], PngWriter.Encode(4, 5, channels, pixels));
        var planes = ImageFile.Read(folder["p.png"]).Pixels;
        var last = Given("last", [5, 4, channels]);
        var first = Given("first", [channels, 5, 4]);
        for (var c = 0; c < channels; c++)
        {
            for (var p = 0; p < 20; p++)
            {
                Assert.Equal(planes[(c * 20) + p] / 255f, first[(c * 20) + p]);
                Assert.Equal(planes[(c * 20) + p] / 255f, last[(p * channels) + c]);
            }
        }

        // What a network is given for the image, by one that gives it back.
        float[] Given(string name, Sizes shape)
        {
            var model = new ModelDescription(new NetworkDescription(name, shape, [new Relu { Name = "relu" }]), new TrainingDescription { Loss = new MeanSquaredError() }, new());
            Checkpoint.Save(folder[$"{name}.safetensors"], model, NetworkParameters<float>.Zero(model.Network));
            var run = ToolRun.Of("predict", folder[$"{name}.safetensors"], folder["p.png"], "--out", folder[$"{name}.npy"]);
            Assert.Equal((0, ""), (run.Code, run.Error));
            var array = NpyFile.Read(folder[$"{name}.npy"]);
            Assert.Equal([1, .. shape.AsSpan()], array.Shape);
            return array.ToArray<float>();
        }
    }

    [Fact]
    public void Where_to_write_is_checked_before_anything_is_run()
    {
        OnnxExport.Write(folder["m.onnx"], NetworkParameters<float>.Create(new NetworkDescription("n", [3], [new Dense(4)]), 2));
        Assert.Contains("give one that ends in .npy, or in .npz", ToolRun.Of("predict", folder["m.onnx"], "no.npy", "--out", folder["y.txt"]).Error, StringComparison.Ordinal);
        Assert.Contains("does not exist; make it first", ToolRun.Of("predict", folder["m.onnx"], "no.npy", "--out", folder["nowhere/y.npy"]).Error, StringComparison.Ordinal);
    }

    private static void Check(NpyArray actual, Sizes shape, float[] expected)
    {
        Assert.Equal(shape, actual.Shape);
        var values = actual.ToArray<float>();
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], values[i], 1e-5f);
    }
}
