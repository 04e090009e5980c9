using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Xunit;

namespace Tessera.Onnx.Tests.Export;

public class LayerExportTests
{
    /// <summary>Layers that are more than a window or a product, each over 0 to 3 spatial axes where it can be.</summary>
    public static TheoryData<string, int[], Layer[]> Layers => new()
    {
        { "relu", [3, 4, 4], [new Relu()] },
        { "leaky relu", [3, 4], [new LeakyRelu(0.2)] },
        { "elu", [3, 4, 4], [new Elu(0.7)] },
        { "gelu", [3, 4, 4], [new Gelu()] },
        { "silu", [7], [new Silu()] },
        { "sigmoid", [3, 4, 4], [new Sigmoid()] },
        { "softplus", [3, 4, 4], [new Softplus()] },
        { "tanh", [3, 4, 4], [new Tanh()] },
        { "softmax", [3, 4, 4], [new Softmax()] },
        { "softmax of classes", [10], [new Softmax()] },
        { "dropout", [3, 4, 4], [new Dropout(0.4)] },
        { "noise", [3, 4, 4], [Noise.Gaussian(0.5), Noise.Masking(0.5), Noise.SaltAndPepper(0.5)] },
        { "sparsity", [3, 4, 4], [Sparsity.MeanMagnitude(0.5), new Sigmoid(), Sparsity.RelativeEntropy(1, 0.1)] },
        { "sample", [6, 4, 4], [new GaussianSample()] },
        { "sample of a code", [6], [new GaussianSample()] },
        { "normalisation", [3, 4, 4], [new BatchNormalisation { Epsilon = 1e-3 }] },
        { "normalisation of features", [5], [new BatchNormalisation()] },
        { "normalisation of volumes", [2, 3, 2, 3], [new BatchNormalisation()] },
        { "threshold", [3, 4, 4], [new SoftThreshold { InitialValue = 0.5 }] },
        { "threshold of codes", [3, 4, 4], [new SoftThreshold { InitialValue = 0.5, NonNegative = true }] },
        { "maxout", [6, 4, 4], [new ChannelPool(3)] },
        { "maxout of features", [6], [new ChannelPool(2)] },
        { "dense", [3, 4, 4], [new Dense(5), new Dense(4) { Bias = false }] },
        { "tied dense", [3, 4, 4], [new Dense(5) { Name = "encode" }, new TiedTranspose("encode")] },
        { "tied dense without bias", [3, 4, 4], [new Dense(5) { Name = "encode" }, new TiedTranspose("encode") { Bias = false }] },
        { "tied dense of features", [9], [new Dense(5) { Name = "encode" }, new Tanh(), new TiedTranspose("encode")] },
        { "flatten", [3, 4, 4], [new Flatten()] },
        { "reshape", [3, 4, 4], [new Reshape([4, 2, 6]), new Reshape([48]), new Reshape([1, 48])] },
        { "add", [3, 4, 4], [new Tanh { Name = "a" }, new Relu { Name = "b" }, new Add { Inputs = ["a", "b", "input"] }] },
        { "multiply", [3, 4, 4], [new Tanh { Name = "a" }, new Relu { Name = "b" }, new Multiply { Inputs = ["a", "input", "b"] }] },
        { "concatenate", [3, 4, 4], [new Tanh { Name = "a" }, new ChannelPool(3) { Name = "b" }, new Concatenate { Inputs = ["b", "a", "input"] }] },
    };

    [Theory]
    [MemberData(nameof(Layers))]
    public void Layers_give_the_same_in_ONNX_Runtime_and_come_back(string name, int[] input, Layer[] layers)
    {
        var network = new NetworkDescription(name, Sizes.Create(input), layers);
        foreach (var opset in new[] { 18, 21, 23 })
        {
            var options = new OnnxExportOptions { Opset = opset };
            ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<double>(network, opset), opset, options);
            ExportedModel.ComesBack(ExportedModel.Parameters<float>(network, opset), options);
            ExportedModel.AgreesAsPlainModel(ExportedModel.Parameters<float>(network, opset), opset, options);
        }
    }

    [Fact]
    public void Borders_of_every_mode_give_the_same_in_ONNX_Runtime()
    {
        foreach (var opset in new[] { 18, 21 })
        {
            foreach (var mode in Enum.GetValues<BorderMode>())
            {
                foreach (var (input, low, high) in new (Sizes, Sizes, Sizes)[] { ([2, 5], [2], [3]), ([2, 4, 5], [3, 0], [1, 2]), ([2, 3, 3, 3], [0, 1, 2], [2, 1, 0]) })
                {
                    Agrees(new NetworkDescription("border", input, [new Pad(low, high) { Mode = mode }]), opset);
                }
            }
        }
    }

    [Fact]
    public void A_border_of_zeros_before_a_pooling_stays_one()
    {
        foreach (var pool in new Layer[] { new MaxPool { Window = [2, 2] }, new AveragePool { Window = [2, 2] }, new LpPool { Window = [2, 2] } })
            Agrees(new NetworkDescription("border", [2, 5, 5], [new Tanh(), new Pad([1, 1], [2, 2]), pool]), 21);
    }

    [Fact]
    public void Upsampling_gives_the_same_in_ONNX_Runtime_over_one_to_four_axes()
    {
        foreach (var mode in Enum.GetValues<UpsamplingMode>())
        {
            foreach (var (input, factors) in new (Sizes, Sizes)[] { ([2, 5], [3]), ([2, 4, 5], [1, 2]), ([2, 4, 5], [3, 2]), ([2, 3, 2, 3], [2, 3, 1]), ([2, 2, 3, 2, 2], [1, 2, 3, 2]), ([2, 3], [1]) })
                Agrees(new NetworkDescription("upsampling", input, [new Upsample(factors) { Mode = mode }]), 21);
        }
    }

    private static void Agrees(NetworkDescription network, int opset)
    {
        var options = new OnnxExportOptions { Opset = opset };
        ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<float>(network, 3), 5, options);
        ExportedModel.AgreesAsPlainModel(ExportedModel.Parameters<float>(network, 3), 5, options);
    }
}
