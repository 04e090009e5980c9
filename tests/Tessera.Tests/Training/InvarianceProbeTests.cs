using Tessera.Connections;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

/// <summary>What maxima do as samples turn.</summary>
public class InvarianceProbeTests
{
    private static readonly Layer[] Poolings =
    [
        new MaxPool { Window = [2, 2] },
        new MaxPool { Window = [3, 2], Stride = [2, 1], Dilation = [1, 2], Padding = Padding.Explicit([1, 0], [0, 1]) },
        new ChannelPool(3),
    ];

    [Fact]
    public void The_winners_value_is_the_maximum_that_the_layer_gives()
    {
        foreach (var pooling in Poolings)
        {
            var network = new NetworkDescription("", [6, 7, 8], [pooling with { Name = "pool" }]);
            var members = PoolingMembers.Of(network, 0);
            var random = new RandomSource(3);
            var input = Enumerable.Range(0, 6 * 7 * 8).Select(_ => random.NextNormal()).ToArray();
            var execution = new NetworkExecution<double>(network, NetworkParameters<double>.Create(network, 1), 1);
            var output = execution.Forward(input);
            Assert.Equal(output.Length, members.Output.Product);
            for (var unit = 0; unit < output.Length; unit++) Assert.Equal(output[unit], input[members.Places(unit)[members.Winner(unit, input)]]);
        }
    }

    [Fact]
    public void Members_are_called_by_what_tells_them_apart()
    {
        Assert.Equal(["at 0,2", "at 0,3", "at 1,2", "at 1,3"], Names(Sharing.Shared, new MaxPool { Window = [2, 2] }, 1));
        Assert.Equal(["tile 0,2", "tile 0,0", "tile 1,2", "tile 1,0"], Names(Sharing.Tiled([2, 3]), new MaxPool { Window = [2, 2] }, 1));
        Assert.Equal(["own 0,2", "own 0,3", "own 1,2", "own 1,3"], Names(Sharing.Unshared, new MaxPool { Window = [2, 2] }, 1));
        Assert.Equal(["filter 2", "filter 3"], Names(Sharing.Shared, new ChannelPool(2), 40));

        static IEnumerable<string> Names(Sharing sharing, Layer pooling, int unit)
        {
            var network = new NetworkDescription("", [1, 8, 8], [new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 4, Sharing = sharing }), pooling]);
            var members = PoolingMembers.Of(network, 1);
            return Enumerable.Range(0, members.Count).Select(member => members.Describe(unit, member));
        }
    }

    [Fact]
    public void What_looks_the_same_at_every_angle_does_not_change_and_another_sample_is_at_one()
    {
        // Rings do not change when they are turned by quarters; the rest of the samples are noise, which does.
        var network = new NetworkDescription("", [1, 7, 7], [new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 2 }), new MaxPool { Window = [2, 2] }, new Dense(2)]);
        var parameters = NetworkParameters<float>.Create(network, 4);
        var quarters = new InvarianceDescription { Degrees = 180, Step = 90, Samples = 40 };
        var rings = Probe(network, parameters, quarters).Run(Samples(40, isRing: true), cancellation: TestContext.Current.CancellationToken);
        Assert.All(rings.ChangeBefore, change => Assert.InRange(change, 0, 1e-5));
        Assert.All(rings.ChangeAfter, change => Assert.InRange(change, 0, 1e-5));
        Assert.All(rings.SameWinner, part => Assert.InRange(part, 0.99, 1));
        var noise = Probe(network, parameters, quarters).Run(Samples(40, isRing: false), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([-180.0, -90, 0, 90, 180], noise.Angles);
        Assert.Equal((0.0, 0.0, 1.0), (noise.ChangeBefore[2], noise.ChangeAfter[2], noise.SameWinner[2]));
        foreach (var angle in (int[])[0, 1, 3, 4]) Assert.InRange(noise.ChangeBefore[angle], 0.85, 1.15);
        Assert.Equal(noise.ChangeAfter[0], noise.ChangeAfter[4], 1e-5);
    }

    [Fact]
    public void Accuracy_upright_is_the_evaluators_and_features_are_of_different_channels()
    {
        var network = new NetworkDescription("", [1, 7, 7], [new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 6 }), new ChannelPool(2), new Dense(2)]);
        var parameters = NetworkParameters<float>.Create(network, 4);
        var data = Samples(30, isRing: false);
        var report = Probe(network, parameters, new InvarianceDescription { Samples = 5, Features = 2 }).Run(data, 7, TestContext.Current.CancellationToken);
        var expected = new Evaluator<float>(network, parameters, new CrossEntropy(), 30).Evaluate(data, TestContext.Current.CancellationToken).Accuracy;
        Assert.Equal(expected, report.Accuracy[report.Angles.Count / 2]);
        Assert.Equal(2, report.Features.Select(feature => feature.Channel).Distinct().Count());
        foreach (var feature in report.Features)
        {
            for (var angle = 0; angle < 13; angle++)
                Assert.Equal(Enumerable.Range(0, 2).Max(member => feature.Responses[(member * 13) + angle]), feature.Responses[(feature.Winners[angle] * 13) + angle]);
        }
    }

    [Fact]
    public void Threads_change_no_bit()
    {
        var network = new NetworkDescription("", [1, 7, 7], [new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 6, Sharing = Sharing.Tiled([2, 2]) }), new MaxPool { Window = [2, 2] }, new Dense(2)]);
        var parameters = NetworkParameters<float>.Create(network, 4);
        var (one, three) = (Run(1), Run(3));
        Assert.Equal(one.ChangeAfter, three.ChangeAfter);
        Assert.Equal(one.Features.SelectMany(feature => feature.Responses), three.Features.SelectMany(feature => feature.Responses));

        InvarianceReport Run(int threads) => new InvarianceProbe<float>(Model(network), parameters, new InvarianceDescription { Samples = 5 }, new PlanOptions { Threads = threads }).Run(Samples(10, isRing: false), cancellation: TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Errors_say_what_and_a_way_out()
    {
        var network = new NetworkDescription("", [1, 7, 7], [new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 2 }), new MaxPool { Window = [2, 2] }, new Dense(2)]);
        var parameters = NetworkParameters<float>.Create(network, 4);
        Throws("invariance: there is no layer 'pool9' to take maxima; those that do are pool1.", () => Probe(network, parameters, new() { Layer = "pool9" }));
        Throws("invariance: 'conv1' takes no maxima; those that do are pool1.", () => Probe(network, parameters, new() { Layer = "conv1" }));
        Throws("invariance: steps of 40 degrees do not divide 90 degrees evenly; give steps such as 15.", () => Probe(network, parameters, new() { Step = 40 }));
        Throws("invariance: samples are turned by up to 270 degrees; give more than 0 and at most 180.", () => Probe(network, parameters, new() { Degrees = 270 }));
        Throws("invariance: there is no sample 30 among 30; give 0 to 29. (Parameter 'index')", () => Probe(network, parameters, new()).Run(Samples(30, isRing: false), 30, TestContext.Current.CancellationToken));
        var flat = new NetworkDescription("", [1, 7], [new Dense(2)]);
        Throws("invariance: samples of 1×7 cannot be turned; channels, height and width are needed.", () => Probe(flat, NetworkParameters<float>.Create(flat, 1), new()));

        static void Throws(string message, Action action) => Assert.Equal(message, Assert.Throws<ArgumentException>(action).Message);
    }

    private static InvarianceProbe<float> Probe(NetworkDescription network, NetworkParameters<float> parameters, InvarianceDescription description) =>
        new(Model(network), parameters, description, new PlanOptions { Threads = 1 });

    private static ModelDescription Model(NetworkDescription network) => new(network, new TrainingDescription { Threads = 1 }, new DataDescription());

    /// <summary>Noise, or for rings a value of its own at each distance from the centre.</summary>
    private static Dataset Samples(int count, bool isRing)
    {
        var random = new RandomSource(11);
        var samples = new float[count * 49];
        for (var n = 0; n < count; n++)
        {
            var ring = Enumerable.Range(0, 19).Select(_ => (float)random.NextDouble()).ToArray();
            for (var i = 0; i < 49; i++) samples[(n * 49) + i] = isRing ? ring[(((i / 7) - 3) * ((i / 7) - 3)) + (((i % 7) - 3) * ((i % 7) - 3))] : (float)random.NextDouble();
        }

        return Dataset.Create(samples, [1, 7, 7], [.. Enumerable.Range(0, count).Select(n => n % 2)], Dataset.NumberedClasses(2));
    }
}
