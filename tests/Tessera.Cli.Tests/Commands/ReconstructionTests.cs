using System.Numerics.Tensors;
using System.Text.Json;
using System.Xml.Linq;
using Tessera.Cli.Baselines;
using Tessera.Files;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class ReconstructionTests : IDisposable
{
    private const string Net =
        """
        { "name": "net", "input": [1, 28, 28], "beliefNet": [{ "kernel": [9, 9], "outputs": 6, "stride": 3, "sharing": { "tile": 2 } }],
          "data": { "source": "mnist-subset" }, "training": { "epochs": 1, "batchSize": 100, "learningRate": 0.05 } }
        """;

    private const string Coder =
        """
        { "name": "coder", "input": [1, 28, 28], "sparseCoding": { "kernel": [7, 7], "outputs": 6, "stride": 3, "padding": "full", "sparsity": 0.3, "iterations": 5 },
          "data": { "source": "mnist-subset" }, "training": { "epochs": 1, "batchSize": 100 } }
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_belief_net_trains_draws_dreams_and_is_held_against_baselines()
    {
        var run = Train(Net);
        foreach (var file in (string[])["model.safetensors", "model.json", "metrics.csv", "curves.svg", "filters.svg", "reconstructions.svg", "codes.svg", "samples.svg"])
            Assert.True(File.Exists(folder[$"run/{file}"]), file);
        Assert.Equal(6 * 81 * 4 + (6 * 4) + 1, run.GetProperty("parameters").GetInt64());
        Assert.InRange(run.GetProperty("testLoss").GetDouble(), 0.001, 0.08);

        Assert.Equal(0, ToolRun.Of("draw", "samples", folder["run"], "--from-data", "--chains", "3", "--steps", "6", "--every", "2", "--out", folder["dream.svg"]).Code);
        Assert.Equal(3 * (1 + 3), Images("dream.svg"));
        Assert.Equal(0, ToolRun.Of("draw", "filters", folder["run"], "--layer", "rbm1", "--out", folder["f.svg"]).Code);
        Fails(2, "called 'rbm2'; those that can be drawn are of rbm1", "draw", "filters", folder["run"], "--layer", "rbm2");
        Fails(2, "is no variational autoencoder; a belief net's samples are counted by --chains", "draw", "samples", folder["run"], "--count", "4");
        Fails(2, "--every: a look every 5 steps at chains of 4 steps", "draw", "samples", folder["run"], "--steps", "4", "--every", "5");
        var evaluated = JsonDocument.Parse(ToolRun.Of("evaluate", folder["run"], "--json", "--batch", "64").Output).RootElement;
        Assert.Equal(2000, evaluated.GetProperty("samples").GetInt32());
        Assert.Equal(run.GetProperty("testLoss").GetDouble(), evaluated.GetProperty("reconstructionError").GetDouble(), 1e-7);
        Assert.Contains("of reconstruction 0.0", ToolRun.Of("evaluate", folder["run"], "--part", "train").Output, StringComparison.Ordinal);
        Fails(2, "it is a belief net and no network; train, plan, check, evaluate, compare and draw take it.", "draw", "network", folder["run"]);
        Assert.Equal(0, ToolRun.Of("check", folder["run"]).Code);

        var compared = ToolRun.Of("compare", folder["run"], "--labels", "10", "--json");
        Assert.Equal(0, compared.Code);
        var found = JsonDocument.Parse(compared.Output).RootElement;
        Assert.Equal(run.GetProperty("testLoss").GetDouble(), found.GetProperty("error").GetDouble(), 1e-6);
        Assert.Equal(6 * 49, found.GetProperty("numbers").GetDouble());
        Assert.Equal(294, found.GetProperty("components").GetInt32());
        Assert.InRange(found.GetProperty("noisyDecibel").GetDouble(), 12.0, 12.1);
        Assert.True(found.GetProperty("blurredDecibel").GetDouble() > found.GetProperty("noisyDecibel").GetDouble());
        foreach (var key in (string[])["featureAccuracy", "pixelAccuracy", "randomAccuracy"]) Assert.InRange(found.GetProperty(key).GetDouble(), 0.3, 1);
    }

    [Fact]
    public void A_sparse_coder_trains_draws_and_goes_on()
    {
        var run = Train(Coder);
        Assert.Equal(6 * 49, run.GetProperty("parameters").GetInt64());
        Assert.False(File.Exists(folder["run/samples.svg"]));
        var evaluated = ToolRun.Of("evaluate", folder["run"]);
        var missed = run.GetProperty("testLoss").GetDouble().ToString("0.00000", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal($"mean square error of reconstruction {missed} on 2000 samples", evaluated.Output.TrimEnd());
        Assert.Contains("dictionary", ToolRun.Of("plan", folder["run"]).Output, StringComparison.Ordinal);
        Fails(1, "it is no belief net, and only those and variational autoencoders sample", "draw", "samples", folder["run"]);
        Assert.Equal(0, ToolRun.Of("draw", "reconstructions", folder["run"], "--count", "4", "--out", folder["r.svg"]).Code);
        Assert.Equal(8, Images("r.svg"));
        Assert.Equal(0, ToolRun.Of("draw", "features", folder["run"], "--index", "2", "--out", folder["c.svg"]).Code);
        Assert.Equal(0, ToolRun.Of("draw", "curves", folder["run"]).Code);

        var more = ToolRun.Of("train", "--resume", folder["run"], "--epochs", "2", "--json");
        Assert.Equal(0, more.Code);
        Assert.Equal(2, JsonDocument.Parse(more.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement.GetProperty("epochs").GetInt32());
    }

    [Fact]
    public void A_stack_over_signals_without_a_name_has_curves_for_each_machine_and_a_code_of_curves()
    {
        Directory.CreateDirectory(folder["signals"]);
        var random = new RandomSource(1);
        foreach (var (part, count) in (ReadOnlySpan<(string, int)>)[("train", 40), ("test", 6)])
        {
            var signals = new float[count * 20];
            foreach (ref var value in signals.AsSpan()) value = (float)random.NextDouble();
            NpyFile.Write<float>(folder[$"signals/x_{part}.npy"], Tensor.Create(signals, [count, 1, 20]));
            NpyFile.Write<int>(folder[$"signals/y_{part}.npy"], Tensor.Create(new int[count], [count]));
        }

        var stack = """
            { "input": [1, 20], "beliefNet": [{ "kernel": [5], "outputs": 4, "sharing": { "tile": [2] }, "pooling": [2] }, { "kernel": [3], "outputs": 3, "sharing": "unshared" }],
              "data": { "source": "SIGNALS" }, "training": { "epochs": 2, "batchSize": 10 } }
            """;
        Assert.Equal(4, Train(stack.Replace("SIGNALS", folder["signals"].Replace('\\', '/'), StringComparison.Ordinal)).GetProperty("epochs").GetInt32());
        var curves = XDocument.Load(folder["run/curves.svg"]).Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value).ToArray();
        foreach (var said in (string[])["rbm1, training ", "rbm1, test ", "rbm2, training ", "rbm2, test "]) Assert.Contains(curves, text => text.StartsWith(said, StringComparison.Ordinal));
        Assert.Equal(0, Images("run/codes.svg"));
        Assert.Equal(1 + 3, XDocument.Load(folder["run/codes.svg"]).Descendants().Count(element => element.Name.LocalName == "polyline"));
    }

    [Fact]
    public void Data_that_does_not_suit_is_warned_of_and_files_that_are_wrong_are_refused()
    {
        File.WriteAllText(folder["gaussian.json"], Net.Replace("\"outputs\": 6", "\"outputs\": 2, \"visible\": \"gaussian\"", StringComparison.Ordinal));
        var run = ToolRun.Of("train", folder["gaussian.json"], "--out", folder["gaussian"]);
        Assert.Contains("Warning: rbm1: Gaussian visible units have variance 1", run.Error, StringComparison.Ordinal);
        Assert.Contains("likely to diverge at a learning rate of 0.05; use at most 0.01", run.Error, StringComparison.Ordinal);
        File.WriteAllText(folder["still.json"], Coder.Replace("0.3", "30", StringComparison.Ordinal).Replace("\"name\": \"coder\", ", "", StringComparison.Ordinal));
        var still = ToolRun.Of("train", folder["still.json"], "--out", folder["still"]);
        Assert.Equal(0, still.Code);
        Assert.Contains("Warning: sparse coding: a sparsity of 30 leaves every code at 0", still.Error, StringComparison.Ordinal);
        File.WriteAllText(folder["bad.json"], Coder.Replace("0.3", "-0.3", StringComparison.Ordinal));
        Fails(1, "Sparsity is -0.3; it must be above 0", "train", folder["bad.json"], "--out", folder["bad"]);
        Assert.False(Directory.Exists(folder["bad"]));
    }

    [Fact]
    public void Principal_components_are_those_of_known_data()
    {
        // Points on a plane in five dimensions, and a little beside it.
        var random = new RandomSource(3);
        var images = new float[400 * 5];
        for (var n = 0; n < 400; n++)
        {
            var (a, b) = (2 * random.NextNormal(), random.NextNormal());
            for (var i = 0; i < 5; i++) images[(n * 5) + i] = (float)(7 + (a * (i == 0 ? 0.6 : i == 1 ? 0.8 : 0)) + (b * (i == 2 ? 1 : 0)) + (0.01 * random.NextNormal()));
        }

        var analysis = new PrincipalComponents(images, 5);
        Assert.InRange(analysis.Error(images, 1), 0.17, 0.23);
        Assert.InRange(analysis.Error(images, 2), 0.00005, 0.00007);
        Assert.Equal(0, analysis.Error(images, 5));
    }

    [Fact]
    public void A_blur_keeps_what_is_flat_and_spreads_a_point_evenly()
    {
        Assert.All(GaussianBlur.Apply([.. Enumerable.Repeat(0.5f, 30)], [1, 5, 6], 1.2), value => Assert.Equal(0.5, value, 1e-6));
        var point = new float[81];
        point[40] = 1;
        var spread = GaussianBlur.Apply(point, [1, 9, 9], 1);
        Assert.Equal(1, spread.Sum(), 1e-5);
        Assert.Equal(spread[31], spread[41], 1e-7);
        Assert.Equal(Math.Exp(-0.5), spread[41] / spread[40], 1e-5);
    }

    private JsonElement Train(string json)
    {
        File.WriteAllText(folder["model.json"], json);
        var run = ToolRun.Of("train", folder["model.json"], "--json", "--out", folder["run"]);
        Assert.Equal((0, ""), (run.Code, run.Code == 0 ? "" : run.Error));
        return JsonDocument.Parse(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement;
    }

    private int Images(string file) => XDocument.Load(folder[file]).Descendants().Count(element => element.Name.LocalName == "image");

    private static void Fails(int code, string said, params string[] arguments)
    {
        var run = ToolRun.Of(arguments);
        Assert.Equal(code, run.Code);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }
}
