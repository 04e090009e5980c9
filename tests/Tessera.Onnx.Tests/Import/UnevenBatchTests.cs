using Tessera.Onnx.Format;
using Xunit;
using static Tessera.Onnx.Tests.Import.SmallModel;

namespace Tessera.Onnx.Tests.Import;

/// <summary>Sizes computed of the batch's: a network for every batch, or an error that says which node is in the way.</summary>
public class UnevenBatchTests
{
    /// <summary>The size of the batch, [1], computed with a constant, as where a slice of the positions ends.</summary>
    private static byte[] CutAt(string type, long by) => Of(
        18,
        [("x", [0, 6])],
        [
            Node("Shape", ["x"], "n", OnnxAttribute.Of("end", 1)),
            new OnnxNode(type, ["n", "by"], ["end"]) { Name = "odd" },
            Node("Slice", ["x", "start", "end", "axis"]),
        ],
        OnnxTensor.Of("by", [by]), OnnxTensor.Of("start", [0]), OnnxTensor.Of("axis", [1]));

    [Theory]
    [InlineData("Div", 2)]
    [InlineData("Max", 4)]
    [InlineData("Max", 6)]
    public void Sizes_that_do_not_grow_evenly_with_the_batch_are_refused_by_the_node_that_computes_them(string type, long by)
    {
        var error = Assert.Throws<InvalidDataException>(() => OnnxImport.Parse(CutAt(type, by), "m"));
        Assert.StartsWith($"m: node odd ({type}): it computes with the size of the batch, and what comes of it does not grow evenly with the batch", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_comes_out_the_same_for_every_batch_is_read()
    {
        // Twice the batch by three: the six positions of every two rows behind one another.
        var model = Of(18, [("x", [0, 6])], [Node("Shape", ["x"], "n", OnnxAttribute.Of("end", 1)), Node("Mul", ["n", "two"], "rows"), Node("Concat", ["rows", "three"], "shape", OnnxAttribute.Of("axis", 0)), Node("Reshape", ["x", "shape"], "r"), Node("Neg", ["r"])], OnnxTensor.Of("two", [2]), OnnxTensor.Of("three", [3]));
        var (values, shape) = Run(OnnxImport.Parse(model), [.. Enumerable.Range(0, 30).Select(static value => (float)value)]);
        Assert.Equal([10, 3], shape);
        Assert.Equal(-29, values[^1]);
    }
}
