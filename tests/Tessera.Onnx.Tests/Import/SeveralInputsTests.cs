using Tessera.Onnx.Format;
using Xunit;
using static Tessera.Onnx.Tests.Import.SmallModel;

namespace Tessera.Onnx.Tests.Import;

public class SeveralInputsTests
{
    [Fact]
    public void Inputs_that_differ_in_their_channels_alone_are_channels_of_one_sample()
    {
        var model = Of(18, [("a", [0, 2, 4, 3]), ("b", [0, 3, 4, 3])], [Node("Concat", ["b", "a"], "c", OnnxAttribute.Of("axis", 1)), Node("GlobalMaxPool", ["c"])]);
        var imported = AgreesWithRuntime(model, 1, new OnnxImportOptions { Inputs = ["a", "b"] });
        Assert.Equal([5, 4, 3], imported.Network.InputShape);
        Assert.Equal(["a", "b"], imported.Inputs.Select(static input => input.Name));
        Assert.Equal("a, b", imported.InputName);
    }

    [Fact]
    public void Inputs_of_other_shapes_are_rows_behind_one_another()
    {
        var model = Of(18, [("image", [0, 2, 0, 3]), ("scale", [0, 2])], [Node("Unsqueeze", ["scale", "axes"], "s"), Node("Mul", ["image", "s"])], OnnxTensor.Of("axes", [2, 3]));
        var options = new OnnxImportOptions { Inputs = ["scale", "image"], InputShapes = new Dictionary<string, Sizes> { ["image"] = [2, 4, 3] } };
        var imported = AgreesWithRuntime(model, 2, options);
        Assert.Equal([26], imported.Network.InputShape);
        Assert.Equal([("scale", [2]), ("image", [2, 4, 3])], imported.Inputs);
    }

    [Fact]
    public void A_model_of_several_inputs_says_how_they_are_bound()
    {
        var model = Of(18, [("a", [0, 2]), ("b", [0, 2])], [Node("Add", ["a", "b"])]);
        Fails("m: it takes 2 inputs (a, b): name those that samples go into (OnnxImportOptions.Input, or OnnxImportOptions.Inputs for several, which are put behind one another), and give the others as OnnxImportOptions.Constants.", new());
        Fails("m: there is no input 'c'; the inputs are a, b.", new() { Inputs = ["a", "c"] });
        Fails("m: the inputs a, a name one twice.", new() { Inputs = ["a", "a"] });
        Assert.Contains("OnnxImportOptions.InputShapes", Assert.Throws<InvalidDataException>(() => OnnxImport.Parse(Of(18, [("a", [0, 0]), ("b", [0, 2])], [Node("Add", ["a", "b"])]), "m", new() { Inputs = ["a", "b"] })).Message, StringComparison.Ordinal);

        void Fails(string message, OnnxImportOptions options) => Assert.Equal(message, Assert.Throws<InvalidDataException>(() => OnnxImport.Parse(model, "m", options)).Message);
    }
}
