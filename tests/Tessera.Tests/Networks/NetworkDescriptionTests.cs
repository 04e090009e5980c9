using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Networks;

public class NetworkDescriptionTests
{
    [Fact]
    public void Layers_without_names_are_numbered_by_kind_and_shapes_are_known()
    {
        var network = Net(new Convolution(new() { Kernel = [3, 3], Outputs = 4 }), new Relu(), new Convolution(new() { Kernel = [3, 3], Outputs = 8 }) { Name = "conv1" }, new MaxPool { Window = [2, 2] }, new Dense(10));
        Assert.Equal(["conv2", "relu1", "conv1", "pool1", "dense1"], network.Layers.Select(layer => layer.Name));
        Assert.Equal([[5, 4, 6, 6], [5, 4, 6, 6], [5, 8, 4, 4], [5, 8, 2, 2], [5, 10]], network.Shapes(5));
        Assert.Equal(["conv2.kernel", "conv2.bias", "conv1.kernel", "conv1.bias", "dense1.kernel", "dense1.bias"], network.Parameters.Select(parameter => parameter.Name));
        Assert.Equal((4 * 2 * 9) + 4 + (8 * 4 * 9) + 8 + 320 + 10, network.ParameterCount);
        Assert.Equal<Sizes>([5, 10], network.OutputShape(5));
    }

    [Fact]
    public void Descriptions_that_say_the_same_are_equal()
    {
        Assert.Equal(Make(4), Make(4));
        Assert.Equal(Make(4).GetHashCode(), Make(4).GetHashCode());
        Assert.NotEqual(Make(4), Make(5));

        static NetworkDescription Make(int outputs) => Net(
            new Convolution(new() { Kernel = [3, 3], Outputs = 4, Padding = Padding.Symmetric([1, 1]), Channels = ChannelConnections.Table(ConnectionTable.Ring(2, 4, 1)), Sharing = Sharing.Tiled([2, 2]) }),
            new TransposedConvolution(new() { Kernel = [2, 2], Outputs = 4 }, 3) { OutputPadding = [0, 0] },
            new Add { Inputs = ["deconv1", "deconv1"] },
            new Dense(outputs));
    }

    [Fact]
    public void A_further_output_must_be_a_layer_and_not_the_last()
    {
        Layer[] layers = [new Relu { Name = "a" }, new Tanh { Name = "b" }];
        Assert.Equal("net: the further output 'aa' is no layer; did you mean 'a'?", Assert.Throws<ArgumentException>(() => new NetworkDescription("net", [1, 4], layers, ["aa"])).Message);
        Assert.Equal(
            "net: the further output 'b' stands last, so it is the network's output already; leave it out.",
            Assert.Throws<ArgumentException>(() => new NetworkDescription("net", [1, 4], layers, ["b"])).Message);
        Assert.NotEqual(new NetworkDescription("net", [1, 4], layers), new NetworkDescription("net", [1, 4], layers, ["a"]));
    }

    [Fact]
    public void Layers_may_stand_before_those_they_take()
    {
        var network = Net(new Dense(3) { Name = "b", Inputs = ["a"] }, new Relu { Name = "a", Inputs = ["input"] }, new Tanh { Inputs = ["b"] });
        Assert.Equal<Sizes>([1, 3], network.OutputShape(1));
    }

    [Fact]
    public void A_graph_that_cannot_be_is_refused_by_name_with_a_way_out()
    {
        Refused("conv: there is no layer 'rela'; did you mean 'relay'?", new Relu { Name = "relay" }, new Dense(1) { Name = "conv", Inputs = ["rela"] });
        Refused("dense1: there is no layer 'x'; the layers are input, relu1, dense1.", new Relu(), new Dense(1) { Inputs = ["x"] });
        Refused("net: layers 1 and 2 are both called 'a'; names must differ.", new Relu { Name = "a" }, new Relu { Name = "a" });
        Refused("net: layer 1 is called 'input', which is the network's input; choose another name.", new Relu { Name = "input" });
        Refused("net: layers take each other's output in a circle (a → b → a); break it by giving one of them another input.", new Add { Name = "a", Inputs = ["input", "b"] }, new Relu { Name = "b", Inputs = ["a"] }, new Dense(1));
        Refused("relu1: no layer takes its output, and it is not the last; remove it, or name it in another layer's inputs or among the network's further outputs.", new Relu(), new Dense(2) { Inputs = ["input"] });
        Refused("last: it stands last, so it is the network's output, but relu1 takes it; move the output layer to the end.", new Relu { Inputs = ["last"] }, new Add { Name = "sum", Inputs = ["relu1", "input"] }, new Relu { Inputs = ["sum"] }, new Add { Inputs = ["relu2", "relu2"], Name = "x" }, new Dense(1) { Name = "last", Inputs = ["input"] });
        Refused("add1: add takes two or more inputs but has 1; name them all in its inputs.", new Add());
        Refused("relu1: relu takes 1 input but names 2 (input, input); name 1, or join them by add or concatenate first.", new Relu { Inputs = ["input", "input"] });
        Refused("net: it has no layers; give at least one.");
        Assert.Equal(
            "net: the input shape 3×0 must have a number of channels and the spatial sizes, all at least 1, such as [1, 28, 28].",
            Text(() => new NetworkDescription("net", [3, 0], [new Relu()])));
        Assert.Equal(
            "net: the input shape 2000000000×2000000000×2000000000 has more than 2147483647 elements; use smaller sizes.",
            Text(() => new NetworkDescription("net", [2_000_000_000, 2_000_000_000, 2_000_000_000], [new Flatten()])));
    }

    [Fact]
    public void A_layer_that_does_not_fit_is_refused_with_both_shapes_and_a_way_out()
    {
        Refused("conv1: kernel 9 does not fit input 8 with padding 0 on axis 0; pad by 1 more or use a kernel of at most 8.", new Convolution(new() { Kernel = [9, 3], Outputs = 1 }));
        Refused("conv1: the shape 1×3 has 2 axes; a kernel 3×3 takes 4: batch, channels and 2 spatial.", new Dense(3), new Convolution(new() { Kernel = [3, 3], Outputs = 1 }));
        Refused("add1: its inputs input 1×2×8×8 and conv1 1×4×8×8 differ in shape: aligned at their last axes, 2 meets 4 and neither is 1; bring them to one shape, with a convolution of kernel 1 where channels differ.", new Convolution(new() { Kernel = [1, 1], Outputs = 4 }), new Add { Inputs = ["input", "conv1"] });
        Refused("concatenate1: its inputs input 1×2×8×8 and pool1 1×2×4×4 differ in more than channels; pool, pad or upsample one of them to the other's size.", new MaxPool { Window = [2, 2] }, new Concatenate { Inputs = ["input", "pool1"] });
        Refused("maxout1: the input 1×2×8×8 has 2 channels, which groups of 3 do not divide evenly; give a multiple of 3 channels.", new ChannelPool(3));
        Refused("reshape1: the input 2×8×8 has 128 elements per example but the shape 3×3 has 9; give a shape of 128 elements.", new Reshape([3, 3]));
        Refused("pad1: a border of 9 on axis 1 of an input of 8, in mode Reflect; it may be at most 7: pad less, or use Replicate.", new Pad([0, 0], [0, 9]) { Mode = BorderMode.Reflect });
        Refused("reshape1: the input 2×8×8 has 128 elements per example but the shape 2000000000×2000000000×2000000000 has 8E+27; give a shape of 128 elements.", new Reshape([2_000_000_000, 2_000_000_000, 2_000_000_000]));
        Refused("dropout1: rate 1; it must be from 0 to below 1, such as 0.5.", new Dropout(1));
        Refused("dropout1: rate NaN; it must be from 0 to below 1, such as 0.5.", new Dropout(double.NaN));
        Refused("leaky-relu1: slope 1.5; it must be from 0 to 1, such as 0.01.", new LeakyRelu(1.5));
        Refused("elu1: alpha 0; it must be above 0, such as 1.", new Elu(0));
        Refused("norm1: momentum -1; it must be between 0 and 1.", new BatchNormalisation { Momentum = -1 });
        Refused("norm1: epsilon 0; it must be above 0, such as 1e-5.", new BatchNormalisation { Epsilon = 0 });
        Refused("dense1: 0 outputs; at least 1 is needed.", new Dense(0));
        Refused("dense1: 128 inputs to 2000000000 outputs need a kernel of more than 2147483647 elements; pool the input 1×2×8×8 first or use fewer outputs.", new Dense(2_000_000_000));
        Refused("unpool1: relu1 is of kind relu; name a max-pool layer, whose winners are kept.", new Relu(), new MaxUnpool("relu1"));
        Refused("unpool1: the input 1×2×8×8 has another shape than the output 1×2×4×4 of pool1, whose winners say where each element goes; bring it to that shape first.", new MaxPool { Window = [2, 2] }, new Relu { Inputs = ["pool1"] }, new Convolution(new() { Kernel = [1, 1], Outputs = 2, Padding = Padding.Symmetric([2, 2]) }), new MaxUnpool("pool1"));
        var up = new ConvolutionDescription { Kernel = [3, 3], Outputs = 2, Stride = [2, 2] };
        Refused("deconv1: no forward pass from input size 20 gives output size 8 on axis 0; legal original sizes are 17, 18.", new TransposedConvolution(up, 1) { OriginalSize = [20, 17] });
        Refused("deconv1: output padding 2 on axis 1; with stride 2 it can be 0 to 1 (sizes 17 to 18).", new TransposedConvolution(up, 1) { OutputPadding = [0, 2] });
        Refused("deconv1: the input 1×2×8×8 has 2 channels but the forward operator has 5 outputs, which are this layer's input; set the operator's outputs to 2.", new TransposedConvolution(up with { Outputs = 5 }, 1));
        Refused("deconv1: its size is said more than once; keep one of the original size, the output padding and the layer whose size it restores.", new TransposedConvolution(up, 1) { OutputPadding = [0, 1], SizeOf = "input" });
        Refused("relu1: its output 2147483647×2×8×8 has more than 2147483647 elements; use a smaller batch or smaller sizes.", batch: int.MaxValue, new Relu());
        Refused("dense1: for a batch of 3 its kernel would be 5×384, but for one example it is 5×128: a layer before it has moved the batch from the first axis; leave it there, or run one example at a time.", batch: 3, new Flatten(), new Expand([1, 1, 128]), new Dense(5));
    }

    private static NetworkDescription Net(params Layer[] layers) => new("net", [2, 8, 8], layers);

    private static void Refused(string expected, params Layer[] layers) => Refused(expected, 1, layers);

    private static void Refused(string expected, int batch, params Layer[] layers) => Assert.Equal(expected, Text(() => Net(layers).Shapes(batch)));

    private static string Text(Func<object> action) => Assert.ThrowsAny<ArgumentException>(action).Message.Split(" (Parameter")[0];
}
