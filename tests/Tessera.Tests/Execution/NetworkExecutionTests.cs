using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Xunit;

namespace Tessera.Tests.Execution;

public class NetworkExecutionTests
{
    private static readonly NetworkDescription LeNet = new("lenet", [1, 28, 28],
    [
        new Convolution(new() { Kernel = [5, 5], Outputs = 6, Padding = Padding.Same }),
        new BatchNormalisation(),
        new Tanh(),
        new MaxPool { Window = [2, 2] },
        new Convolution(new() { Kernel = [5, 5], Outputs = 16, Channels = ChannelConnections.Table(ConnectionTable.LeNet5) }),
        new Relu(),
        new AveragePool { Window = [2, 2] },
        new Dropout(0.25),
        new Flatten(),
        new Dense(120),
        new Sigmoid(),
        new Dense(10),
        new Softmax(),
    ]);

    [Fact]
    public void An_output_outlives_its_execution()
    {
        var output = OutputOfAnExecutionThatIsGone(out var copy);
        for (var i = 0; i < 3; i++) GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        for (var i = 0; i < 50; i++) GC.AllocateUninitializedArray<byte>(1 << 16, pinned: true).AsSpan().Fill(255);
        var after = new float[copy.Length];
        output.FlattenTo(after);
        Assert.Equal(copy, after);
    }

    [Fact]
    public void Further_outputs_are_kept_and_take_no_part_in_training()
    {
        Layer[] layers =
        [
            new Convolution(new() { Kernel = [3], Outputs = 4 }) { Name = "trunk" },
            new Relu { Name = "rectified" },
            new Convolution(new() { Kernel = [3], Outputs = 2 }) { Name = "boxes", Inputs = ["rectified"] },
            new Tanh { Name = "squashed", Inputs = ["boxes"] },
            new Convolution(new() { Kernel = [1], Outputs = 3 }) { Name = "scores", Inputs = ["rectified"] },
            new Relu { Name = "positive", Inputs = ["scores"] },
            new Softmax { Name = "end" },
        ];
        NetworkDescription both = new("both", [2, 12], layers, ["squashed", "trunk"]), one = new("one", [2, 12], [layers[0], layers[1], layers[4], layers[5], layers[6]]);
        NetworkDescription side = new("side", [2, 12], layers[..4]);
        var parameters = NetworkParameters<float>.Create(both, 3);
        var execution = new NetworkExecution<float>(both, parameters, 5, new() { Training = true });
        var inference = new NetworkExecution<float>(both, parameters, 5);
        var alone = new NetworkExecution<float>(one, Like(one), 5, new() { Training = true });
        var input = NetworkGradients.Random<float>(execution.InputShape, 1, 1);
        Assert.Equal(Numbers(alone.Forward(input)), Numbers(execution.Forward(input)));
        Assert.Equal(Numbers(alone.Forward(input)), Numbers(inference.Forward(input)));
        Assert.Equal(Numbers(new NetworkExecution<float>(side, Like(side), 5).Forward(input)), Numbers(inference.Activation("squashed")));
        Assert.Equal(Numbers(execution.Activation("trunk")), Numbers(inference.Activation("trunk")));
        Assert.Throws<InvalidOperationException>(() => inference.Activation("scores").FlattenedLength);
        var gradient = NetworkGradients.Random<float>(execution.OutputShape, 1, 2);
        execution.Backward(gradient);
        alone.Backward(gradient);
        foreach (var expected in alone.Gradients) Assert.Equal(expected.Span, execution.Gradients.Single(found => found.Name == expected.Name).Span);
        Assert.All(execution.Gradients.Where(found => found.Name.StartsWith("boxes", StringComparison.Ordinal)), found => Assert.Equal(-1, found.Span.IndexOfAnyExcept(0f)));

        NetworkParameters<float> Like(NetworkDescription network)
        {
            var same = NetworkParameters<float>.Zero(network);
            foreach (var parameter in same) parameters[parameter.Name].Span.CopyTo(parameter.Span);
            return same;
        }

        static float[] Numbers(ReadOnlyTensorSpan<float> tensor)
        {
            var numbers = new float[tensor.FlattenedLength];
            tensor.FlattenTo(numbers);
            return numbers;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_training_step_allocates_nothing_after_the_first(int threads)
    {
        var execution = new NetworkExecution<float>(LeNet, NetworkParameters<float>.Create(LeNet, 1), 8, new() { Training = true, Threads = threads });
        var input = NetworkGradients.Random<float>(execution.InputShape, 1, 1);
        var gradient = NetworkGradients.Random<float>(execution.OutputShape, 1, 2);
        for (var step = 0; step < 3; step++) Train(step);
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (var step = 3; step < 8; step++) Train(step);
        }));

        void Train(long step)
        {
            execution.Step = step;
            execution.Forward(input);
            execution.Backward(gradient);
        }
    }

    [Fact]
    public void Shared_memory_is_less_than_unshared_and_inference_less_than_training()
    {
        var training = MemoryPlan.Of<float>(LeNet, 32, new() { Training = true, Threads = 1 });
        var inference = MemoryPlan.Of<float>(LeNet, 32, new() { Threads = 1 });
        Assert.True(training.ActivationBytes < 0.6 * training.UnsharedActivationBytes, $"{training}");
        Assert.True(inference.ActivationBytes < 0.5 * training.ActivationBytes, $"{inference}, training {training}");
        Assert.Equal(LeNet.ParameterCount * 4, training.ParameterBytes);
        Assert.Equal(0, inference.GradientBytes);
    }

    [Fact]
    public void A_plan_of_the_memory_allocates_little_and_an_execution_agrees_with_it()
    {
        var network = new NetworkDescription("large", [64, 512, 512], [new Relu(), new Sigmoid()]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var plan = MemoryPlan.Of<double>(network, 16, new() { Training = true, InputGradient = true });
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
        Assert.True(plan.ActivationBytes >= 16L * 64 * 512 * 512 * 8);
        var small = new NetworkExecution<float>(LeNet, NetworkParameters<float>.Create(LeNet, 1), 2);
        Assert.Equal(MemoryPlan.Of<float>(LeNet, 2), small.Memory);
    }

    [Fact]
    public void The_first_layer_with_values_that_are_not_finite_is_found()
    {
        var parameters = NetworkParameters<float>.Create(LeNet, 1);
        var execution = new NetworkExecution<float>(LeNet, parameters, 4, new() { Training = true, Threads = 1 });
        var input = NetworkGradients.Random<float>(execution.InputShape, 1, 1);
        var output = execution.Forward(input).ToArray();
        execution.Backward(NetworkGradients.Random<float>(execution.OutputShape, 1, 2));
        var statistics = parameters["norm1.mean"].Span.ToArray();
        Assert.Null(execution.FindNonFinite());
        Assert.Equal(statistics, parameters["norm1.mean"].Span.ToArray());
        Assert.Equal(output, execution.Activation("softmax1").ToArray());

        parameters["conv2.kernel"].Span[17] = float.NaN;
        execution.Forward(input);
        Assert.Equal("conv2", execution.FindNonFinite());
        var broken = NetworkGradients.Random<float>(execution.InputShape, 1, 1);
        broken[1, 0, 3, 3] = float.PositiveInfinity;
        execution.Forward(broken);
        Assert.Equal("input", execution.FindNonFinite());
    }

    [Fact]
    public void Dropout_follows_from_seed_layer_and_step()
    {
        var network = new NetworkDescription("drop", [1, 100, 100], [new Dropout(0.3), new Dropout(0.3) { Inputs = ["input"] }, new Concatenate { Inputs = ["dropout1", "dropout2"] }]);
        var parameters = NetworkParameters<float>.Create(network, 1);
        var ones = Tensor.Create(Enumerable.Repeat(1f, 20_000).ToArray(), [2, 1, 100, 100]);
        var execution = new NetworkExecution<float>(network, parameters, 2, new() { Training = true, Seed = 5 });
        var first = Draw(execution, 7);
        Assert.All(first, value => Assert.True(value is 0 or 1 / 0.7f));
        Assert.InRange(first.Count(value => value == 0) / 40_000.0, 0.29, 0.31);
        Assert.InRange(first[..10_000].Zip(first[10_000..20_000]).Count(pair => pair.First == pair.Second) / 10_000.0, 0.56, 0.60);
        Assert.NotEqual(first, Draw(execution, 8));
        Assert.Equal(first, Draw(new NetworkExecution<float>(network, parameters, 2, new() { Training = true, Seed = 5 }), 7));
        Assert.NotEqual(first, Draw(new NetworkExecution<float>(network, parameters, 2, new() { Training = true, Seed = 6 }), 7));
        Assert.All(Draw(new NetworkExecution<float>(network, parameters, 2), 7), value => Assert.Equal(1, value));

        float[] Draw(NetworkExecution<float> execution, long step)
        {
            execution.Step = step;
            return execution.Forward(ones).ToArray();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Unpooling_puts_each_value_where_the_winner_stood(bool training)
    {
        var network = new NetworkDescription("unpool", [1, 4],
        [
            new MaxPool { Window = [2] },
            new Convolution(new() { Kernel = [1], Outputs = 1 }) { Name = "double" },
            new MaxUnpool("pool1"),
            new Dense(4),
        ]);
        var parameters = NetworkParameters<float>.Zero(network);
        parameters["double.kernel"].Span.Fill(2);
        for (var i = 0; i < 4; i++) parameters["dense1.kernel"].Span[i * 5] = 1;
        var execution = new NetworkExecution<float>(network, parameters, 2, new() { Training = training });
        var output = execution.Forward(Tensor.Create(new float[] { 1, 3, 7, 5, -2, -1, -4, -3 }, [2, 1, 4]));
        Assert.Equal([0, 6, 14, 0, 0, -2, 0, -6], output.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Positions_of_winners_are_counted_over_all_of_what_was_pooled(bool training)
    {
        var network = new NetworkDescription("positions", [2, 4], [new MaxPool { Window = [2], Name = "pool" }, new MaxPositions("pool"), new Dense(1)], ["positions1"]);
        var execution = new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 2, new() { Training = training, InputGradient = training });
        execution.Forward(Tensor.Create(new float[] { 1, 3, 7, 5, 0, 0, 1, 2, -2, -1, -4, -3, 9, 8, 7, 8 }, [2, 2, 4]));
        Assert.Equal([1, 2, 4, 7, 9, 11, 12, 15], execution.Activation("positions1").ToArray());
        if (!training) return;
        execution.Backward(Tensor.Create(new float[] { 1, 1 }, [2, 1]));
        Assert.Equal(new float[16], execution.InputGradient.ToArray());
    }

    [Fact]
    public void A_network_over_four_spatial_axes_runs_and_allocates_nothing()
    {
        var network = new NetworkDescription("four", [1, 3, 3, 3, 3], [new Convolution(new() { Kernel = [2, 2, 2, 2], Outputs = 2 }), new Relu(), new Dense(2)]);
        var execution = new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 2, new() { Training = true, Threads = 1 });
        var input = NetworkGradients.Random<float>(execution.InputShape, 1, 1);
        var gradient = NetworkGradients.Random<float>(execution.OutputShape, 1, 2);
        execution.Forward(input);
        execution.Backward(gradient);
        Assert.Equal(0, Allocations.Least(() =>
        {
            execution.Forward(input);
            execution.Backward(gradient);
        }));
    }

    [Fact]
    public void Batch_normalisation_measures_in_training_and_uses_what_it_measured_in_inference()
    {
        var network = new NetworkDescription("norm", [1, 2], [new BatchNormalisation { Momentum = 0.5, Epsilon = 1e-9 }]);
        var parameters = NetworkParameters<double>.Create(network, 1);
        var training = new NetworkExecution<double>(network, parameters, 2, new() { Training = true });
        // Mean 4, biased variance 5, unbiased 20 / 3.
        var input = Tensor.Create(new double[] { 1, 3, 5, 7 }, [2, 1, 2]);
        var output = training.Forward(input).ToArray();
        Assert.Equal(-3 / Math.Sqrt(5), output[0], 1e-8);
        Assert.Equal(2, parameters["norm1.mean"].Span[0], 1e-12);
        Assert.Equal(0.5 + (0.5 * 20 / 3), parameters["norm1.variance"].Span[0], 1e-12);
        var inference = new NetworkExecution<double>(network, parameters, 2);
        Assert.Equal(-1 / Math.Sqrt(0.5 + (10.0 / 3)), inference.Forward(input).ToArray()[0], 1e-8);
    }

    [Fact]
    public void Batch_normalisation_survives_a_mean_that_dwarfs_its_deviation()
    {
        var network = new NetworkDescription("norm", [1, 1000], [new BatchNormalisation()]);
        var values = Enumerable.Range(0, 2000).Select(i => 10_000f + (i % 2)).ToArray();
        var output = new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 2, new() { Training = true })
            .Forward(Tensor.Create(values, [2, 1, 1000])).ToArray();
        Assert.Equal(-1, output[0], 1e-3);
        Assert.Equal(1, output[1], 1e-3);
    }

    [Fact]
    public void Tails_that_die_away_are_flushed_to_zero()
    {
        var network = new NetworkDescription("tails", [5], [new Sigmoid()]);
        var execution = new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 1, new() { Training = true, InputGradient = true });
        var output = execution.Forward(Tensor.Create(new[] { -88f, -95f, -103f, 0f, float.NaN }, [1, 5])).ToArray();
        Assert.All(output, value => Assert.False(float.IsSubnormal(value)));
        Assert.True(float.IsNaN(output[4]));
        execution.Backward(Tensor.Create(new[] { 1e-10f, 1e-10f, 1f, 1f, 1f }, [1, 5]));
        Assert.All(execution.InputGradient.ToArray(), value => Assert.False(float.IsSubnormal(value)));
    }

    [Fact]
    public void Infinite_and_far_inputs_give_the_limits()
    {
        var x = new[] { float.NegativeInfinity, -1e30f, -50f, 50f, 1e30f };
        Check(new Relu(), [0, 0, 0, 50, 1e30f]);
        Check(new Sigmoid(), [0, 0, 2e-22f, 1, 1]);
        Check(new Tanh(), [-1, -1, -1, 1, 1]);
        Check(new Softplus(), [0, 0, 2e-22f, 50, 1e30f]);
        Check(new Elu(2), [-2, -2, -2, 50, 1e30f]);
        Check(new Gelu(), [float.NaN, 0, 0, 50, 1e30f]);
        Check(new Silu(), [float.NaN, 0, 0, 50, 1e30f]);

        void Check(Layer layer, float[] expected)
        {
            var network = new NetworkDescription("limits", [5], [layer]);
            var execution = new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 1, new() { Training = true, InputGradient = true });
            var output = execution.Forward(Tensor.Create(x, [1, 5])).ToArray();
            for (var i = 0; i < 5; i++)
            {
                if (!float.IsNaN(expected[i])) Assert.Equal(expected[i], output[i], 1e-6 * Math.Max(1, Math.Abs(expected[i])));
            }

            execution.Backward(Tensor.Create(new[] { 1f, 1, 1, 1, 1 }, [1, 5]));
            Assert.All(execution.InputGradient.ToArray()[1..], value => Assert.True(float.IsFinite(value), $"{layer.Kind}: {value}"));
        }
    }

    [Fact]
    public void Passes_in_the_wrong_order_or_shape_are_refused_with_a_way_out()
    {
        var network = new NetworkDescription("net", [3], [new Dense(2)]);
        var parameters = NetworkParameters<float>.Create(network, 1);
        var training = new NetworkExecution<float>(network, parameters, 4, new() { Training = true });
        var inference = new NetworkExecution<float>(network, parameters, 4);
        var gradient = NetworkGradients.Random<float>([4, 2], 1, 1);
        Assert.Equal("backward: run a forward pass first, one for each backward pass.", Message<InvalidOperationException>(() => training.Backward(gradient)));
        Assert.Equal("backward: this execution is for inference; make one with ExecutionOptions.Training.", Message<InvalidOperationException>(() => inference.Backward(gradient)));
        Assert.StartsWith("input: its shape is 4×2 but the plan takes 4×3", Message<ArgumentException>(() => training.Forward(gradient)), StringComparison.Ordinal);
        Assert.StartsWith("input gradient: it was not computed", Message<InvalidOperationException>(() => _ = training.InputGradient), StringComparison.Ordinal);
        var deep = new NetworkDescription("net", [3], [new Relu(), new Dense(2)]);
        var execution = new NetworkExecution<float>(deep, NetworkParameters<float>.Create(deep, 1), 1);
        Assert.StartsWith("activation: relu1's memory has been used again", Message<InvalidOperationException>(() => _ = execution.Activation("relu1")), StringComparison.Ordinal);
        Assert.StartsWith("there is no layer 'rela1'; did you mean 'relu1'?", Message<ArgumentException>(() => _ = execution.Activation("rela1")), StringComparison.Ordinal);
        Assert.StartsWith("parameters: they were made for another network", Message<ArgumentException>(() => _ = new NetworkExecution<float>(deep, parameters, 1)), StringComparison.Ordinal);
        Assert.StartsWith("norm1: training on 1×3 gives each channel a single value", Message<ArgumentException>(() =>
        {
            var norm = new NetworkDescription("net", [3], [new BatchNormalisation()]);
            MemoryPlan.Of<float>(norm, 1, new() { Training = true });
        }), StringComparison.Ordinal);
        Assert.StartsWith("net: a batch of 0", Message<ArgumentException>(() => _ = new NetworkExecution<float>(network, parameters, 0)), StringComparison.Ordinal);
    }

    private static string Message<TException>(Action action)
        where TException : Exception => Assert.ThrowsAny<TException>(action).Message;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ReadOnlyTensorSpan<float> OutputOfAnExecutionThatIsGone(out float[] copy)
    {
        var execution = new NetworkExecution<float>(LeNet, NetworkParameters<float>.Create(LeNet, 1), 2);
        var output = execution.Forward(NetworkGradients.Random<float>(execution.InputShape, 1, 1));
        copy = new float[output.FlattenedLength];
        output.FlattenTo(copy);
        return output;
    }
}
