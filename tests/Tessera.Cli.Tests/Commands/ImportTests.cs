using System.Text.Json;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx;
using Tessera.Onnx.Format;
using Tessera.Training;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class ImportTests : IDisposable
{
    private static readonly NetworkDescription Classifier = new(
        "shapes",
        [1, 6, 6],
        [
            new Convolution(new() { Kernel = [3, 3], Outputs = 4 }) { Name = "conv" }, new Relu { Name = "relu" },
            new GlobalPool { Name = "pool" }, new Flatten { Name = "flat" }, new Dense(3) { Name = "scores" }, new Softmax { Name = "classes" },
        ]);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_model_of_one_example_is_imported_with_its_shapes_as_they_are()
    {
        var network = new NetworkDescription("moves", [2, 4], [new Flatten(), new Expand([1, 1, 8]), new Dense(5)]);
        OnnxExport.Write(folder["one.onnx"], NetworkParameters<float>.Create(network, 3), new OnnxExportOptions { Batch = 1 });
        var run = ToolRun.Of("import", folder["one.onnx"], "--out", folder["net"]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("output 'dense1' [1, 5]", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_imported_model_is_a_checkpoint_that_every_command_takes()
    {
        var parameters = Export("m.onnx");
        folder.Write("names.txt", "circle\nsquare\ntriangle\n");
        var run = ToolRun.Of("import", folder["m.onnx"], "--out", folder["net"], "--classes", folder["names.txt"], "--mean", "0.25", "--deviation", "0.5");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("6 layers, 55 parameters; to train on with cross-entropy", run.Output, StringComparison.Ordinal);
        Assert.Contains("input 'input' [N, 1, 6, 6]", run.Output, StringComparison.Ordinal);
        Assert.Contains("output 'classes' [N, 3]", run.Output, StringComparison.Ordinal);

        var checkpoint = Checkpoint.Open(Path.Combine(folder["net"], "model.safetensors"));
        Assert.Equal(checkpoint.Model, ModelJson.Read(Path.Combine(folder["net"], "model.json")));
        Assert.Equal(["circle", "square", "triangle"], checkpoint.Model.Data.ClassNames);
        WriteData("data", 3);

        // What is normalised by the tool is what the network would have been given.
        var sample = Sample(5);
        NpyFile.Write<float>(folder["x.npy"], NpyArray.Create<float>([6, 6], sample).ToTensor<float>());
        Assert.Equal(0, ToolRun.Of("predict", folder["net"], folder["x.npy"], "--out", folder["y.npy"]).Code);
        var expected = Forward(parameters, [.. sample.Select(static value => (value - 0.25f) / 0.5f)], "classes");
        Near(expected, NpyFile.Read(folder["y.npy"]));
        var best = Enumerable.Range(0, 3).MaxBy(k => expected[k]);
        var said = JsonDocument.Parse(ToolRun.Of("predict", folder["net"], folder["x.npy"], "--json").Output).RootElement;
        Assert.Equal(checkpoint.Model.Data.ClassNames[best], said.GetProperty("classes")[0].GetProperty("class").GetString());
        Assert.Equal(expected[best], said.GetProperty("classes")[0].GetProperty("probability").GetDouble(), 1e-5);
        Assert.False(said.TryGetProperty("outputs", out _));

        foreach (var arguments in (string[][])
            [
                ["plan", folder["net"], "--json"], ["draw", "network", folder["net"], "--out", folder["n.svg"]], ["draw", "filters", folder["net"], "--out", folder["f.svg"]],
                ["evaluate", folder["net"], "--data", folder["data"], "--part", "train"], ["export", folder["net"], "--out", folder["again.onnx"]],
            ])
        {
            run = ToolRun.Of(arguments);
            Assert.True(run.Code == 0, $"{arguments[0]}: {run.Error}");
        }

        Near(Forward(OnnxImport.Read(folder["again.onnx"]).Parameters, sample, "classes"), Forward(parameters, sample, "classes"));
    }

    [Fact]
    public void Commands_take_the_ONNX_file_as_they_take_its_checkpoint()
    {
        Export("m.onnx");
        Assert.Equal(0, ToolRun.Of("import", folder["m.onnx"], "--out", folder["c.safetensors"], "--json").Code);
        WriteData("data", 3);
        foreach (var arguments in (string[][])
            [
                ["plan", "MODEL", "--json"], ["plan", "MODEL", "--batch", "2"], ["evaluate", "MODEL", "--data", folder["data"], "--part", "train", "--json"],
                ["predict", "MODEL", Path.Combine(folder["data"], "x.npy"), "--json", "--top", "1"],
            ])
        {
            var onnx = ToolRun.Of([.. arguments.Select(argument => argument == "MODEL" ? folder["m.onnx"] : argument)]);
            var checkpoint = ToolRun.Of([.. arguments.Select(argument => argument == "MODEL" ? folder["c.safetensors"] : argument)]);
            Assert.Equal((0, ""), (onnx.Code, onnx.Error));
            Assert.Equal(checkpoint, onnx);
        }

        Assert.Equal(0, ToolRun.Of("draw", "network", folder["m.onnx"], "--out", folder["n.svg"]).Code);
    }

    [Fact]
    public void Sizes_that_a_model_leaves_open_are_asked_for_and_given()
    {
        File.WriteAllBytes(folder["open.onnx"], OnnxFile.OfOneNode("Relu", "relu", "N", "2", "H", "W"));
        var run = ToolRun.Of("plan", folder["open.onnx"]);
        Assert.Equal(1, run.Code);
        Assert.Contains("input 'x' is [N, 2, H, W]: sizes without a number; say the shape of one example (--input-shape)", run.Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (ToolRun.Of("import", folder["open.onnx"], "--input-shape", "2,5,4", "--out", folder["net"]) is var made ? (made.Code, made.Error) : default));
        var network = Checkpoint.Open(Path.Combine(folder["net"], "model.safetensors")).Model.Network;
        Assert.Equal([2, 5, 4], network.InputShape);

        // A model of another size than the file's own, where nothing in it depends on the size.
        Export("m.onnx");
        var plan = JsonDocument.Parse(ToolRun.Of("plan", folder["m.onnx"], "--input-shape", "1,9,8", "--json").Output.Split('\n')[0]).RootElement;
        Assert.Contains("9", plan.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(1, ToolRun.Of("plan", folder["m.onnx"], "--input-shape", "1,9").Code);
    }

    [Fact]
    public void Training_begins_with_the_layers_that_are_the_same_and_says_which_are_not()
    {
        var parameters = Export("m.onnx");
        Assert.Equal(0, ToolRun.Of("import", folder["m.onnx"], "--out", folder["net"]).Code);
        WriteData("two", 2);
        var model = ModelJson.Read(Path.Combine(folder["net"], "model.json"));
        var changed = new NetworkDescription(model.Network.Name, model.Network.InputShape, [.. model.Network.Layers.Select(static layer => layer is Dense dense ? dense with { Outputs = 2 } : layer)]);
        ModelJson.Write(folder["two.json"], model with { Network = changed, Training = model.Training with { Epochs = 1, BatchSize = 8, Threads = 1 } });

        var run = ToolRun.Of("train", folder["two.json"], "--from", folder["net"], "--data", folder["two"], "--out", folder["run"]);
        Assert.Equal(0, run.Code);
        Assert.Contains($"1 of 2 layers begin with the weights of {folder["net"]}; anew: scores.", run.Error, StringComparison.Ordinal);
        var trained = Checkpoint.Open(Path.Combine(folder["run"], "model.safetensors")).ReadParameters<float>();

        // Adam moves a weight by about its rate in each of two steps; new weights would be elsewhere.
        Assert.True(Largest(trained["conv.kernel"].Span, parameters["conv.kernel"].Span) is > 0 and < 3e-4f);
        var anew = NetworkParameters<float>.Create(changed, model.Training.Seed);
        Assert.True(Largest(trained["scores.kernel"].Span, anew["scores.kernel"].Span) is > 0 and < 3e-4f);

        // Without a model file it is the network of --from itself, and the ONNX model is as good as its checkpoint.
        WriteData("three", 3);
        run = ToolRun.Of("train", "--from", folder["m.onnx"], "--data", folder["three"], "--epochs", "1", "--batch", "8", "--threads", "1", "--out", folder["run3"]);
        Assert.Equal(0, run.Code);
        Assert.Contains($"All 2 layers with weights begin with those of {folder["m.onnx"]}.", run.Error, StringComparison.Ordinal);
        trained = Checkpoint.Open(Path.Combine(folder["run3"], "model.safetensors")).ReadParameters<float>();
        Assert.True(Largest(trained["scores.kernel"].Span, parameters["scores.kernel"].Span) is > 0 and < 3e-4f);
        Assert.Equal(0, ToolRun.Of("train", "--resume", folder["run3"], "--epochs", "2").Code);
    }

    [Fact]
    public void What_a_model_does_not_say_is_told_to_every_command_that_takes_one()
    {
        // Sizes that the file leaves open: those of its input alone, for all else follows.
        var parameters = Export("m.onnx");
        var model = ModelReader.ReadFile(folder["m.onnx"]);
        File.WriteAllBytes(folder["open.onnx"], ModelWriter.Write(model with { Graph = model.Graph with { Inputs = [model.Graph.Inputs[0] with { Dimensions = [new(null, "N"), new(1, null), new(null, "H"), new(null, "W")] }] } }).ToArray());
        WriteData("data", 3);
        NpyFile.Write<float>(folder["x.npy"], NpyArray.Create<float>([6, 6], Sample(5)).ToTensor<float>());
        foreach (var arguments in (string[][])
            [
                ["draw", "features", "MODEL", folder["x.npy"], "--mean", "0.5", "--out", folder["features.svg"]], ["draw", "filters", "MODEL", "--out", folder["filters.svg"]],
                ["draw", "network", "MODEL", "--out", folder["network.svg"]], ["export", "MODEL", "--out", folder["again.onnx"]], ["weights", "MODEL", "--to", folder["w.npz"]],
            ])
        {
            string[] given = [.. arguments.Select(argument => argument == "MODEL" ? folder["open.onnx"] : argument)];
            Fails(1, "say the shape of one example (--input-shape)", given);
            var run = ToolRun.Of([.. given, "--input-shape", "1,6,6"]);
            Assert.True(run.Code == 0, $"{arguments[0]}: {run.Error}");
        }

        Assert.Equal(0, ToolRun.Of("train", "--from", folder["open.onnx"], "--input-shape", "1,6,6", "--data", folder["data"], "--mean", "0.25", "--deviation", "0.5", "--epochs", "1", "--batch", "8", "--threads", "1", "--out", folder["run"]).Code);
        Assert.Equal(new Normalise([0.25f], [0.5f]), ModelJson.Read(Path.Combine(folder["run"], "model.json")).Data.Normalisation);
        Fails(2, "--mean: it is about the ONNX model that a training begins with, and there is none; give one by --from, or leave it out.", "train", "--mean", "0.5");
        Fails(2, "it is about ONNX models, and", "draw", "features", folder["run"], folder["x.npy"], "--mean", "0.5");
        Near(Forward(parameters, Sample(5), "classes"), Forward(OnnxImport.Read(folder["again.onnx"]).Parameters, Sample(5), "classes"));
    }

    [Fact]
    public void Several_inputs_are_named_and_go_in_behind_one_another()
    {
        OnnxValue Input(string name, params OnnxDimension[] sizes) => new(name, OnnxElement.Float, [new(null, "N"), .. sizes]);
        var model = new Tessera.Onnx.Format.OnnxModel(new OnnxGraph("two", [new("Concat", ["b", "a"], ["c"]) { Attributes = [OnnxAttribute.Of("axis", 1)] }, new("Neg", ["c"], ["y"])], [], [Input("a", new(2, null), new(null, "L")), Input("b", new(1, null), new(3, null))], [new("y", OnnxElement.Float, null)])) { IrVersion = 8, Opset = 18 };
        File.WriteAllBytes(folder["two.onnx"], ModelWriter.Write(model).ToArray());
        Fails(1, "it takes 2 inputs (a, b): name those that samples go into (--input, again for several, which are put behind one another), and give the others as --constant.", "plan", folder["two.onnx"]);
        Fails(1, "say the shape of one example (--input-shape name=)", "plan", folder["two.onnx"], "--input", "a", "--input", "b");
        Fails(2, "say which one has it, such as name=3,224,224", "plan", folder["two.onnx"], "--input", "a", "--input", "b", "--input-shape", "2,3");
        Fails(2, "'x' is no list of sizes", "plan", folder["two.onnx"], "--input-shape", "x");
        string[] both = ["--input", "a", "--input", "b", "--input-shape", "a=2,3"];
        NpzFile.Write(folder["s.npz"], [KeyValuePair.Create("b", NpyArray.Create<float>([2, 1, 3], [1, 2, 3, 4, 5, 6])), KeyValuePair.Create("a", NpyArray.Create<float>([2, 2, 3], [11, 12, 13, 14, 15, 16, 21, 22, 23, 24, 25, 26]))]);
        Assert.Equal((0, ""), (ToolRun.Of(["predict", folder["two.onnx"], folder["s.npz"], "--out", folder["y.npy"], .. both]) is var run ? (run.Code, run.Error) : default));
        Assert.Equal([-1, -2, -3, -11, -12, -13, -14, -15, -16, -4, -5, -6, -21, -22, -23, -24, -25, -26], NpyFile.Read(folder["y.npy"]).ToArray<float>());
        NpzFile.Write(folder["part.npz"], [KeyValuePair.Create("b", NpyArray.Create<float>([1, 3], [1, 2, 3]))]);
        Fails(1, "it has no array 'a'; the model takes 'a' 2×3, 'b' 1×3, and the file has b.", ["predict", folder["two.onnx"], folder["part.npz"], .. both]);
    }

    [Fact]
    public void A_model_with_channels_last_becomes_one_with_channels_first()
    {
        // One that begins by moving them, which is left out, and one that does not.
        var random = new RandomSource(11);
        foreach (var moves in (bool[])[true, false])
        {
            Layer[] layers = moves
                ? [new Permute([0, 3, 1, 2]) { Name = "move" }, new Convolution(new() { Kernel = [2, 3], Outputs = 2 }) { Name = "conv" }, new Flatten { Name = "flat" }]
                : [new Convolution(new() { Kernel = [2, 2], Outputs = 2 }) { Name = "conv" }, new Flatten { Name = "flat" }];
            var last = NetworkParameters<float>.Create(new NetworkDescription("last", [5, 4, 3], layers), 3);
            var first = ChannelsFirst.Of(last);
            Assert.Equal([3, 5, 4], first.Network.InputShape);
            Assert.Equal(moves ? ["conv", "flat"] : ["channels-last", "conv", "flat"], first.Network.Layers.Select(static layer => layer.Name));
            float[] lastSample = [.. Enumerable.Range(0, 60).Select(_ => (float)random.NextDouble())], firstSample = new float[60];
            for (var i = 0; i < 60; i++) firstSample[(i % 3 * 20) + (i / 3)] = lastSample[i];
            Assert.Equal(Forward(last, lastSample, "flat"), Forward(first, firstSample, "flat"));
        }
    }

    [Fact]
    public void A_model_with_channels_last_is_drawn_as_one_that_has_them_first()
    {
        Layer[] layers = [new Permute([0, 3, 1, 2]) { Name = "move" }, new Convolution(new() { Kernel = [2, 3], Outputs = 2 }) { Name = "conv" }, new Relu { Name = "relu" }];
        OnnxExport.Write(folder["last.onnx"], NetworkParameters<float>.Create(new NetworkDescription("drawn", [5, 4, 3], layers), 3), new OnnxExportOptions { KeepLayers = false });
        OnnxExport.Write(folder["first.onnx"], NetworkParameters<float>.Create(new NetworkDescription("drawn", [3, 5, 4], [layers[1], layers[2]]), 3), new OnnxExportOptions { KeepLayers = false });
        foreach (var name in (string[])["last", "first"]) Assert.Equal((0, ""), (ToolRun.Of("draw", "network", folder[$"{name}.onnx"], "--out", folder[$"{name}.svg"]) is var run ? (run.Code, run.Error) : default));
        Assert.Equal(File.ReadAllText(folder["first.svg"]), File.ReadAllText(folder["last.svg"]));
    }

    [Fact]
    public void Mistakes_are_told_in_a_line()
    {
        Export("m.onnx");
        File.WriteAllBytes(folder["odd.onnx"], OnnxFile.OfOneNode("Frobnicate", "middle", "N", "2", "3", "3"));
        foreach (var command in (string[][])[["import", "FILE", "--out", "net"], ["plan", "FILE"], ["predict", "FILE", "x.npy"], ["evaluate", "FILE"], ["export", "FILE", "--out", folder["o.onnx"]], ["draw", "network", "FILE"]])
        {
            Fails(1, "operators that are not read: Frobnicate (middle)", [.. command.Select(argument => argument == "FILE" ? folder["odd.onnx"] : argument)]);
        }

        folder.Write("bad.onnx", "no such format");
        Fails(1, "bad.onnx", "plan", folder["bad.onnx"]);
        Fails(1, "no.onnx: there is no such file.", "import", folder["no.onnx"], "--out", folder["net"]);
        Fails(2, "give one that ends in .onnx", "import", folder["m.json"], "--out", folder["net"]);
        folder.Write("names.txt", "one\ntwo\n");
        Fails(2, "--classes: 2 names, but", "import", folder["m.onnx"], "--classes", folder["names.txt"], "--out", folder["net"]);
        Fails(2, "--mean: 3 numbers, but the model takes samples of [1, 6, 6], whose first axis has 1", "predict", folder["m.onnx"], folder["x.npy"], "--mean", "1,2,3");
        Fails(2, "--deviation is '0'; give numbers above 0", "predict", folder["m.onnx"], folder["x.npy"], "--deviation", "0");
        Fails(2, "--constant: 'size' is no name and file", "plan", folder["m.onnx"], "--constant", "size");
        Fails(2, "it is about ONNX models, and", "plan", folder.Write("m.json", """{ "input": [1, 4], "layers": [{ "layer": "relu" }] }"""), "--input-shape", "1,4");
        Fails(2, "keeps nothing of its training", "draw", "curves", folder["m.onnx"]);
        WriteData("data", 3);
        Fails(2, "none of its layers has the name and shapes of one of dense1; keep the names", "train", folder.Write("d.json", """{ "input": [1, 6, 6], "layers": [{ "layer": "dense", "outputs": 3 }] }"""), "--from", folder["m.onnx"], "--data", folder["data"], "--out", folder["run"]);
        Fails(2, "a training that goes on has its weights", "train", "--from", folder["m.onnx"], "--resume", folder["run"]);
        Assert.False(Directory.Exists(folder["net"]) || Directory.Exists(folder["run"]) || File.Exists(folder["o.onnx"]));
        Assert.Contains("tessera import mobilenet.onnx", ToolRun.Of("import", "--help").Output, StringComparison.Ordinal);
    }

    private static void Fails(int code, string message, params string[] arguments)
    {
        var run = ToolRun.Of(arguments);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Equal(code, run.Code);
    }

    /// <summary>The classifier as a model from elsewhere: without a word of Tessera's layers.</summary>
    private NetworkParameters<float> Export(string name)
    {
        var parameters = NetworkParameters<float>.Create(Classifier, 21);
        OnnxExport.Write(folder[name], parameters, new OnnxExportOptions { KeepLayers = false });
        return parameters;
    }

    private static float[] Sample(long seed)
    {
        var random = new RandomSource(seed);
        return [.. Enumerable.Range(0, 36).Select(_ => (float)random.NextDouble())];
    }

    private void WriteData(string name, int classes)
    {
        Directory.CreateDirectory(folder[name]);
        NpyFile.Write<float>(Path.Combine(folder[name], "x.npy"), NpyArray.Create<float>([16, 1, 6, 6], [.. Enumerable.Range(0, 16).SelectMany(static n => Sample(n))]).ToTensor<float>());
        NpyFile.Write<int>(Path.Combine(folder[name], "y.npy"), NpyArray.Create<int>([16], [.. Enumerable.Range(0, 16).Select(n => n % classes)]).ToTensor<int>());
    }

    private static float[] Forward(NetworkParameters<float> parameters, float[] sample, string layer)
    {
        var predictor = new Predictor<float>(new ModelDescription(parameters.Network, new TrainingDescription { Loss = new MeanSquaredError() }, new()), parameters, 1);
        predictor.Predict(sample);
        return predictor.Output(layer);
    }

    private static void Near(float[] expected, NpyArray actual)
    {
        Assert.Equal([1, expected.Length], actual.Shape);
        Near(expected, actual.ToArray<float>());
    }

    private static void Near(float[] expected, float[] actual) => Assert.InRange(Largest(expected, actual), 0, 1e-5f);

    private static float Largest(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        Assert.Equal(left.Length, right.Length);
        var largest = 0f;
        for (var i = 0; i < left.Length; i++) largest = Math.Max(largest, Math.Abs(left[i] - right[i]));
        return largest;
    }
}
