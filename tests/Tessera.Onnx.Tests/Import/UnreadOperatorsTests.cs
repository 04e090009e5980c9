using Tessera.Onnx.Format;
using Tessera.Onnx.Import;
using Xunit;

namespace Tessera.Onnx.Tests.Import;

public class UnreadOperatorsTests
{
    [Fact]
    public void All_operators_that_are_not_read_are_named_in_one_error_with_their_nodes()
    {
        OnnxValue input = new("x", OnnxElement.Float, [new(null, "N"), new(4, null)]), output = new("z", OnnxElement.Float, null);
        OnnxGraph graph = new(
            "odd",
            [
                new("Frobnicate", ["x"], ["a"]) { Name = "first" },
                new("Relu", ["a"], ["b"]) { Name = "known" },
                new("Mystify", ["b"], ["c"]) { Name = "behind" },
                new("Frobnicate", ["x"], ["d"]),
                new("Add", ["c", "d"], ["e"]) { Name = "sum" },
                new("Relu", ["e"], ["z"]) { Name = "elsewhere", Domain = "com.example" },
            ],
            [],
            [input],
            [output]);
        var error = Assert.Throws<InvalidDataException>(() => new GraphImport(new OnnxModel(graph) { Opset = 21 }, "odd.onnx", new OnnxImportOptions()).Run());
        Assert.Equal("odd.onnx: operators that are not read: Frobnicate (first, Frobnicate of 'd'); Mystify (behind); com.example.Relu (elsewhere).", error.Message);
    }
}
