using System.Text.Json;
using Tessera.Files;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class SharingTests : IDisposable
{
    private const string Model =
        """
        { "name": "tiny", "input": [1, 6, 6],
          "layers": [{ "layer": "convolution", "name": "conv1", "kernel": [3, 3], "outputs": 4, "sharing": "unshared" }, { "layer": "relu" }, { "layer": "dense", "name": "output", "outputs": 2 }],
          "data": { "normalise": true },
          "training": { "epochs": 3, "batchSize": 8, "threads": 1, "optimiser": { "optimiser": "adam", "learningRate": 0.01 }, "keepBest": true } }
        """;

    private readonly TemporaryFolder folder = new();

    public SharingTests()
    {
        Directory.CreateDirectory(folder["data"]);
        var random = new RandomSource(1);
        var (samples, labels) = (new float[40 * 36], new int[40]);
        for (var i = 0; i < samples.Length; i++)
        {
            labels[i / 36] = i / 36 % 2;
            samples[i] = (float)(random.NextDouble() + ((i % 6 < 3) == (labels[i / 36] == 0) ? 1 : 0));
        }

        foreach (var part in (string[])["_train", "_test"])
        {
            NpyFile.Write<float>(folder[$"data/x{part}.npy"], System.Numerics.Tensors.Tensor.Create(samples, [40, 1, 6, 6]));
            NpyFile.Write<int>(folder[$"data/y{part}.npy"], System.Numerics.Tensors.Tensor.Create(labels, [40]));
        }
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void An_experiment_leaves_its_tables_its_picture_and_a_run_for_each_variant()
    {
        var run = Run("--tiles", "shared,2,2x4,unshared", "--untie-after", "1", "--out", folder["run"]);
        Assert.Equal(0, run.Code);
        Assert.Contains("The model file says another sharing of these layers; the experiment's takes its place.", run.Error, StringComparison.Ordinal);
        Assert.Contains("The model's early stopping and keeping of the best epoch are not used", run.Error, StringComparison.Ordinal);
        Assert.Contains("drift conv1", run.Output, StringComparison.Ordinal);
        Assert.Equal(5, File.ReadAllLines(folder["run/summary.csv"]).Length);
        var drift = File.ReadAllLines(folder["run/drift.csv"]);
        Assert.Equal("seed,sharing,layer,epoch,drift,furthest,furthestTile", drift[0]);
        Assert.Equal(1 + (4 * 3), drift.Length);
        Assert.StartsWith("1,tiled 2×4,conv1,1,0,0,", drift[7], StringComparison.Ordinal);
        Assert.Contains("Drift between tiles, conv1", File.ReadAllText(folder["run/drift.svg"]), StringComparison.Ordinal);
        foreach (var variant in (string[])["shared", "tiled-2", "tiled-2x4", "unshared"])
        {
            foreach (var file in (string[])["model.safetensors", "model.json", "metrics.csv", "filters.svg"]) Assert.True(File.Exists(folder[$"run/{variant}/{file}"]), $"{variant}/{file}");
            Assert.Equal(0, ToolRun.Of("evaluate", folder["run/" + variant]).Code);
        }

        Assert.Contains("tiles 2×4", File.ReadAllText(folder["run/tiled-2x4/filters.svg"]), StringComparison.Ordinal);
        var again = Run("--out", folder["run"]);
        Assert.Equal((1, $"--out {folder["run"]}: it holds an experiment already; give another folder."), (again.Code, again.Error.Trim()));
    }

    [Fact]
    public void A_decoder_can_be_untied_as_its_encoder_can_and_every_untied_layer_is_drawn_by_tile()
    {
        const string painter =
            """
            { "name": "painter", "input": [1, 6, 6],
              "layers": [{ "layer": "convolution", "name": "down", "kernel": [3, 3], "outputs": 4, "stride": [2, 2], "padding": "same" }, { "layer": "relu" },
                { "layer": "transposed-convolution", "name": "up", "kernel": [3, 3], "outputs": 4, "stride": [2, 2], "padding": "same", "outputChannels": 1, "sizeOf": "input" }],
              "training": { "epochs": 4, "batchSize": 8, "threads": 1, "loss": "mean-squared-error", "target": "input", "optimiser": { "optimiser": "adam", "learningRate": 0.01 } } }
            """;
        var run = ToolRun.Of("sharing", folder.Write("painter.json", painter), "--data", folder["data"], "--layers", "down,up", "--tiles", "shared,2,unshared", "--untie-after", "1", "--json", "--out", folder["run"]);
        Assert.Equal((0, ""), (run.Code, run.Code == 0 ? "" : run.Error));
        var variants = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.TryGetProperty("weights", out _)).ToArray();
        Assert.Equal(["shared", "tiled 2", "unshared"], variants.Select(variant => variant.GetProperty("sharing").GetString()));

        // Kernels of 4×9 for each tile, 4 biases for each tile below, one bias above.
        Assert.Equal([(36 + 4 + 36) + 1, (4 * (36 + 4 + 36)) + 1, (9 * (36 + 4 + 36)) + 1], variants.Select(variant => variant.GetProperty("weights").GetInt64()));
        Assert.Equal(0, variants[0].GetProperty("drift").GetProperty("up").GetDouble());
        Assert.All(variants[1..], variant => Assert.InRange(variant.GetProperty("drift").GetProperty("up").GetDouble(), 1e-4, 2));
        Assert.Contains("tiles 2×2", File.ReadAllText(folder["run/tiled-2/filters-up.svg"]), StringComparison.Ordinal);
        Assert.Contains("tiles 3×3", File.ReadAllText(folder["run/unshared/filters-up.svg"]), StringComparison.Ordinal);
        Assert.DoesNotContain("tiles", File.ReadAllText(folder["run/shared/filters-up.svg"]), StringComparison.Ordinal);
        Assert.False(File.Exists(folder["run/tiled-2/filters-down.svg"]));
        Assert.Contains("Drift between tiles, up", File.ReadAllText(folder["run/drift.svg"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_has_a_line_for_each_epoch_each_variant_and_the_whole()
    {
        var run = Run("--tiles", "shared,2", "--untie-after", "1", "--seeds", "3,4", "--json", "--out", folder["run"]);
        Assert.Equal(0, run.Code);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();

        // For each seed one shared epoch, and for each of two variants two epochs and the variant; then the last line.
        Assert.Equal((2 * (1 + (2 * 3))) + 1, lines.Length);
        Assert.Equal("start", lines[0].GetProperty("sharing").GetString());
        Assert.Empty(lines[0].GetProperty("drift").EnumerateObject());
        var variant = lines[6];
        Assert.Equal(("tiled 2", 3), (variant.GetProperty("sharing").GetString(), variant.GetProperty("seed").GetInt32()));
        Assert.Equal(lines[5].GetProperty("drift").GetProperty("conv1").GetDouble(), variant.GetProperty("drift").GetProperty("conv1").GetDouble());
        Assert.True(variant.GetProperty("drift").GetProperty("conv1").GetDouble() > 0);
        foreach (var key in (string[])["testAccuracy", "testLoss", "weights", "multiplyAdds", "seconds"]) Assert.True(variant.TryGetProperty(key, out _), key);
        Assert.Equal([3, 4], lines[^1].GetProperty("seeds").EnumerateArray().Select(seed => seed.GetInt32()));
        Assert.Equal(["conv1"], lines[^1].GetProperty("layers").EnumerateArray().Select(layer => layer.GetString()));
        Assert.True(File.Exists(folder["run/tiled-2-seed-4/model.safetensors"]));
    }

    [Theory]
    [InlineData(2, "--tiles: '0' is no sharing; give shared, unshared, or a tile's size, such as 2 for every axis or 2x3.", "--tiles", "shared,0")]
    [InlineData(2, "--layers is 'conv1,'; give a list with commas between.", "--layers", "conv1,")]
    [InlineData(2, "--seeds: 'x' is no whole number.", "--seeds", "1,x")]
    [InlineData(1, "sharing: there is no layer 'conv'; did you mean 'conv1'?", "--layers", "conv")]
    [InlineData(1, "sharing: tile 5 on axis 1 is larger than the output 4×4 of 'conv1'; use at most 4 there, unshared, or leave the layer out.", "--tiles", "2x5")]
    [InlineData(1, "sharing: untying after 3 epochs leaves none of 3 to train untied; untie after at most 2, or train for more epochs.", "--untie-after", "3")]
    public void Mistakes_are_told_before_there_is_a_folder(int code, string message, params string[] arguments)
    {
        var run = Run([.. arguments, "--out", folder["run"]]);
        Assert.Equal((code, message), (run.Code, run.Error.Split('\n')[0]));
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Fact]
    public void Stopping_ends_with_130()
    {
        using var stopping = new CancellationTokenSource();
        stopping.Cancel();
        var run = ToolRun.Stoppable(stopping.Token, "sharing", folder.Write("model.json", Model), "--data", folder["data"], "--untie-after", "1", "--out", folder["run"]);
        Assert.Equal(130, run.Code);
        Assert.Contains("Stopped before a variant was finished", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Fact]
    public void The_invariance_of_trained_networks_is_told_and_drawn()
    {
        const string pooled =
            """
            { "name": "pooled", "input": [1, 6, 6],
              "layers": [{ "layer": "convolution", "kernel": [3, 3], "outputs": 4, "sharing": { "tile": [2, 2] } }, { "layer": "max-pool", "name": "pool", "window": [2, 2] }, { "layer": "dense", "outputs": 2 }],
              "data": { "augmentation": [{ "change": "rotate", "degrees": 180 }] },
              "training": { "epochs": 1, "batchSize": 8, "threads": 1 } }
            """;
        Assert.Equal(0, ToolRun.Of("train", folder.Write("pooled.json", pooled), "--data", folder["data"], "--out", folder["trained"]).Code);
        var run = ToolRun.Of("invariance", folder["trained"], "--degrees", "180", "--step", "90", "--index", "2", "--out", folder["picture.svg"], "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal([-180.0, -90, 0, 90, 180], lines.Select(line => line.GetProperty("angle").GetDouble()));
        foreach (var key in (string[])["accuracy", "changeBefore", "changeAfter", "sameWinner"]) Assert.True(lines[0].TryGetProperty(key, out _), key);
        Assert.Equal(("trained", "pool", 0.0), (lines[2].GetProperty("model").GetString(), lines[2].GetProperty("layer").GetString(), lines[2].GetProperty("changeAfter").GetDouble()));
        Assert.Contains("tile 0,1", File.ReadAllText(folder["picture.svg"]), StringComparison.Ordinal);
        Assert.Contains("same winner", ToolRun.Of("invariance", folder["trained"], "--out", folder["picture.svg"]).Output, StringComparison.Ordinal);
        var wrong = ToolRun.Of("invariance", folder["trained"], "--layer", "conv1", "--out", folder["other.svg"]);
        Assert.Equal((1, "invariance: 'conv1' takes no maxima; those that do are pool."), (wrong.Code, wrong.Error.Trim()));
        Assert.False(File.Exists(folder["other.svg"]));
    }

    private ToolRun Run(params string[] arguments) => ToolRun.Of(["sharing", folder.Write("model.json", Model), "--data", folder["data"], .. arguments]);
}
