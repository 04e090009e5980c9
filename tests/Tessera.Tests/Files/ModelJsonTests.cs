using CsCheck;
using Tessera.Data;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Files;

public class ModelJsonTests
{
    private const string Head = "{ \"input\": [1, 8, 8],\n  \"layers\": [\n    ";

    [Fact]
    public void A_model_without_a_name_is_written_without_one()
    {
        var model = ModelJson.Parse("""{ "input": [3], "layers": [{ "layer": "dense", "outputs": 2 }] }""");
        Assert.Equal(model, ModelJson.Parse(ModelJson.Format(model)));
    }

    [Fact]
    public void Csharp_and_json_say_the_same()
    {
        var json =
            """
            {
              "name": "small",
              "input": [1, 12, 12],
              "layers": [
                { "layer": "convolution", "name": "conv1", "kernel": [3, 3], "outputs": 4, "padding": "same", "initialiser": "he" },
                { "layer": "relu" },
                { "layer": "dense", "outputs": 10, "bias": false },
              ],
              "data": { "source": "fashion-mnist", "normalise": true, "augmentation": [{ "change": "shift", "pixels": 2 }, "flip"] },
              "training": { "epochs": 3, "optimiser": { "optimiser": "sgd", "learningRate": 0.1, "momentum": 0.9 }, "schedule": "cosine" },
            }
            """;
        var model = new ModelDescription(
            new NetworkDescription(
                "small",
                [1, 12, 12],
                [
                    new Convolution(new() { Kernel = [3, 3], Outputs = 4, Padding = Tessera.Connections.Padding.Same }) { Name = "conv1", Initialiser = new Tessera.Networks.Initialisers.He() },
                    new Relu(),
                    new Dense(10) { Bias = false },
                ]),
            new TrainingDescription { Epochs = 3, Optimiser = new Sgd { LearningRate = 0.1, Momentum = 0.9 }, Schedule = new CosineSchedule() },
            new DataDescription { Source = "fashion-mnist", MeasuresNormalisation = true, Augmentation = new Augmentation(new RandomShift(2), new HorizontalFlip()) });
        Assert.Equal(model, ModelJson.Parse(json));
    }

    [Fact]
    public void Random_models_come_back_equal() =>
        RandomModel.Any.Sample(model => Assert.Equal(model, ModelJson.Parse(ModelJson.Format(model))), iter: 300, threads: 1);

    [Fact]
    public void A_written_file_is_read_back()
    {
        var path = Path.Combine(Path.GetTempPath(), $"tessera-{Guid.NewGuid():N}.json");
        var model = new ModelDescription(new NetworkDescription("n", [3, 4], [new Dense(2)]), new TrainingDescription(), new DataDescription());
        try
        {
            ModelJson.Write(path, model);
            Assert.Equal(model, ModelJson.Read(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("{ \"layer\": \"convolution\", \"kernel\": [3, 3], \"filtrs\": 4 }", "line 3: layer has no key 'outputs', which it needs.")]
    [InlineData("{ \"layer\": \"convolution\", \"kernel\": [3, 3], \"outputs\": 4,\n \"strides\": [2, 2] }", "line 4: layer: unknown key 'strides'; did you mean 'stride'? Known keys: bias, channels, dilation, flip, initialiser, inputs, kernel, layer, name, outputs, padding, sharing, stride.")]
    [InlineData("{ \"layer\": \"convolutoin\" }", "line 3: 'layer' is \"convolutoin\", but did you mean \"convolution\"?")]
    [InlineData("{ \"layer\": \"relu\" },\n { \"layer\": \"convolution\", \"kernel\": [9, 3], \"outputs\": 4 }", "line 4: conv1: kernel 9 does not fit input 8 with padding 0 on axis 0; pad by 1 more or use a kernel of at most 8.")]
    [InlineData("{ \"layer\": \"relu\", \"name\": \"a\" },\n { \"layer\": \"add\", \"name\": \"b\", \"inputs\": [\"a\", \"inptu\"] }", "line 4: b: there is no layer 'inptu'; did you mean 'input'?")]
    [InlineData("{ \"layer\": \"dropout\", \"rate\": 1.5 }", "line 3: 'rate' is 1.5, but a number from 0 to 1 is needed.")]
    [InlineData("{ \"layer\": \"dense\", \"outputs\": 3, \"initialiser\": { \"initialiser\": \"orthogonal\", \"gian\": 2 } }", "initialiser: unknown key 'gian'; did you mean 'gain'?")]
    [InlineData("{ \"layer\": \"noise\", \"noise\": \"gaussian\", \"fraction\": 0.5 }", "line 3: 'fraction' is no setting of gaussian, which has deviation alone.")]
    [InlineData("{ \"layer\": \"noise\", \"noise\": \"masking\", \"fraction\": 1 }", "line 3: noise1: fraction 1; it must be above 0 and below 1")]
    [InlineData("{ \"layer\": \"noise\", \"noise\": \"salt\", \"fraction\": 0.5 }", "line 3: 'noise' is \"salt\", but")]
    [InlineData("{ \"layer\": \"relu\" },\n { \"layer\": \"sparsity\", \"penalty\": \"kl\", \"weight\": 1, \"target\": 0.1 }", "line 4: sparsity1: a kl penalty is for activations between 0 and 1")]
    [InlineData("{ \"layer\": \"sigmoid\" },\n { \"layer\": \"sparsity\", \"penalty\": \"kl\", \"weight\": 1, \"target\": -0.1 }", "line 4: sparsity1: target -0.1; the mean activation")]
    [InlineData("{ \"layer\": \"sparsity\", \"penalty\": \"l1\", \"weight\": 1, \"target\": 0.1 }", "line 3: 'target' is no setting of l1, which has weight alone.")]
    [InlineData("{ \"layer\": \"relu\" },\n { \"layer\": \"tied-transpose\", \"of\": \"relu1\" }", "line 4: tied1: relu1 is of kind relu; name a convolution or dense layer")]
    [InlineData("{ \"layer\": \"gaussian-sample\" }", "line 3: sample1: the input 1×1×8×8 has 1 channels")]
    [InlineData("7", "line 3: layer is 7, but an object { … } is needed.")]
    public void A_wrong_layer_is_said_with_its_line(string layers, string message) => Fails(Head + layers + "\n] }", message);

    [Theory]
    [InlineData("\"training\": { \"epoch\": 3 }", "training: unknown key 'epoch'; did you mean 'epochs'?")]
    [InlineData("\"training\": { \"epochs\": 0 }", "'epochs' is 0, but a whole number of at least 1 is needed.")]
    [InlineData("\"training\": { \"validationFraction\": 1 }", "ValidationFraction is 1; it must be from 0 to less than 1")]
    [InlineData("\"training\": { \"optimiser\": \"adm\" }", "did you mean \"adam\"?")]
    [InlineData("\"training\": { \"optimiser\": { \"optimiser\": \"sgd\", \"momentum\": 2 } }", "'momentum' is 2, but a number from 0 to 1")]
    [InlineData("\"training\": { \"target\": \"inputs\" }", "did you mean \"input\"?")]
    [InlineData("\"training\": { \"target\": \"input\" }", "Target is Input, but cross-entropy is for classes")]
    [InlineData("\"training\": { \"loss\": 3 }", "'loss' is 3, but one of \"cross-entropy\"")]
    [InlineData("\"training\": { \"schedule\": { \"schedule\": \"cosine\", \"every\": 2 } }", "schedule: unknown key 'every'")]
    [InlineData("\"data\": { \"augmentation\": [{ \"change\": \"shift\" }] }", "change has no key 'pixels', which it needs.")]
    [InlineData("\"data\": { \"augmentation\": [{ \"change\": \"shift\", \"pixels\": -1 }] }", "'pixels' is -1")]
    [InlineData("\"data\": { \"normalise\": { \"mean\": [0.5], \"standardDeviation\": [0] } }", "finite and above 0")]
    [InlineData("\"data\": { \"normalise\": \"yes\" }", "'normalise' is \"yes\", but true")]
    [InlineData("\"layrs\": []", "model: unknown key 'layrs'; did you mean 'layers'?")]
    public void A_wrong_setting_is_said_with_its_line(string member, string message) =>
        Fails("{ \"input\": [4], \"layers\": [{ \"layer\": \"relu\" }],\n" + member + "}", "line 2: ", message);

    [Fact]
    public void A_file_that_is_too_large_is_not_read()
    {
        var path = Path.Combine(Path.GetTempPath(), $"tessera-{Guid.NewGuid():N}.json");
        try
        {
            using (var stream = File.Create(path)) stream.SetLength(LocatedValue.MostBytes + 1L);
            Assert.Contains("is not read", Assert.Throws<InvalidDataException>(() => ModelJson.Read(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Fails(string json, params string[] messages)
    {
        var exception = Assert.Throws<InvalidDataException>(() => ModelJson.Parse(json, "m.json"));
        Assert.StartsWith("m.json line ", exception.Message, StringComparison.Ordinal);
        foreach (var message in messages) Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }
}
