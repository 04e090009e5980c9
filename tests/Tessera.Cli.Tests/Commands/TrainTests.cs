using System.Text.Json;
using Tessera.Files;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class TrainTests : IDisposable
{
    private const string Model =
        """
        { "name": "tiny", "input": [1, 6, 6],
          "layers": [{ "layer": "convolution", "kernel": [3, 3], "outputs": 4 }, { "layer": "relu" }, { "layer": "dense", "outputs": 2 }],
          "data": { "normalise": true },
          "training": { "epochs": 4, "batchSize": 8, "threads": 1, "optimiser": { "optimiser": "sgd", "learningRate": 0.1, "momentum": 0.9 } } }
        """;

    private readonly TemporaryFolder folder = new();

    public TrainTests()
    {
        // Bright on the left or on the right: learnt in a few steps.
        Directory.CreateDirectory(folder["data"]);
        WriteSamples(60);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_training_leaves_a_folder_and_ends_with_its_summary_as_json()
    {
        var run = Train("--json", "--out", folder["run"], "--seed", "5");
        Assert.Equal(0, run.Code);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(5, lines.Length);
        Assert.Equal([1, 2, 3, 4], lines[..4].Select(line => line.GetProperty("epoch").GetInt32()));
        var last = lines[^1];
        foreach (var key in (string[])["testAccuracy", "trainSeconds", "imagesPerSecond", "epochs", "seed", "threads", "out"]) Assert.True(last.TryGetProperty(key, out _), key);
        Assert.Equal(4, last.GetProperty("epochs").GetInt32());
        Assert.Equal(5, last.GetProperty("seed").GetInt32());
        Assert.Equal(folder["run"], last.GetProperty("out").GetString());
        foreach (var file in (string[])["model.safetensors", "model.json", "metrics.csv", "curves.svg", "filters.svg"]) Assert.True(File.Exists(Path.Combine(folder["run"], file)), file);
        Assert.Equal(5, File.ReadAllLines(Path.Combine(folder["run"], "metrics.csv")).Length);

        // The model is written as it was trained: with the numbers it was normalised by.
        Assert.NotNull(ModelJson.Read(Path.Combine(folder["run"], "model.json")).Data.Normalisation);
    }

    [Fact]
    public void An_autoencoder_trains_on_labelled_samples_and_reports_its_loss()
    {
        File.WriteAllText(
            folder["autoencoder.json"],
            """
            { "name": "tiny", "input": [1, 28, 28],
              "layers": [{ "layer": "convolution", "name": "code", "kernel": [5, 5], "outputs": 2, "stride": [4, 4], "padding": "same" }, { "layer": "relu" }, { "layer": "tied-transpose", "of": "code" }, { "layer": "sigmoid" }],
              "data": { "source": "mnist-subset" },
              "training": { "epochs": 1, "batchSize": 100, "threads": 1, "loss": "binary-cross-entropy", "target": "input" } }
            """);
        var run = ToolRun.Of("train", folder["autoencoder.json"], "--json", "--out", folder["run"]);
        Assert.Equal(0, run.Code);
        var last = JsonDocument.Parse(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement;
        Assert.Equal(JsonValueKind.Null, last.GetProperty("testAccuracy").ValueKind);
        Assert.InRange(last.GetProperty("testLoss").GetDouble(), 0.05, 0.69);
        Assert.False(File.Exists(Path.Combine(folder["run"], "mistakes.svg")));

        var evaluated = JsonDocument.Parse(ToolRun.Of("evaluate", folder["run"], "--json").Output).RootElement;
        Assert.Equal(last.GetProperty("testLoss").GetDouble(), evaluated.GetProperty("loss").GetDouble(), 1e-9);
        Assert.False(evaluated.TryGetProperty("accuracy", out _));
    }

    [Fact]
    public void What_was_trained_is_evaluated_and_predicts()
    {
        Assert.Equal(0, Train("--out", folder["run"]).Code);
        var evaluated = ToolRun.Of("evaluate", folder["run"], "--part", "train", "--json");
        Assert.Equal(0, evaluated.Code);
        Assert.Equal(1, JsonDocument.Parse(evaluated.Output).RootElement.GetProperty("accuracy").GetDouble());
        Assert.Equal(60, JsonDocument.Parse(evaluated.Output).RootElement.GetProperty("samples").GetInt32());

        NpyFile.Write<float>(folder["left.npy"], System.Numerics.Tensors.Tensor.Create(Sample(0, new RandomSource(99)), [6, 6]));
        var predicted = ToolRun.Of("predict", folder["run"], folder["left.npy"], "--top", "1", "--json");
        var best = JsonDocument.Parse(predicted.Output).RootElement.GetProperty("classes")[0];
        Assert.Equal("0", best.GetProperty("class").GetString());
        Assert.True(best.GetProperty("probability").GetDouble() > 0.5);
        Assert.Contains("left.npy: 0 (", ToolRun.Of("predict", folder["run"], folder["left.npy"]).Output, StringComparison.Ordinal);
        Assert.Equal(2, ToolRun.Of("evaluate", folder["run"]).Code);
    }

    [Fact]
    public void A_stopped_training_goes_on_to_the_same_bits()
    {
        Assert.Equal(0, Train("--out", folder["whole"]).Code);
        using var stopping = new CancellationTokenSource();
        stopping.Cancel();
        var stopped = ToolRun.Stoppable(stopping.Token, "train", folder.Write("tiny.json", Model), "--data", folder["data"], "--out", folder["parts"]);
        Assert.Equal(130, stopped.Code);
        Assert.Contains("go on with: tessera train --resume", stopped.Error, StringComparison.Ordinal);

        Assert.Equal(0, ToolRun.Of("train", "--resume", folder["parts"]).Code);
        Assert.Equal(Numbers(folder["whole"]), Numbers(folder["parts"]));

        byte[][] Numbers(string run)
        {
            var file = SafetensorsFile.Open(Path.Combine(run, "model.safetensors"));
            return [.. file.Entries.Where(entry => !entry.Name.Contains('/', StringComparison.Ordinal)).OrderBy(entry => entry.Name, StringComparer.Ordinal).Select(entry =>
            {
                var values = new float[entry.Shape.Product];
                file.Read<float>(entry.Name, values);
                return System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray();
            })];
        }
    }

    [Fact]
    public void What_is_wrong_is_found_before_there_is_a_folder()
    {
        var model = folder.Write("tiny.json", Model);
        Fails(2, "names no data", "train", model, "--out", folder["run"]);
        Fails(1, "nowhere", "train", model, "--data", "nowhere", "--out", folder["run"]);
        Fails(1, "'epochs' is 0", "train", folder.Write("bad.json", Model.Replace("\"epochs\": 4", "\"epochs\": 0", StringComparison.Ordinal)), "--data", folder["data"], "--out", folder["run"]);
        Fails(1, "samples are 1×6×6", "train", folder.Write("tiny3.json", Model.Replace("\"name\": \"tiny\", \"input\": [1, 6, 6]", "\"name\": \"tiny3\", \"input\": [1, 7, 7]", StringComparison.Ordinal)), "--data", folder["data"], "--out", folder["run"]);
        Fails(2, "--epochs is '0'", "train", model, "--epochs", "0");
        Fails(2, "leave out the model file", "train", model, "--resume", folder.Path);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_or_holds_a_model_is_refused()
    {
        var model = folder.Write("tiny.json", Model);
        File.WriteAllText(folder["file"], "");
        Fails(1, "it is a file; give a folder", "train", model, "--data", folder["data"], "--out", folder["file"]);
        Fails(1, "the folder cannot be made", "train", model, "--data", folder["data"], "--out", Path.Combine(folder["file"], "run"));
        Directory.CreateDirectory(folder["run"]);
        File.WriteAllText(Path.Combine(folder["run"], "model.safetensors"), "");
        Fails(1, "it holds a model already", "train", model, "--data", folder["data"], "--out", folder["run"]);
        Fails(1, "there is no", "train", "--resume", folder["nowhere"]);
    }

    [Fact]
    public void A_loss_that_is_not_finite_is_one_message_with_the_step()
    {
        var model = folder.Write("tiny.json", Model.Replace("0.1", "1e30", StringComparison.Ordinal));
        Fails(1, "step", "train", model, "--data", folder["data"], "--out", folder["run"]);
    }

    private static void Fails(int code, string message, params string[] arguments)
    {
        var run = ToolRun.Of(arguments);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Equal(code, run.Code);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    private static float[] Sample(int label, RandomSource random)
    {
        var sample = new float[36];
        for (var i = 0; i < sample.Length; i++) sample[i] = (float)(random.NextDouble() * 0.3) + ((i % 6 < 3) == (label == 0) ? 0.7f : 0);
        return sample;
    }

    private ToolRun Train(params string[] more) => ToolRun.Of(["train", folder.Write("tiny.json", Model), "--data", folder["data"], .. more]);

    private void WriteSamples(int count)
    {
        var random = new RandomSource(3);
        var values = new List<float>();
        for (var n = 0; n < count; n++) values.AddRange(Sample(n % 2, random));
        NpyFile.Write<float>(Path.Combine(folder["data"], "x.npy"), System.Numerics.Tensors.Tensor.Create(values.ToArray(), [count, 1, 6, 6]));
        NpyFile.Write<int>(Path.Combine(folder["data"], "y.npy"), System.Numerics.Tensors.Tensor.Create(Enumerable.Range(0, count).Select(n => n % 2).ToArray(), [count]));
    }
}
