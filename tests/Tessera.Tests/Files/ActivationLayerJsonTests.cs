using Tessera.Data;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Files;

public class ActivationLayerJsonTests
{
    [Theory]
    [InlineData(0.25)]
    [InlineData(0.75)]
    public void Activations_and_normalisations_come_back_as_they_were(double fraction)
    {
        foreach (var layer in RandomBend.All(fraction))
        {
            var model = new ModelDescription(new NetworkDescription("net", [2, 4], [layer, new Dense(2)]), new TrainingDescription(), new DataDescription());
            Assert.Equal(model, ModelJson.Parse(ModelJson.Format(model)));
        }
    }

    [Fact]
    public void Settings_left_out_are_the_records_own()
    {
        Layer[] expected =
        [
            new PRelu(), new ThresholdedRelu(), new Celu(), new Selu(), new Clip(), new HardSigmoid(), new Gelu(), new Softmax(), new LogSoftmax(),
            new InstanceNormalisation(), new GroupNormalisation(2), new LayerNormalisation(), new LocalResponseNormalisation(3),
        ];
        foreach (var layer in expected)
        {
            var own = layer switch { GroupNormalisation => ", \"groups\": 2", LocalResponseNormalisation => ", \"size\": 3", _ => "" };
            Assert.Equal(layer, Read($$"""{ "layer": "{{layer.Kind}}"{{own}} }""") with { Name = "", Inputs = LayerNames.Empty });
        }
    }

    [Theory]
    [InlineData("""{ "layer": "elementwise", "function": "squareroot" }""", "'function' is \"squareroot\", but did you mean \"square-root\"? one of ")]
    [InlineData("""{ "layer": "softmax", "axis": 1.5 }""", "'axis' is 1.5, but a whole number is needed.")]
    [InlineData("""{ "layer": "group-normalisation" }""", "layer has no key 'groups', which it needs.")]
    [InlineData("""{ "layer": "layer-normalisation", "axis": 0 }""", "norm1: axis 0 of the input 1×2×4 is that of examples, which stay apart; use 1 to 2, or -2 to -1 from the end.")]
    [InlineData("""{ "layer": "clip", "minimum": 3, "maximum": 1 }""", "clip1: minimum 3 lies above maximum 1; exchange them, or leave one out.")]
    public void Mistakes_are_named(string layer, string message) =>
        Assert.Contains(message, Assert.ThrowsAny<Exception>(() => Read(layer)).Message, StringComparison.Ordinal);

    private static Layer Read(string layer) =>
        ModelJson.Parse($$"""{ "input": [2, 4], "layers": [{{layer}}, { "layer": "dense", "outputs": 2 }] }""").Network.Layers[0];
}
