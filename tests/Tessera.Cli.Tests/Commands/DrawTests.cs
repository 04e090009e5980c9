using System.Numerics.Tensors;
using System.Xml.Linq;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Training;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class DrawTests : IDisposable
{
    private const string Classifier =
        """
        { "name": "tiny", "input": [1, 6, 6],
          "layers": [
            { "layer": "convolution", "name": "shared", "kernel": [3, 3], "outputs": 3 }, { "layer": "relu" },
            { "layer": "convolution", "name": "tiled", "kernel": [2, 2], "outputs": 20, "sharing": { "tile": [2, 1] } },
            { "layer": "transposed-convolution", "name": "up", "kernel": [2, 2], "outputs": 20, "outputChannels": 2, "stride": [2, 2] },
            { "layer": "flatten" }, { "layer": "dense", "name": "output", "outputs": 2 }, { "layer": "dense", "name": "last", "outputs": 2 }] }
        """;

    private const string Autoencoder =
        """
        { "name": "ae", "input": [1, 6, 6],
          "layers": [{ "layer": "convolution", "kernel": [3, 3], "outputs": 2 }, { "layer": "transposed-convolution", "kernel": [3, 3], "outputs": 2, "outputChannels": 1 }],
          "training": { "loss": "mean-squared-error", "epochs": 2, "threads": 1 } }
        """;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private readonly TemporaryFolder folder = new();

    public DrawTests()
    {
        Directory.CreateDirectory(folder["data"]);
        Directory.CreateDirectory(folder["run"]);
        var values = new float[24 * 36];
        var random = new RandomSource(1);
        foreach (ref var value in values.AsSpan()) value = (float)random.NextDouble();
        foreach (var part in (string[])["train", "test"])
        {
            NpyFile.Write<float>(folder[$"data/x_{part}.npy"], Tensor.Create(values, [24, 1, 6, 6]));
            NpyFile.Write<float>(folder[$"data/y_{part}.npy"], Tensor.Create(values, [24, 1, 6, 6]));
        }
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Connections_are_drawn_with_all_their_letters()
    {
        var figure = Draw("connections", "--kernel", "2", "--size", "5", "--compare", "--full", "--out", folder["c.svg"]);
        Assert.Equal(8 + 8 + 8 + 20, Edges(figure).Count);
        Assert.Equal("abcdefgh" + "abcdabcd" + "abababab", string.Concat(Texts(figure, "letter")));

        Assert.Equal(2 * 4, Edges(Draw("connections", "--kernel", "2", "--size", "3", "--padding", "full", "--tile", "unshared", "--out", folder["c.svg"])).Count);
        Assert.Equal(4 + (4 + 1), Edges(Draw("connections", "--kernel", "2", "--size", "4", "--stride", "2", "--two-steps", "--out", folder["c.svg"])).Count - 3);
        var spec = folder.Write("spec.json", """{ "kernel": [2, 3], "outputs": 4, "padding": [[0, 0], [1, 1]], "channels": { "groups": 2 }, "sharing": { "tile": [1, 2] } }""");
        Assert.Equal("abcdef" + "abcdef", string.Concat(Texts(Draw("connections", "--spec", spec, "--size", "9,4", "--axis", "1", "--out", folder["c.svg"]), "letter")));
    }

    [Fact]
    public void Channels_are_drawn_of_numbers_of_an_operator_and_of_a_layer()
    {
        Assert.Equal(8, Edges(Draw("channels", "--inputs", "4", "--outputs", "4", "--groups", "2", "--out", folder["c.svg"])).Count);
        var spec = folder.Write("spec.json", """{ "kernel": [5, 5], "outputs": 16, "channels": { "table": "lenet5" } }""");
        Assert.Equal(60, Draw("channels", "--spec", spec, "--out", folder["c.svg"]).Descendants(Svg + "circle").Count());
        var model = folder.Write("m.json", Classifier);
        Assert.Equal(60, Draw("channels", model, "--layer", "tiled", "--out", folder["c.svg"]).Descendants(Svg + "circle").Count());
        Assert.Equal(3, Edges(Draw("channels", model, "--out", folder["c.svg"])).Count);
    }

    [Fact]
    public void A_network_is_drawn_along_an_axis()
    {
        var model = folder.Write("m.json", """{ "name": "n", "input": [1, 16, 4], "layers": [{ "layer": "convolution", "kernel": [6, 1], "outputs": 1 }, { "layer": "convolution", "kernel": [6, 1], "outputs": 1 }] }""");
        Assert.Equal((11 + 6) * 6, Edges(Draw("network", model, "--out", folder["n.svg"])).Count);
        Assert.Equal(4 + 4, Edges(Draw("network", model, "--axis", "1", "--out", folder["n.svg"])).Count);
    }

    [Fact]
    public void Filters_of_every_layer_that_has_some_are_drawn_into_the_run()
    {
        Save(Classifier);
        Assert.Equal(Path.Combine(folder["run"], "filters.svg"), Said("filters", folder["run"]));
        foreach (var (layer, wanted) in ((string, string)[])[("shared", "3 filters of 3×3, 1 channel"), ("tiled", "20 filters of 2×2, 3 channels, tiles 2×1"), ("up", "20 filters of 2×2, 2 channels"), ("output", "2 filters of 6×6, 2 channels")])
        {
            var path = Said("filters", folder["run"], "--layer", layer);
            Assert.Equal(Path.Combine(folder["run"], $"filters-{layer}.svg"), path);
            Assert.Contains(wanted, Texts(XDocument.Load(path)));
        }

        Fails(2, "--layer: relu1 is of kind relu and has no filters to draw; those of shared, tiled, up, output can be drawn.", "filters", folder["run"], "--layer", "relu1");
        Fails(2, "there is no layer 'conv9'; the layers are shared, relu1", "filters", folder["run"], "--layer", "conv9");
    }

    [Fact]
    public void Features_are_the_activations_of_the_layers()
    {
        Save(Classifier);
        var figure = Draw("features", folder["run"], "--data", folder["data"], "--index", "3");
        Assert.Equal(1 + 3 + 3 + 16 + 2, figure.Descendants(Svg + "image").Count());
        Assert.Contains("Feature maps of sample 3", Texts(figure));

        // The numbers under the maps of a layer are those that the network gives.
        var model = ModelJson.Parse(Classifier, "m");
        var execution = new NetworkExecution<float>(model.Network, NetworkParameters<float>.Create(model.Network, 1), 1, new ExecutionOptions { KeepActivations = true });
        var sample = NpyFile.Read(folder["data/x_test.npy"]).ToArray<float>()[(3 * 36)..(4 * 36)];
        execution.Forward(new ReadOnlyTensorSpan<float>(sample, [1, 1, 6, 6]));
        var maps = new float[3 * 16];
        execution.Activation("shared").FlattenTo(maps);
        var wanted = maps.Chunk(16).Select(map => FormattableString.Invariant($"{map.Min():G2}…{map.Max():G2}"));
        NpyFile.Write<float>(folder["one.npy"], Tensor.Create(sample, [1, 6, 6]));
        Assert.Equal(wanted, Texts(Draw("features", folder["run"], folder["one.npy"], "--layer", "shared"), "caption"));
        Assert.Equal(1 + 20, Draw("features", folder["run"], "--data", folder["data"], "--layer", "tiled").Descendants(Svg + "image").Count());

        Fails(2, "--index: there is no sample 24; the test samples go from 0 to 23.", "features", folder["run"], "--data", folder["data"], "--index", "24");
        Fails(2, "--layer: output gives 2, without maps to draw", "features", folder["run"], "--data", folder["data"], "--layer", "output");
        Fails(2, "--index: an image file is given too", "features", folder["run"], folder["one.npy"], "--index", "1");
        Fails(2, "it holds several samples or none", "features", folder["run"], folder["data/x_test.npy"]);
        Fails(1, "the output is 2, but the input is 1×6×6; a network reconstructs where both are the same.", "reconstructions", folder["run"], "--data", folder["data"]);
        Fails(1, "no epoch has been finished", "curves", folder["run"]);
    }

    [Fact]
    public void A_training_of_an_autoencoder_leaves_features_and_reconstructions_with_what_they_miss()
    {
        var trained = ToolRun.Of("train", folder.Write("ae.json", Autoencoder), "--data", folder["data"], "--out", folder["ae"]);
        Assert.Equal(0, trained.Code);
        foreach (var file in (string[])["features.svg", "reconstructions.svg", "curves.svg", "filters.svg"])
        {
            Assert.True(File.Exists(Path.Combine(folder["ae"], file)), file);
            Assert.Contains("  " + file, trained.Output, StringComparison.Ordinal);
        }

        // Captions are the mean squares of what is missed; over all samples, their mean is the loss that evaluate gives.
        var figure = Draw("reconstructions", folder["ae"], "--count", "24");
        Assert.Equal(2 * 24, figure.Descendants(Svg + "image").Count());
        var missed = Texts(figure, "caption").Select(text => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(24, missed.Length);
        var evaluated = System.Text.Json.JsonDocument.Parse(ToolRun.Of("evaluate", folder["ae"], "--json").Output).RootElement.GetProperty("loss").GetDouble();
        Assert.InRange(missed.Average() / evaluated, 0.99, 1.01);

        Assert.Equal(2, Draw("curves", folder["ae"], "--out", folder["c.svg"]).Descendants(Svg + "polyline").Count());
        Assert.Contains("test " + evaluated.ToString("0.0000", System.Globalization.CultureInfo.InvariantCulture), Texts(XDocument.Load(folder["c.svg"])));
    }

    [Fact]
    public void A_denoising_model_is_shown_noise_and_what_it_makes_of_that()
    {
        // It gives back what it sees, so that a reconstruction misses what the noise added.
        Save("""
            { "name": "noisy", "input": [1, 6, 6],
              "layers": [{ "layer": "noise", "noise": "gaussian", "deviation": 0.5 }, { "layer": "convolution", "name": "same", "kernel": [1, 1], "outputs": 1 }],
              "data": { "normalise": { "mean": [0.5], "standardDeviation": [0.4] } }, "training": { "loss": "mean-squared-error", "target": "input" } }
            """, parameters => parameters["same.kernel"].Span[0] = 1);
        var figure = Draw("reconstructions", folder["run"], "--data", folder["data"], "--count", "12");
        Assert.Equal(3 * 12, figure.Descendants(Svg + "image").Count());
        Assert.Equal(["input", "noisy input", "reconstruction", "input", "noisy input", "reconstruction"], Texts(figure, "ink").Where(text => text.Contains("input", StringComparison.Ordinal) || text == "reconstruction"));
        var captions = Texts(figure, "caption");
        Assert.Equal(captions[..10], captions[10..20]);

        // The noise is in the model's units: 0.5 of a deviation of 0.4.
        Assert.InRange(captions[..10].Average(text => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture)), 0.03, 0.05);
        Assert.Equal(figure.ToString(), Draw("reconstructions", folder["run"], "--data", folder["data"], "--count", "12").ToString());
    }

    [Fact]
    public void A_variational_model_is_sampled_from_its_prior_in_its_run_and_by_itself()
    {
        const string variational =
            """
            { "name": "vae", "input": [1, 6, 6],
              "layers": [{ "layer": "dense", "outputs": 4 }, { "layer": "gaussian-sample", "name": "code" }, { "layer": "dense", "outputs": 36 }, { "layer": "reshape", "shape": [1, 6, 6] }],
              "training": { "loss": "mean-squared-error", "target": "input", "epochs": 1, "threads": 1 } }
            """;
        var trained = ToolRun.Of("train", folder.Write("vae.json", variational), "--data", folder["data"], "--out", folder["vae"]);
        Assert.Contains("samples.svg         what the model dreams from a seed", trained.Output, StringComparison.Ordinal);
        Assert.Equal(40, XDocument.Load(folder["vae/samples.svg"]).Descendants(Svg + "image").Count());
        var drawn = Draw("samples", folder["vae"], "--count", "13", "--seed", "2", "--out", folder["s.svg"]);
        Assert.Equal(13, drawn.Descendants(Svg + "image").Count());
        Assert.Contains("each from 2 numbers that are standard normal; seed 2", Texts(drawn));
        Assert.Equal(drawn.ToString(), Draw("samples", folder["vae"], "--count", "13", "--seed", "2", "--out", folder["s.svg"]).ToString());
        Assert.NotEqual(drawn.ToString(), Draw("samples", folder["vae"], "--count", "13", "--seed", "3", "--out", folder["s.svg"]).ToString());
        Fails(2, "--steps: Gibbs chains are a belief net's", "samples", folder["vae"], "--steps", "5");
        Fails(2, "--from-data: Gibbs chains are a belief net's", "samples", folder["vae"], "--from-data");
        Fails(1, "it has 0 gaussian-sample layers", "samples", Saved(Classifier));
    }

    [Theory]
    [InlineData(2, "--axis: the operator has 1 axis; give a number from 0 to 0.", "connections", "--axis", "1")]
    [InlineData(2, "--padding is 'same-ish'; give valid, same", "connections", "--padding", "same-ish")]
    [InlineData(2, "--tile is '0'; give a whole number of at least 1, shared or unshared.", "connections", "--tile", "0")]
    [InlineData(2, "--two-steps: the stride is 1", "connections", "--two-steps")]
    [InlineData(2, "--two-steps: it is drawn of a shared kernel", "connections", "--two-steps", "--stride", "2", "--tile", "2")]
    [InlineData(1, "connections: kernel 9 does not fit input 6", "connections", "--kernel", "9")]
    [InlineData(1, "connections: a kernel that reaches over 90 units cannot be drawn", "connections", "--kernel", "90", "--size", "90")]
    [InlineData(2, "--kernel: the operator comes from --spec", "connections", "--spec", "nowhere.json", "--kernel", "3")]
    [InlineData(2, "--size is 'many'", "connections", "--size", "many")]
    [InlineData(2, "--inputs: give the number of input channels", "channels", "--outputs", "4")]
    [InlineData(1, "channels: 3", "channels", "--inputs", "4", "--outputs", "4", "--groups", "3")]
    [InlineData(2, "--layer: it names a layer of a model", "channels", "--layer", "conv1")]
    [InlineData(1, "nowhere.json: there is no such file.", "network", "nowhere.json")]
    public void A_misfit_is_said_before_anything_is_written(int code, string message, params string[] arguments) =>
        Fails(code, message, [.. arguments, "--out", folder["never.svg"]]);

    [Fact]
    public void Places_that_cannot_be_written_are_found_first()
    {
        Fails(2, "pictures are SVG files; give a name that ends in .svg", "connections", "--out", folder["c.png"]);
        Fails(1, "does not exist; make it first (mkdir -p)", "connections", "--out", Path.Combine(folder["nowhere"], "c.svg"));
        Fails(1, "no layer has filters that can be drawn", "filters", Saved("""{ "name": "flat", "input": [4], "layers": [{ "layer": "dense", "outputs": 2 }] }"""));
        Fails(1, "which have no picture", "features", folder["run"]);
        Fails(1, "has no spatial axes to draw along", "network", folder["run"]);
        Fails(1, "has no convolution whose channels could be drawn", "channels", folder["run"]);
    }

    [Theory]
    [InlineData("filters")]
    [InlineData("features")]
    [InlineData("reconstructions")]
    [InlineData("curves")]
    [InlineData("network")]
    [InlineData("connections")]
    [InlineData("channels")]
    public void Each_picture_has_help_with_examples(string picture)
    {
        var help = ToolRun.Of("draw", picture, "--help");
        Assert.Equal(0, help.Code);
        Assert.Contains("Examples:\n  tessera draw " + picture, help.Output, StringComparison.Ordinal);
        Assert.Contains("tessera draw " + picture, ToolRun.Of("draw", "--help").Output, StringComparison.Ordinal);
        Assert.Equal(2, ToolRun.Of("draw", picture, "one", "two", "three", "--what").Code);
    }

    private static List<XElement> Edges(XDocument figure) => [.. figure.Descendants(Svg + "line").Where(line => HasStyle(line, "edge"))];

    private static string[] Texts(XDocument figure, string? style = null) => [.. figure.Descendants(Svg + "text").Where(text => style is null || HasStyle(text, style)).Select(text => text.Value)];

    private static bool HasStyle(XElement element, string style) => element.Attribute("class")!.Value.Split(' ').Contains(style);

    private static string Said(params string[] arguments)
    {
        var run = ToolRun.Of(["draw", .. arguments]);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
        return run.Output.TrimEnd();
    }

    private static XDocument Draw(params string[] arguments) => XDocument.Load(Said(arguments));

    private void Fails(int code, string message, params string[] arguments)
    {
        var run = ToolRun.Of(["draw", .. arguments]);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Equal(code, run.Code);
        Assert.Empty(run.Output);
        Assert.False(File.Exists(folder["never.svg"]));
    }

    private string Saved(string json)
    {
        Save(json);
        return folder["run"];
    }

    private void Save(string json, Action<NetworkParameters<float>>? change = null)
    {
        var model = ModelJson.Parse(json, "m");
        var parameters = NetworkParameters<float>.Create(model.Network, 1);
        change?.Invoke(parameters);
        Checkpoint.Save(folder["run/model.safetensors"], model, parameters);
    }
}
