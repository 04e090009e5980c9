using Tessera.Fuzz;
using Tessera.Onnx.Format;
using Xunit;

namespace Tessera.Onnx.Tests.Hostile;

/// <summary>Models that broke the import once, or ask for far more than they hold: each is refused in words, and within the memory that its size allows.</summary>
public class HostileModelTests
{
    private static HostileReader Reader => OnnxReaders.All.Single(static reader => reader.Name == "onnx");

    [Fact]
    public void A_layer_that_fits_a_batch_of_two_and_not_of_one_is_refused() => Refuse(
        "nothing is left of axis 0",
        Model([1, 10], [Node("Slice", ["x", "from", "to"])], [OnnxTensor.Of("from", [1]), OnnxTensor.Of("to", [2])]));

    [Fact]
    public void A_weight_of_another_size_is_refused_before_there_is_memory_for_it()
    {
        Refuse("has 8 numbers in the model", Model([1, 500_000_000], [Node("MatMul", ["x", "w"])], [OnnxTensor.Of("w", [4, 2], new float[8])]));
        Refuse("has 3 numbers in the model", Model([1, 4, 2], [Node("InstanceNormalization", ["x", "w", "w"])], [OnnxTensor.Of("w", [3], new float[3])]));
    }

    [Fact]
    public void Weights_that_are_shared_by_hundreds_of_layers_are_refused()
    {
        var nodes = Enumerable.Range(0, 400).Select(index => Node("MatMul", [index == 0 ? "x" : $"y{index - 1}", "w"], index == 399 ? "y" : $"y{index}"));
        Refuse("its layers share weights so often", Model([1, 64], nodes, [OnnxTensor.Of("w", [64, 64], new float[4096])]));
    }

    [Theory]
    [InlineData("Cast")]
    [InlineData("Sub")]
    [InlineData("Range")]
    [InlineData("Where")]
    [InlineData("Gather")]
    [InlineData("Concat")]
    [InlineData("Reshape")]
    [InlineData("Slice")]
    [InlineData("Tile")]
    [InlineData("ReduceSum")]
    [InlineData("ConstantOfShape")]
    [InlineData("Relu")]
    [InlineData("Conv")]
    [InlineData("Resize")]
    [InlineData("Einsum")]
    [InlineData("Split")]
    [InlineData("GatherElements")]
    [InlineData("ScatterElements")]
    [InlineData("Col2Im")]
    [InlineData("MaxUnpool")]
    [InlineData("CastLike")]
    [InlineData("Mean")]
    public void A_node_without_inputs_is_refused(string name) => Refuse("", Model([1, 3, 4, 4], [Node(name, [], attributes: [OnnxAttribute.Of("to", 7)])], []));

    [Fact]
    public void A_split_into_no_parts_is_refused() => Refuse("it has no output", Model([1, 4], [Node("Relu", ["x"]), new OnnxNode("Split", ["x"], [])], []));

    [Fact]
    public void A_range_between_no_numbers_is_refused() => Refuse(
        "has no elements", Model([1, 4], [Node("Range", ["none", "none", "none"], "range"), Node("Relu", ["x"])], [OnnxTensor.Of("none", [0], [])]));

    [Fact]
    public void Shapes_past_all_memory_are_refused()
    {
        Refuse("more elements than a network can hold", Model([1, 1, 4], [Node("Expand", ["x", "shape"])], [OnnxTensor.Of("shape", [1, int.MaxValue, 4])]));
        Refuse("far larger than the model", Model([1, 4], [Node("ConstantOfShape", ["shape"], "zeros"), Node("Neg", ["zeros"], "n"), Node("Relu", ["x"])], [OnnxTensor.Of("shape", [30_000, 30_000])]));
        Refuse("far larger than the model", Model([1, 4], [Node("ReduceSum", ["none", "axes"], "sum"), Node("Relu", ["x"])], [OnnxTensor.Of("none", [0, int.MaxValue], []), OnnxTensor.Of("axes", [0])]));
        Refuse("an example of more than 64 axes", Model([1, int.MaxValue, int.MaxValue, int.MaxValue], [Node("Relu", ["x"])], []));
    }

    [Fact]
    public void Places_that_a_few_words_name_in_much_are_refused()
    {
        Refuse("far larger than the model", Model([1, 1, 40_000_000], [Node("Col2Im", ["x", "image", "block"])], [OnnxTensor.Of("image", [40_000_000]), OnnxTensor.Of("block", [1])], opset: 18));
        Refuse("far larger than the model", Model([1, 40_000_000], [Node("ScatterElements", ["x", "i", "u"], attributes: [OnnxAttribute.Of("axis", 1)])], [OnnxTensor.Of("i", [7]) with { Dimensions = [1, 1] }, OnnxTensor.Of("u", [1, 1], [7])], opset: 18));
        Refuse("far larger than the model", Model([1, 2, 20_000, 1000], [Node("MaxUnpool", ["x", "i"], attributes: [Numbers("kernel_shape", 1, 1)])], [OnnxTensor.Of("i", [7]) with { Dimensions = [1, 1, 1, 1] }], opset: 11));
        Refuse("index 9 of an axis of 4", Model([1, 4], [Node("GatherElements", ["x", "i"], attributes: [OnnxAttribute.Of("axis", 1)])], [OnnxTensor.Of("i", [9]) with { Dimensions = [1, 1] }]));
        Refuse("each must be at least 1", Model([1, 4, 4], [Node("Col2Im", ["x", "image", "block"], attributes: [Numbers("strides", 0)])], [OnnxTensor.Of("image", [4]), OnnxTensor.Of("block", [1])], opset: 18));
    }

    [Fact]
    public void Axes_without_end_are_refused()
    {
        Refuse("at most 64", Model([1, 4], [Node("Unsqueeze", ["x", "axes"])], [OnnxTensor.Of("axes", [.. Enumerable.Range(1, 100).Select(static axis => (long)axis)])]));
        Refuse("at most 64", Model([1, 4], [Node("Reshape", ["x", "shape"])], [OnnxTensor.Of("shape", [2, 4, .. Enumerable.Repeat(1L, 100)])]));
        Refuse("at most 64", Model([1, 4], [Node("Relu", ["x"])], [OnnxTensor.Of("ones", Sizes.Repeat(1, 100), [1])]));
    }

    [Fact]
    public void Sums_of_one_constant_taken_a_thousand_times_are_refused() => Refuse(
        "far larger than the model",
        Model([1, 4], [Node("Sum", [.. Enumerable.Repeat("c", 2000)], "sum"), Node("Relu", ["x"])], [OnnxTensor.Of("c", [1024], new float[1024])]));

    [Fact]
    public void Repeats_that_each_become_an_input_are_counted() => Refuse(
        "far larger than the model",
        Model([1, 4], Enumerable.Range(0, 100).Select(static index => Node("Tile", ["x", "times"], index == 0 ? "y" : $"y{index}")), [OnnxTensor.Of("times", [1, 4096])]));

    [Fact]
    public void Paddings_of_a_transposed_convolution_are_as_many_as_its_axes_and_end()
    {
        OnnxTensor[] kernel = [OnnxTensor.Of("w", [2, 1, 3, 3], new float[18])];
        Refuse("output_padding has 1 numbers; 2 axes need 2", Model([1, 2, 4, 4], [Node("ConvTranspose", ["x", "w"], attributes: [Numbers("output_padding", 1)])], kernel));
        Refuse("strides are 0×0", Model([1, 2, 4, 4], [Node("ConvTranspose", ["x", "w"], attributes: [Numbers("strides", 0, 0)])], kernel));
        Refuse("", Model(
            [1, 2, 4, 4],
            [Node("ConvTranspose", ["x", "w"], attributes: [Numbers("output_padding", 2_000_000_000, 1), Numbers("pads", 0, 0, 2_000_000_000, 0)])],
            kernel));
    }

    [Fact]
    public void Axes_of_old_broadcasts_are_held_against_the_operand() => Refuse(
        "axis -2147483648 of an input of 2 axes",
        Model([1, 4], [Node("Add", ["x", "c"], attributes: [OnnxAttribute.Of("broadcast", 1), OnnxAttribute.Of("axis", int.MinValue)])], [OnnxTensor.Of("c", [4], new float[4])], opset: 6));

    [Fact]
    public void Scales_are_as_many_as_the_axes_they_are_for() => Refuse(
        "3 scales for 1 axes",
        Model([1, 3, 4, 4], [Node("Resize", ["x", "", "scales"], attributes: [Numbers("axes", 2)])], [OnnxTensor.Of("scales", [3], [1, 2, 2])], opset: 18));

    [Fact]
    public void A_kernel_without_elements_is_refused() => Refuse(
        "has no elements", Model([1, 2, 4, 4], [Node("Conv", ["x", "w"])], [OnnxTensor.Of("w", [int.MaxValue, 2, 0, 3], [])]));

    [Fact]
    public void A_vector_that_is_to_be_transposed_is_refused() => Refuse(
        "which is no matrix", Model([1, 4], [Node("Gemm", ["v", "x"], attributes: [OnnxAttribute.Of("transA", 1)])], [OnnxTensor.Of("v", [4], new float[4])]));

    [Fact]
    public void One_number_as_the_bias_of_one_output_is_read() => Assert.Equal(
        [5],
        OnnxImport.Parse(ModelWriter.Write(Model([1, 4], [Node("Gemm", ["x", "w", "b"])], [OnnxTensor.Of("w", [4, 1], new float[4]), OnnxTensor.Of("b", [], [5])])).ToArray())
            .Parameters.Single(static parameter => parameter.Name != "y.kernel").Span.ToArray());

    [Fact]
    public void Thousands_of_nodes_of_one_name_are_told_apart()
    {
        var nodes = Enumerable.Range(0, 3000).Select(index => Node("Relu", [index == 0 ? "x" : $"y{index - 1}"], index == 2999 ? "y" : $"y{index}") with { Name = "same" });
        var bytes = ModelWriter.Write(Model([1, 4], nodes, [])).ToArray();
        Assert.True(Reader.Check(bytes).IsAccepted);
        Assert.Equal("same_3000", OnnxImport.Parse(bytes).Network.Layers[^1].Name);
    }

    [Theory]
    [InlineData((1 << 3) | 2)]
    [InlineData((11 << 3) | 2)]
    [InlineData((12 << 3) | 2)]
    [InlineData((5 << 3) | 2, true)]
    [InlineData((1 << 3) | 2, true)]
    public void Empty_messages_of_two_bytes_each_stay_within_the_multiple(byte tag, bool isInNode = false)
    {
        byte[] list = [.. Enumerable.Repeat(new byte[] { tag, 0 }, 60_000).SelectMany(static message => message)];
        byte[] graph = isInNode ? [(1 << 3) | 2, .. Length(list), .. list] : list;
        byte[] model = [(7 << 3) | 2, .. Length(graph), .. graph];
        foreach (var reader in OnnxReaders.All) reader.Check(model);

        static byte[] Length(byte[] bytes) => [(byte)(bytes.Length | 0x80), (byte)((bytes.Length >> 7) | 0x80), (byte)(bytes.Length >> 14)];
    }

    /// <summary>Through all readers of models, and with words in the message.</summary>
    private static void Refuse(string words, OnnxModel model)
    {
        var bytes = ModelWriter.Write(model).ToArray();
        foreach (var reader in OnnxReaders.All) reader.Check(bytes);
        var error = Assert.Throws<InvalidDataException>(() => OnnxImport.Parse(bytes, "hostile"));
        Assert.StartsWith("hostile: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    private static OnnxAttribute Numbers(string name, params long[] numbers) => OnnxAttribute.Of(name, (IReadOnlyList<long>)numbers);

    private static OnnxNode Node(string name, IReadOnlyList<string> inputs, string output = "y", IReadOnlyList<OnnxAttribute>? attributes = null) =>
        new(name, inputs, [output]) { Attributes = attributes ?? [] };

    private static OnnxModel Model(long[] input, IEnumerable<OnnxNode> nodes, IReadOnlyList<OnnxTensor> initialisers, int opset = 17) => new(new OnnxGraph(
        "graph",
        [.. nodes],
        initialisers,
        [new OnnxValue("x", OnnxElement.Float, [.. input.Select(static size => new OnnxDimension(size, null))])],
        [new OnnxValue("y", OnnxElement.Float, null)]))
    {
        IrVersion = 8,
        Opset = opset,
    };
}
