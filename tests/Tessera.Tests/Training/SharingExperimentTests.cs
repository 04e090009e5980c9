using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

/// <summary>One model with several sharings, from one shared start.</summary>
public class SharingExperimentTests
{
    private static readonly Sharing[] All = [Sharing.Shared, Sharing.Tiled([2]), Sharing.Tiled([3]), Sharing.Unshared];

    [Fact]
    public void A_converted_network_computes_what_the_shared_one_does() => RandomOperator.Of(null, SharingKind.Shared).Holds(
        sample =>
        {
            var (batch, input) = (sample.InputShape[0], sample.InputShape.From(1));
            var outputs = sample.Description.Resolve(input[0], input.From(1)).OutputSize;
            var random = new RandomSource(sample.Seed);
            var network = new NetworkDescription("", input, [new Convolution(sample.Description) { Name = "conv" }, new BatchNormalisation(), new Tanh(), new Dense(3)]);
            var shared = NetworkParameters<double>.Create(network, sample.Seed);
            // A bias of zeros would hide that it was forgotten.
            foreach (var parameter in shared) parameter.Span[0] += 0.25;
            var sharing = random.NextInt(3) == 0 ? Sharing.Unshared : Sharing.Tiled([.. outputs.Select(size => 1 + random.NextInt(size))]);
            var untied = NetworkParameters<double>.Zero(SharingOfNetwork.With(network, ["conv"], sharing));
            if (untied.Network.ParameterCount > 200_000) return;
            SharingOfNetwork.Convert(shared, untied);
            var values = sample.Random<double>(sample.InputShape, 1);
            var (before, after) = (Outputs(shared, batch, values, exactly: true), Outputs(untied, batch, values, exactly: true));
            Assert.Equal(before, after);
            OperatorResults.Close(before, Outputs(untied, batch, values, exactly: false));
        },
        iterations: 40);

    [Fact]
    public void A_converted_transposed_convolution_does_too() => RandomOperator.Of(null, SharingKind.Shared).Holds(
        sample =>
        {
            var (batch, painted) = (sample.InputShape[0], sample.InputShape.From(1));
            var geometry = sample.Description.Resolve(painted[0], painted.From(1));
            var random = new RandomSource(sample.Seed);
            var network = new NetworkDescription(
                "",
                [geometry.OutputChannels, .. geometry.OutputSize.AsSpan()],
                [new TransposedConvolution(sample.Description, painted[0]) { Name = "up", OriginalSize = painted.From(1) }, new BatchNormalisation(), new Tanh(), new Dense(3)]);
            var shared = NetworkParameters<double>.Create(network, sample.Seed);
            foreach (var parameter in shared) parameter.Span[0] += 0.25;
            var sharing = random.NextInt(3) == 0 ? Sharing.Unshared : Sharing.Tiled([.. geometry.OutputSize.Select(size => 1 + random.NextInt(size))]);
            var untied = NetworkParameters<double>.Zero(SharingOfNetwork.With(network, ["up"], sharing));
            if (untied.Network.ParameterCount > 200_000) return;
            SharingOfNetwork.Convert(shared, untied);
            var values = sample.Random<double>([batch, .. network.InputShape.AsSpan()], 1);
            var before = Outputs(shared, batch, values, exactly: true);
            OperatorResults.Close(before, Outputs(untied, batch, values, exactly: true));
            OperatorResults.Close(before, Outputs(untied, batch, values, exactly: false));
            Assert.InRange(TileDrift.Of<double>(SharingOfNetwork.Geometry(untied.Network, 0)!, untied["up.kernel"].Value).Overall, 0, 1e-12);
        },
        iterations: 40);

    [Fact]
    public void Drift_is_none_at_the_untying_and_grows_from_there()
    {
        foreach (var variant in Experiment(untieAfter: 1).Run(null, TestContext.Current.CancellationToken))
        {
            Assert.Equal([1, 2, 3, 4], variant.Drift.Select(drift => drift.Epoch));
            Assert.InRange(variant.Drift[0].Drift.Overall, 0, 1e-12);
            for (var epoch = 1; epoch <= 3; epoch++)
            {
                if (variant.Sharing.IsShared) Assert.InRange(variant.Drift[epoch].Drift.Overall, 0, 1e-12);
                else Assert.InRange(variant.Drift[epoch].Drift.Overall, variant.Drift[epoch - 1].Drift.Overall + 1e-4, 10);
            }
        }
    }

    [Fact]
    public void The_shared_variant_is_the_training_of_all_epochs_to_the_bit()
    {
        var whole = new Trainer<float>(Model(threads: 1), ToyTask.Patterns(60));
        var result = whole.Run(cancellation: TestContext.Current.CancellationToken);
        foreach (var untieAfter in (int[])[0, 2])
        {
            var shared = Experiment(untieAfter).Run(null, TestContext.Current.CancellationToken).First();
            Assert.Equal(whole.All(), shared.Parameters.SelectMany(parameter => parameter.Span.ToArray()));
            Assert.Equal(result.Epochs.Select(epoch => (epoch.Loss, epoch.Rate)), shared.Epochs.Select(epoch => (epoch.Loss, epoch.Rate)));
        }
    }

    [Fact]
    public void No_schedule_begins_anew_and_no_variant_sees_another_order()
    {
        var variants = Experiment(untieAfter: 2).Run(null, TestContext.Current.CancellationToken).ToArray();
        foreach (var variant in variants)
        {
            Assert.Equal(variants[0].Epochs.Select(epoch => epoch.Rate), variant.Epochs.Select(epoch => epoch.Rate));
            Assert.Equal(variants[0].Epochs.Take(2).Select(epoch => epoch.Loss), variant.Epochs.Take(2).Select(epoch => epoch.Loss));
            Assert.Equal(4, variant.Epochs.Count);
            Assert.Equal(variants[0].MultiplyAdds, variant.MultiplyAdds);
        }

        Assert.Equal(variants.Select(variant => variant.TrainedWeights).Order(), variants.Select(variant => variant.TrainedWeights));

        // A model that says a tile equal to the output itself, untied at once, is the unshared variant: what differs is the memory alone.
        var tiled = new SharingExperiment<float>(Model(1), ToyTask.Patterns(60), null, new() { Sharings = [Sharing.Tiled([4, 4]), Sharing.Unshared] }).Run(null, TestContext.Current.CancellationToken).ToArray();
        Assert.Equal(tiled[0].Epochs[^1].Loss, tiled[1].Epochs[^1].Loss, 1e-3);
    }

    [Fact]
    public void An_untied_kernel_has_the_steps_of_a_fresh_optimiser()
    {
        // Adam's first step is the rate in every weight with a gradient, whatever its size; with moments of the sum over tiles it would be far smaller.
        var shared = Parameter("shared", [2]);
        var tied = new OptimiserState<double>(new Adam { Epsilon = 1e-300 }, shared, 1);
        for (var step = 0; step < 50; step++) tied.Step(Gradient(shared, 100), 0.01);
        var untied = Parameter("untied", [3, 2]);
        var state = new OptimiserState<double>(new Adam { Epsilon = 1e-300 }, untied, 1);
        state.UntieFrom(tied);
        state.Step(Gradient(untied, 1e-3), 0.01);
        Assert.All(untied[0].Span.ToArray(), weight => Assert.Equal(-0.01, weight, 1e-12));

        // And one that keeps its shape goes on where it was.
        var (kept, before) = (Parameter("kept", [2]), shared[0].Span[0]);
        shared[0].Span.CopyTo(kept[0].Span);
        var on = new OptimiserState<double>(new Adam { Epsilon = 1e-300 }, kept, 1);
        on.UntieFrom(tied);
        on.Step(Gradient(kept, 1e-3), 0.01);
        tied.Step(Gradient(shared, 1e-3), 0.01);
        Assert.NotEqual(before, kept[0].Span[0]);
        Assert.Equal(shared[0].Span.ToArray(), kept[0].Span.ToArray());
    }

    [Fact]
    public void Threads_change_no_bit()
    {
        var one = Experiment(1, threads: 1).Run(null, TestContext.Current.CancellationToken).ToArray();
        var three = Experiment(1, threads: 3).Run(null, TestContext.Current.CancellationToken).ToArray();
        for (var variant = 0; variant < one.Length; variant++)
        {
            Assert.Equal(one[variant].Parameters.SelectMany(parameter => parameter.Span.ToArray()), three[variant].Parameters.SelectMany(parameter => parameter.Span.ToArray()));
            Assert.Equal(one[variant].Drift.Select(drift => drift.Drift.Overall), three[variant].Drift.Select(drift => drift.Drift.Overall));
        }
    }

    [Fact]
    public void What_the_model_says_of_the_chosen_layers_sharing_is_not_used()
    {
        var unshared = Model(1) with { Network = SharingOfNetwork.With(Model(1).Network, ["conv1"], Sharing.Unshared) };
        var experiment = new SharingExperiment<float>(unshared, ToyTask.Patterns(60), null, new() { Sharings = [Sharing.Shared] });
        Assert.Equal(Model(1).Network, experiment.Start.Network);
        Assert.Equal(["conv1"], experiment.Layers);
    }

    [Fact]
    public void Cancelling_stops_within_a_variant_and_what_was_given_stands()
    {
        using var stopping = new CancellationTokenSource();
        var progress = new Stop(stopping);
        var given = new List<SharingVariant<float>>();
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (var variant in Experiment(1).Run(progress, stopping.Token)) given.Add(variant);
        });
        Assert.Equal([Sharing.Shared, Sharing.Tiled([2])], given.Select(variant => variant.Sharing));
    }

    [Theory]
    [InlineData("conv2", "2", 0, "sharing: there is no layer 'conv2'; did you mean 'conv1'?")]
    [InlineData("nothing", "2", 0, "sharing: there is no layer 'nothing'; convolutions are conv1.")]
    [InlineData("dense1", "2", 0, "sharing: 'dense1' is no convolution but of kind dense, whose weights belong to no position; convolutions are conv1.")]
    [InlineData("conv1", "5", 0, "sharing: tile 5 on axis 0 is larger than the output 4×4 of 'conv1'; use at most 4 there, unshared, or leave the layer out.")]
    [InlineData("conv1", "2,2,2", 0, "sharing: the tile 2×2×2 has 3 axes but 'conv1' has 2; give one number per axis, or a single one for all.")]
    [InlineData("conv1", "2", 4, "sharing: untying after 4 epochs leaves none of 4 to train untied; untie after at most 3, or train for more epochs.")]
    [InlineData("conv1", "2", -1, "sharing: untying after -1 epochs; give 0 (from the start) or more.")]
    public void Errors_come_before_work(string layer, string tile, int untieAfter, string message)
    {
        var description = new SharingExperimentDescription { Sharings = [Sharing.Tiled([.. tile.Split(',').Select(int.Parse)])], Layers = [layer], UntieAfter = untieAfter };
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new SharingExperiment<float>(Model(1), ToyTask.Patterns(60), null, description)).Message);
    }

    [Fact]
    public void A_sharing_stands_once_and_something_must_be_there_to_share()
    {
        Assert.Equal(
            "sharing: tiled 2 stands twice; name each sharing once.",
            Assert.Throws<ArgumentException>(() => new SharingExperiment<float>(Model(1), ToyTask.Patterns(60), null, new() { Sharings = [Sharing.Tiled([2]), Sharing.Tiled([2])] })).Message);
        var dense = Model(1) with { Network = new NetworkDescription("", [1, 8, 8], [new Flatten(), new Dense(3)]) };
        Assert.Equal(
            "sharing: the network has no convolution with more than one output position, so that there is nothing to share or untie.",
            Assert.Throws<ArgumentException>(() => new SharingExperiment<float>(dense, ToyTask.Patterns(60))).Message);
    }

    private static SharingExperiment<float> Experiment(int untieAfter, int threads = 1) =>
        new(Model(threads), ToyTask.Patterns(60), ToyTask.Patterns(30, seed: 8), new() { Sharings = All, UntieAfter = untieAfter });

    /// <summary>Statistics, dropout, augmentation, a bias of its own for each tile, and a rate that goes up and down.</summary>
    private static ModelDescription Model(int threads) => new(
        new NetworkDescription(
            "tiny",
            [1, 8, 8],
            [
                new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 4, Stride = [2, 2], Padding = Padding.Same }),
                new BatchNormalisation(),
                new Relu(),
                new Dropout(0.1),
                new Dense(3),
            ]),
        ToyTask.Training with { Epochs = 4, Threads = threads, ValidationFraction = 0, KeepBest = false, Schedule = new OneCycleSchedule() },
        ToyTask.Preparation);

    private static double[] Outputs(NetworkParameters<double> parameters, int batch, Tensor<double> input, bool exactly)
    {
        var execution = new NetworkExecution<double>(parameters.Network, parameters, batch, new ExecutionOptions { Threads = 1, UseReference = exactly });
        var output = new double[execution.OutputShape.Product];
        execution.Forward(input).FlattenTo(output);
        return output;
    }

    private static Parameter<double>[] Parameter(string name, Sizes shape) => [new(name, new ParameterDescription("kernel", shape, 0, 0, ParameterRole.Weight))];

    private static Parameter<double>[] Gradient(Parameter<double>[] of, double value)
    {
        Parameter<double>[] gradient = [new(of[0].Name, of[0].Description)];
        gradient[0].Span.Fill(value);
        return gradient;
    }

    /// <summary>Stops in the middle of the third variant.</summary>
    private sealed class Stop(CancellationTokenSource source) : IProgress<SharingProgress>
    {
        public void Report(SharingProgress value)
        {
            if (value.Sharing == Sharing.Tiled([3]) && value.Training.Epoch == 3) source.Cancel();
        }
    }
}
