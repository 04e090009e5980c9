using Tessera.Connections;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Format;
using Tessera.Onnx.Import;
using Tessera.Operators;
using Tessera.Tests;
using Tessera.Tests.Execution;
using Tessera.Tests.Training;
using Tessera.Training;
using Xunit;

namespace Tessera.Onnx.Tests.Export;

public class NetworkExportTests
{
    [Fact]
    public void Random_networks_give_the_same_in_ONNX_Runtime()
    {
        for (var seed = 0; seed < 40; seed++) ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<double>(RandomNetwork.Of(seed), seed), seed);
    }

    [Fact]
    public void Random_networks_come_back_as_they_were()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var parameters = ExportedModel.Parameters<float>(RandomNetwork.Of(seed), seed);
            ExportedModel.ComesBack(parameters);
            Assert.True(TesseraModel.TryRead(Reread(OnnxExport.Model(parameters)), out var read, out _));
            Assert.Equal(parameters.Network, read);
        }
    }

    [Fact]
    public void Random_networks_give_the_same_when_they_are_read_as_plain_models()
    {
        for (var seed = 0; seed < 40; seed++) ExportedModel.AgreesAsPlainModel(ExportedModel.Parameters<float>(RandomNetwork.Of(seed), seed), seed);
    }

    [Fact]
    public void Random_networks_of_layers_that_move_and_bend_give_the_same_everywhere()
    {
        var written = 0;
        for (var seed = 0; seed < 60; seed++)
        {
            var parameters = ExportedModel.Parameters<float>(RandomChain.Of(seed), seed);
            var options = new OnnxExportOptions { Opset = 18 + (seed % 6) };
            try
            {
                OnnxExport.Model(parameters, options);
            }
            catch (NotSupportedException exception)
            {
                // Layers that take the first axis for the batch say so where it has moved.
                Assert.Contains("depend on the batch", exception.Message, StringComparison.Ordinal);
                continue;
            }

            written++;
            ExportedModel.AgreesWithRuntime(parameters, seed, options);
            ExportedModel.ComesBack(parameters, options);
            ExportedModel.AgreesAsPlainModel(parameters, seed, options);
        }

        Assert.InRange(written, 30, 60);
    }

    [Fact]
    public void Sizes_that_depend_on_the_batch_are_left_open_and_a_network_for_one_batch_says_so()
    {
        var moved = new NetworkDescription("moved", [2, 3], [new View([-1, 2]) { Name = "rows" }, new Permute([1, 0])], ["rows"]);
        var outputs = OnnxExport.Model(NetworkParameters<float>.Create(moved, 1)).Graph.Outputs;
        Assert.Equal(["permute1", "rows"], outputs.Select(static output => output.Name));
        Assert.Equal(["2, ?", "?, 2"], outputs.Select(static output => string.Join(", ", output.Dimensions!)));
        outputs = OnnxExport.Model(NetworkParameters<float>.Create(moved, 1), new OnnxExportOptions { Batch = 5 }).Graph.Outputs;
        Assert.Equal(["2, 15", "15, 2"], outputs.Select(static output => string.Join(", ", output.Dimensions!)));
        var single = NetworkParameters<float>.Create(new NetworkDescription("single", [2, 3], [new View([6, 1])]), 1);
        Assert.Equal(
            "single: with a batch of 2, view1: the input 2×2×3 has 12 elements, but the dimensions [6, 1] have 6; give dimensions of 12 elements. As ONNX, it is no network for any batch; export it with a batch of 1.",
            Assert.Throws<NotSupportedException>(() => OnnxExport.Model(single)).Message);
        ExportedModel.AgreesWithRuntime(single, 1, new OnnxExportOptions { Batch = 1 });
        ExportedModel.ComesBack(single, new OnnxExportOptions { Batch = 1 });
    }

    [Fact]
    public void A_trained_network_gives_the_same_in_ONNX_Runtime()
    {
        Layer[] layers =
        [
            new Convolution(new() { Kernel = [3, 3], Outputs = 6, Padding = Padding.Same, Sharing = Sharing.Tiled([2, 2]) }), new BatchNormalisation(), new Relu(), new MaxPool { Window = [2, 2] },
            new Convolution(new() { Kernel = [3, 3], Outputs = 8, Channels = ChannelConnections.Table(ConnectionTable.Ring(6, 8, 2)) }), new BatchNormalisation(), new Gelu(),
            new Convolution(new() { Kernel = [2, 2], Outputs = 4, Sharing = Sharing.Unshared }), new Dropout(0.2), new Dense(3),
        ];
        var trainer = new Trainer<float>(new NetworkDescription("trained", [1, 8, 8], layers), ToyTask.Training with { ValidationFraction = 0, KeepBest = false }, ToyTask.Patterns(48));
        trainer.Run(cancellation: TestContext.Current.CancellationToken);
        ExportedModel.AgreesWithRuntime(trainer.Parameters, 2);
    }

    [Fact]
    public void Nodes_are_called_as_layers_and_initialisers_as_parameters()
    {
        var model = OnnxExport.Model(NetworkParameters<float>.Create(ToyTask.Network(), 1), new OnnxExportOptions { Producer = "a test", Batch = 4 });
        Assert.Equal(["conv1", "norm1", "relu1", "dropout1", "flatten1", "dense1"], model.Graph.Nodes.Select(static node => node.Name));
        Assert.Equal(ToyTask.Network().Parameters.Select(static parameter => parameter.Name), model.Graph.Initialisers.Select(static tensor => tensor.Name).Where(static name => !name.Contains('/')));
        Assert.Equal(("tiny", "a test", 21, 10L), (model.Graph.Name, model.Producer, model.Opset, model.IrVersion));
        Assert.Equal("tiny", model.Metadata["tessera.network"]);
        Assert.Equal(["4", "1", "8", "8"], model.Graph.Inputs.Single().Dimensions!.Select(static dimension => dimension.ToString()));
        Assert.Equal("batch", OnnxExport.Model(NetworkParameters<float>.Create(ToyTask.Network(), 1)).Graph.Outputs.Single().Dimensions![0].Symbol);
        ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<float>(ToyTask.Network(), 1), 1, new OnnxExportOptions { Batch = 4 });
    }

    [Fact]
    public void Names_that_nodes_of_a_layer_would_take_may_be_layers()
    {
        var unshared = new Convolution(new() { Kernel = [3, 3], Outputs = 2, Sharing = Sharing.Unshared });
        var network = new NetworkDescription("", [1, 7, 7], [unshared with { Name = "a" }, new Relu { Name = "a.kernel" }, new Tanh { Name = "a/MatMul" }, new Sigmoid { Name = "a/shape" }]);
        ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<float>(network, 1), 1);
        Assert.True(TesseraModel.TryRead(OnnxExport.Model(ExportedModel.Parameters<float>(network, 1)), out var read, out _));
        Assert.Equal(network, read);
    }

    [Fact]
    public void Models_are_read_back_as_they_were_written()
    {
        var model = OnnxExport.Model(ExportedModel.Parameters<float>(RandomNetwork.Of(3), 3));
        Assert.Equal(ModelWriter.Write(model).ToArray(), ModelWriter.Write(Reread(model)).ToArray());
    }

    [Fact]
    public void A_file_is_written_whole_or_not_at_all()
    {
        using var folder = new TemporaryFolder();
        OnnxExport.Write(folder["m.onnx"], NetworkParameters<float>.Create(ToyTask.Network(), 1));
        using var stream = new MemoryStream();
        OnnxExport.Write(stream, NetworkParameters<float>.Create(ToyTask.Network(), 1));
        Assert.Equal(stream.ToArray(), File.ReadAllBytes(folder["m.onnx"]));
        Assert.Throws<NotSupportedException>(() => OnnxExport.Write(folder["m.onnx"], NetworkParameters<float>.Create(new NetworkDescription("deep", [1, 2, 2, 2, 2], [new MaxPool { Window = [2, 2, 2, 2] }]), 1)));
        Assert.Equal(stream.ToArray(), File.ReadAllBytes(folder["m.onnx"]));
    }

    [Fact]
    public void A_model_beyond_two_gigabytes_is_refused_before_anything_is_written()
    {
        // The same bytes nine times: a list of references, never read.
        var data = new byte[1 << 28];
        var graph = new OnnxGraph("large", [], [.. Enumerable.Range(0, 9).Select(n => new OnnxTensor($"w{n}", OnnxElement.Float, [data.Length / 4], data))], [], []);
        var error = Assert.Throws<NotSupportedException>(() => ModelWriter.Write(new OnnxModel(graph)));
        Assert.StartsWith("large: as ONNX it takes 24159", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(17, null, "opset 17: models are written in the operators of opsets 18 to 23; choose one of them. (Parameter 'Opset')")]
    [InlineData(18, 0, "a batch of 0; it must be at least 1, or null for any. (Parameter 'Batch')")]
    public void Options_are_checked(int opset, int? batch, string message) => Assert.Equal(message, Assert.Throws<ArgumentException>(
        () => OnnxExport.Model(NetworkParameters<float>.Create(ToyTask.Network(), 1), new OnnxExportOptions { Opset = opset, Batch = batch })).Message);

    private static OnnxModel Reread(OnnxModel model) => ModelReader.Parse(ModelWriter.Write(model).ToArray(), "model");
}
