using Tessera.Data;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Execution;

public class NetworkParametersTests
{
    [Fact]
    public void Layers_of_the_same_name_and_shapes_are_taken_whole_and_the_others_are_named()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var network = RandomNetwork.Of(seed);
            NetworkParameters<double> from = NetworkParameters<double>.Create(network, 1), into = NetworkParameters<double>.Create(network, 2), before = into.Clone();

            // Every second layer with parameters is called otherwise, and with it whatever takes it.
            var renamed = network.Parameters.Select(static parameter => LayerOf(parameter.Name)).Distinct().Index().Where(static layer => layer.Index % 2 == 0).Select(static layer => layer.Item).ToHashSet();
            var other = Renamed(network, renamed);
            var taken = NetworkParameters<double>.Zero(other);
            for (var index = 0; index < from.Count; index++) from[index].Span.CopyTo(taken[index].Span);

            Assert.Equal(network.Parameters.Select(static parameter => LayerOf(parameter.Name)).Distinct().Where(renamed.Contains), into.CopyLayersFrom(taken));
            for (var index = 0; index < into.Count; index++) Assert.Equal((renamed.Contains(LayerOf(into[index].Name)) ? before : from)[index].Span.ToArray(), into[index].Span.ToArray());
            Assert.Empty(into.CopyLayersFrom(from));
        }
    }

    [Fact]
    public void A_layer_of_another_shape_keeps_all_of_its_parameters()
    {
        static NetworkParameters<float> Of(int outputs, bool bias, long seed)
        {
            var parameters = NetworkParameters<float>.Create(new NetworkDescription("n", [3], [new Dense(4) { Name = "first" }, new Dense(outputs) { Name = "last", Bias = bias }]), seed);
            foreach (var parameter in parameters) parameter.Span.Fill(seed);
            return parameters;
        }

        foreach (var (outputs, bias) in ((int, bool)[])[(5, true), (2, false)])
        {
            var into = Of(2, true, 1);
            Assert.Equal(["last"], into.CopyLayersFrom(Of(outputs, bias, 2)));
            foreach (var parameter in into) Assert.All(parameter.Span.ToArray(), value => Assert.Equal(LayerOf(parameter.Name) == "first" ? 2 : 1, value));
        }
    }

    [Fact]
    public void A_predictor_gives_every_output_as_its_layer_does()
    {
        var network = new NetworkDescription("n", [2, 6], [new Convolution(new() { Kernel = [3], Outputs = 4 }) { Name = "maps" }, new Tanh { Name = "side" }, new Dense(3) { Name = "scores" }], ["side"]);
        var parameters = NetworkParameters<double>.Create(network, 5);
        var predictor = new Predictor<double>(new ModelDescription(network, new TrainingDescription(), new DataDescription()), parameters, 1);
        float[] sample = [.. Enumerable.Range(0, 12).Select(static i => MathF.Sin(i))];
        var probabilities = predictor.Predict(sample);
        var scores = predictor.Output("scores");
        var sum = scores.Sum(Math.Exp);
        for (var k = 0; k < 3; k++) Assert.Equal(Math.Exp(scores[k]) / sum, probabilities[k], 1e-12);

        var execution = new NetworkExecution<double>(network, parameters, 1, new() { KeepActivations = true, Threads = 1 });
        execution.Forward(System.Numerics.Tensors.Tensor.Create(Array.ConvertAll(sample, static value => (double)value), [1, 2, 6]));
        var side = new double[16];
        execution.Activation("side").FlattenTo(side);
        Assert.All(predictor.Output("side").Zip(side), static pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        Assert.Contains("'maps' is no output of the network; its outputs are scores, side.", Assert.Throws<ArgumentException>(() => predictor.Output("maps")).Message, StringComparison.Ordinal);
    }

    private static NetworkDescription Renamed(NetworkDescription network, HashSet<string> layers)
    {
        return new(network.Name, network.InputShape, [.. network.Layers.Select(WithNames)], [.. network.FurtherOutputs.Select(New)]);

        Layer WithNames(Layer layer) => Referring(layer) with { Name = New(layer.Name), Inputs = [.. layer.Inputs.Select(New)] };
        Layer Referring(Layer layer) => layer switch
        {
            TiedTranspose tied => tied with { Of = New(tied.Of) },
            MaxUnpool unpool => unpool with { Of = New(unpool.Of) },
            MaxPositions positions => positions with { Of = New(positions.Of) },
            _ => layer,
        };
        string New(string name) => layers.Contains(name) ? $"{name}-renamed" : name;
    }

    private static string LayerOf(string parameter) => parameter[..parameter.LastIndexOf('.')];
}
