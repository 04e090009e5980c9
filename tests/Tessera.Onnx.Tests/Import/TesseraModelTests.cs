using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Export;
using Tessera.Onnx.Format;
using Tessera.Onnx.Import;
using Tessera.Operators;
using Tessera.Connections;
using Xunit;

namespace Tessera.Onnx.Tests.Import;

public class TesseraModelTests
{
    private static readonly NetworkDescription Network = new(
        "tiled", [2, 6, 6], [new Convolution(new() { Kernel = [3, 3], Outputs = 3, Sharing = Sharing.Tiled([2, 2]) }), new LeakyRelu(0.25), new Dense(2)]);

    private static OnnxModel Model => OnnxExport.Model(NetworkParameters<float>.Create(Network, 1));

    [Fact]
    public void A_model_that_does_not_say_its_layers_is_not_taken_for_one()
    {
        Assert.True(TesseraModel.TryRead(Model, out _, out _));
        Assert.False(TesseraModel.TryRead(OnnxExport.Model(NetworkParameters<float>.Create(Network, 1), new OnnxExportOptions { KeepLayers = false }), out _, out _));
        Assert.False(TesseraModel.TryRead(Model with { Metadata = new Dictionary<string, string>() }, out _, out _));
    }

    [Fact]
    public void A_weight_that_was_changed_where_the_layer_has_none_makes_it_another_layer()
    {
        // The first number belongs to a kernel, the last of the first window to the zeros around it.
        Assert.True(TesseraModel.TryRead(WithKernel(0), out _, out var parameters));
        Assert.Equal(7, parameters["conv1.kernel"].Span[0]);
        Assert.False(TesseraModel.TryRead(WithKernel(15), out _, out _));
    }

    [Fact]
    public void What_the_nodes_do_counts_and_not_what_is_said_of_them()
    {
        Refuse(node => node.Operator == "LeakyRelu" ? node with { Attributes = [OnnxAttribute.Of("alpha", 0.5f)] } : node);
        Refuse(node => node.Operator == "LeakyRelu" ? node with { Operator = "Elu" } : node);
        Refuse(node => node.Operator == "Gemm" ? node with { Metadata = new Dictionary<string, string>() } : node);
        Refuse(node => Said(node, "LeakyRelu", "{ \"layer\": \"relu\", \"name\": \"leaky-relu1\" }"));
        Refuse(node => Said(node, "LeakyRelu", "{ \"layer\": "));
        Refuse(node => Said(node, "Gemm", "{ \"layer\": \"dense\", \"name\": \"dense1\", \"outputs\": 2000000000 }"));
        Refuse(node => Said(node, "DepthToSpace", "{ \"layer\": \"convolution\", \"name\": \"conv1\", \"kernel\": [3, 3], \"outputs\": 1000000, \"channels\": { \"ring\": { \"inputs\": 2, \"fanIn\": 2 } } }"));
    }

    [Fact]
    public void Lists_that_a_description_asks_for_are_held_against_what_the_file_has()
    {
        // Sums of windows are written with a number for each position; the file that claims a large plane has no such list.
        var network = new NetworkDescription("plane", [1, 40_000, 40_000], [new AveragePool { Window = [2, 2], Stride = [1, 1], Padding = Padding.Symmetric([1, 1]), CountIncludesPadding = true, CeilMode = true, Dilation = [2, 2] }]);
        var honest = OnnxExport.Model(NetworkParameters<float>.Create(new NetworkDescription("plane", [1, 4, 4], network.Layers), 1), new OnnxExportOptions { Opset = 18 });
        var lying = honest with { Graph = honest.Graph with { Inputs = [honest.Graph.Inputs[0] with { Dimensions = [new(null, "batch"), new(1, null), new(40_000, null), new(40_000, null)] }] } };
        Assert.True(TesseraModel.TryRead(honest, out _, out _));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(TesseraModel.TryRead(lying, out _, out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000_000);
    }

    private static OnnxModel WithKernel(int index)
    {
        var model = Model;
        return model with { Graph = model.Graph with { Initialisers = [.. model.Graph.Initialisers.Select(tensor => tensor.Name == "conv1.kernel" ? Changed(tensor) : tensor)] } };

        OnnxTensor Changed(OnnxTensor tensor)
        {
            var values = new float[tensor.Count];
            tensor.CopyTo(values);
            values[index] = 7;
            return OnnxTensor.Of(tensor.Name, tensor.Shape, values);
        }
    }

    private static OnnxNode Said(OnnxNode node, string type, string layer) => node.Operator != type ? node
        : node with { Metadata = new Dictionary<string, string>(node.Metadata) { [LayerMetadata.Layer] = layer } };

    private static void Refuse(Func<OnnxNode, OnnxNode> change)
    {
        var model = Model;
        Assert.False(TesseraModel.TryRead(model with { Graph = model.Graph with { Nodes = [.. model.Graph.Nodes.Select(change)] } }, out _, out _));
    }
}
