using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using CsCheck;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Inference;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Tests.Files;
using Xunit;

namespace Tessera.Tests.Execution.Inference;

public class InferenceExecutionTests
{
    /// <summary>Largest difference to the plain execution, in parts of the largest output: what folding and another order of sums may change.</summary>
    private const double FloatBound = 5e-5;
    private const double DoubleBound = 1e-12;

    [Fact]
    public void Random_graphs_give_what_the_plain_execution_gives()
    {
        for (var seed = 0; seed < 80; seed++)
        {
            var network = RandomNetwork.Of(seed);
            Agrees<double>(network, 1 + (seed % 3), new() { Threads = 1 }, DoubleBound);
            Agrees<float>(network, 1 + (seed % 3), new() { Threads = 1 }, FloatBound);
        }
    }

    [Theory]
    [InlineData(InstructionSet.Best)]
    [InlineData(InstructionSet.Avx2)]
    [InlineData(InstructionSet.Portable)]
    public void Random_convnets_give_what_the_plain_execution_gives(InstructionSet instructions)
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var network = RandomConvnet.Of(seed);
            Agrees<float>(network, 1 + (seed % 3), new() { Threads = 1, Instructions = instructions }, FloatBound);
            if (seed % 4 == 0) Agrees<double>(network, 1, new() { Threads = 1, Instructions = instructions }, DoubleBound);
            if (seed % 8 == 0) Agrees<double>(network, 1, new() { Threads = 1, Instructions = instructions, Exact = true }, DoubleBound);
        }
    }

    [Fact]
    public void Random_convnets_have_every_blocked_algorithm_and_every_fusion()
    {
        Assert.SkipUnless(Vector256.IsHardwareAccelerated, "Short vectors leave some of the algorithms out.");
        var steps = Enumerable.Range(0, 60).SelectMany(seed =>
        {
            var network = RandomConvnet.Of(seed);
            return new InferenceExecution<float>(network, NetworkParameters<float>.Create(network, 1), 2, new() { Threads = 1 }).Steps;
        }).ToArray();
        foreach (var words in (string[])["blocked product", "groups", "planes of", "blocked depthwise", "blocked Winograd", "positions gathered", "max pooling", "average pooling", "blocked sum", "blocked normalisation", "blocked product of elements", "blocked map", "blocked transposed", "copy of channels"])
        {
            Assert.Contains(steps, step => step.Algorithm.Contains(words, StringComparison.Ordinal));
        }

        Assert.Contains(steps, step => step.Layers.Count >= 4);
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        for (var seed = 0; seed < 24; seed++)
        {
            var network = RandomConvnet.Of(seed);
            var one = Run<float>(network, 3, new() { Threads = 1 });
            Assert.Equal(one, Run<float>(network, 3, new() { Threads = 2 }));
            Assert.Equal(one, Run<float>(network, 3, new() { Threads = 5 }));
        }
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        for (var seed = 0; seed < 6; seed++)
        {
            var network = RandomConvnet.Of(seed);
            var execution = new InferenceExecution<float>(network, NetworkParameters<float>.Create(network, 1), 2, new() { Threads = 2 });
            var input = new float[execution.InputShape.Product];
            Assert.Equal(0, Allocations.Least(() => execution.Forward(input)));
        }
    }

    [Fact]
    public void Normalisation_sum_and_activation_run_behind_the_convolution()
    {
        var network = Residual(Sharing.Shared);
        var execution = new InferenceExecution<float>(network, NetworkParameters<float>.Create(network, 1), 1, new() { Threads = 1 });
        string[] fused = [.. execution.Steps.Where(step => step.Layers.Count > 0).Select(step => string.Join("+", step.Layers))];
        Assert.Equal(["a+a-norm+a-relu", "b+b-norm+sum+relu", "end"], fused);
    }

    [Fact]
    public void Normalisation_folds_into_every_sharing_and_into_transposes()
    {
        foreach (var sharing in (Sharing[])[Sharing.Shared, Sharing.Unshared, Sharing.Tiled([2, 3])])
        {
            var network = Residual(sharing);
            Assert.Contains(new InferenceExecution<double>(network, NetworkParameters<double>.Create(network, 1), 1).Steps, step => step.Layers.SequenceEqual(["b", "b-norm", "sum", "relu"]));
            Agrees<double>(network, 2, new() { Threads = 1 }, DoubleBound);
        }

        foreach (var groups in (int[])[1, 2])
        {
            var network = new NetworkDescription("transpose", [4, 5, 5],
            [
                new TransposedConvolution(new() { Kernel = [3, 3], Outputs = 4, Stride = [2, 2], Channels = ChannelConnections.Groups(groups) }, 6) { Bias = groups == 1 },
                new BatchNormalisation(), new Dense(7), new BatchNormalisation(), new Sigmoid(),
            ]);
            Assert.Equal(["deconv1+norm1", "dense1+norm2+sigmoid1"], new InferenceExecution<double>(network, NetworkParameters<double>.Create(network, 1), 1).Steps.Select(step => string.Join("+", step.Layers)));
            Agrees<double>(network, 2, new() { Threads = 1 }, DoubleBound);
        }
    }

    [Fact]
    public void Further_outputs_constants_and_sums_of_other_shapes_stay_what_they_are()
    {
        NetworkDescription network = new("heads", [16, 12, 12],
        [
            new Constant([16, 1, 1]) { Name = "mean", InitialValue = 0.25 },
            new Subtract { Name = "centred", Inputs = ["input", "mean"] },
            new Convolution(new() { Kernel = [3, 3], Outputs = 16, Padding = Padding.Same }) { Name = "trunk" },
            new BatchNormalisation { Name = "norm" },
            new Constant([1, 12]) { Name = "row", InitialValue = -0.5 },
            new Add { Name = "shifted", Inputs = ["norm", "row"] },
            new Relu { Name = "bent" },
            new Convolution(new() { Kernel = [1, 1], Outputs = 16 }) { Name = "again" },
            new GlobalPool { Name = "pooled" },
            new Add { Name = "spread", Inputs = ["again", "pooled"] },
            new Concatenate { Name = "stacked", Inputs = ["spread", "bent"], Axis = 2 },
            new Convolution(new() { Kernel = [3, 3], Outputs = 8 }) { Name = "scores", Inputs = ["stacked"] },
            new Convolution(new() { Kernel = [3, 3], Outputs = 4, Stride = [2, 2] }) { Name = "boxes", Inputs = ["bent"] },
            new Softmax { Name = "end", Inputs = ["scores"] },
        ],
            ["boxes", "norm", "spread", "scores"]);
        var parameters = NetworkParameters<double>.Create(network, 5);
        foreach (var batch in new[] { 1, 4 })
        {
            NetworkExecution<double> plain = new(network, parameters, batch);
            InferenceExecution<double> fused = new(network, parameters, batch, new() { Threads = 2 });
            for (var run = 0; run < 2; run++)
            {
                var input = NetworkGradients.Random<double>(plain.InputShape, 3, run);
                plain.Forward(input);
                fused.Forward(input);
                foreach (var output in network.FurtherOutputs.Append("end"))
                {
                    double[] expected = Numbers(plain.Activation(output)), actual = Numbers(fused.Activation(output));
                    Assert.True(expected.Zip(actual, (one, other) => Math.Abs(one - other)).Max() <= DoubleBound * expected.Max(Math.Abs), output);
                }
            }

            Assert.Throws<ArgumentException>(() => fused.Activation("bent").FlattenedLength);
        }

        static double[] Numbers(ReadOnlyTensorSpan<double> tensor)
        {
            var numbers = new double[tensor.FlattenedLength];
            tensor.FlattenTo(numbers);
            return numbers;
        }
    }

    /// <summary>Depthwise kernels of three by three taps have rows of their own, whose ends lie inside or outside on either side; others are beside them.</summary>
    [Fact]
    public void Depthwise_convolutions_of_any_size_stride_and_padding_give_what_the_plain_execution_gives() => DepthwiseNetwork.Sample(
        network =>
        {
            Agrees<float>(network, 2, new() { Threads = 1 }, FloatBound);
            Agrees<double>(network, 1, new() { Threads = 1 }, DoubleBound);
        },
        iter: 300,
        threads: 1);

    private static readonly Gen<NetworkDescription> DepthwiseNetwork =
        from channels in Gen.Int[1, 40]
        from size in Gen.Select(Gen.Int[3, 19], Gen.Int[3, 19])
        from kernel in Gen.Frequency((3, Gen.Const(3)), (1, Gen.Int[2, 4]))
        from stride in Gen.Select(Gen.Int[1, 2], Gen.Int[1, 3])
        from dilation in Gen.Frequency((3, Gen.Const(1)), (1, Gen.Const(2)))
        from low in Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2])
        from high in Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2])
        from adds in Gen.Bool
        from isBounded in Gen.Bool
        where size.Item1 + low.Item1 + high.Item1 > dilation * (kernel - 1) && size.Item2 + low.Item2 + high.Item2 > dilation * (kernel - 1)
        let operation = new ConvolutionDescription
        {
            Kernel = [kernel, kernel],
            Outputs = channels,
            Stride = [stride.Item1, stride.Item2],
            Dilation = [dilation, dilation],
            Padding = Padding.Explicit([low.Item1, low.Item2], [high.Item1, high.Item2]),
            Channels = ChannelConnections.Depthwise,
        }
        select new NetworkDescription("depthwise", [channels, size.Item1, size.Item2],
        [
            new Convolution(operation) { Name = "conv" },
            .. adds ? (Layer[])[new Convolution(operation) { Name = "other", Inputs = [NetworkDescription.InputName] }, new Add { Name = "sum", Inputs = ["other", "conv"] }] : [],
            new Clip(0, isBounded ? 0.5 : 1e6) { Name = "held" },
        ]);

    [Fact]
    public void Models_of_any_layers_give_what_the_plain_execution_gives() => RandomModel.Any.Sample(
        model => Agrees<double>(RandomModel.Plain(model.Network), 3, new() { Threads = 1 }, 1e-10),
        iter: 60,
        threads: 1);

    [Fact]
    public void Constants_gates_and_borders_of_a_model_run_with_its_convolutions()
    {
        var network = new NetworkDescription("written", [16, 9, 9],
        [
            new Pad([0, 0], [1, 1]) { Name = "pad" },
            new Convolution(new() { Kernel = [3, 3], Outputs = 16, Stride = [2, 2], Channels = ChannelConnections.Depthwise, Bias = BiasSharing.None }) { Name = "conv" },
            new Constant([]) { Name = "two", InitialValue = 2 },
            new Multiply { Name = "doubled", Inputs = ["conv", "two"] },
            new Constant([1, 16, 1, 1]) { Name = "each", InitialValue = 0.5 },
            new Add { Name = "raised", Inputs = ["each", "doubled"] },
            new Constant([1]) { Name = "three", InitialValue = 3 },
            new Add { Name = "further", Inputs = ["raised", "three"] },
            new Clip(0, 6) { Name = "held" },
            new Multiply { Name = "gated", Inputs = ["raised", "held"] },
            new Constant([]) { Name = "six", InitialValue = 6 },
            new Divide { Name = "swish", Inputs = ["gated", "six"] },
            new Convolution(new() { Kernel = [1, 1], Outputs = 16 }) { Name = "end" },
        ]);
        var steps = new InferenceExecution<float>(network, NetworkParameters<float>.Create(network, 1), 2, new() { Threads = 1 }).Steps.Where(step => step.Layers.Count > 1);
        Assert.Equal(["pad", "conv", "doubled", "raised", "further", "held", "gated", "swish"], Assert.Single(steps).Layers);
        Agrees<float>(network, 2, new() { Threads = 1 }, FloatBound);
        Agrees<double>(network, 1, new() { Threads = 1 }, DoubleBound);
        Agrees<double>(network, 1, new() { Threads = 1, Instructions = InstructionSet.Portable }, DoubleBound);
    }

    [Fact]
    public void What_another_layer_takes_is_not_folded_away()
    {
        var network = new NetworkDescription("branch", [16, 6, 6],
        [
            new Convolution(new() { Kernel = [3, 3], Outputs = 16, Padding = Padding.Same }) { Name = "a" },
            new BatchNormalisation { Name = "norm" },
            new Concatenate { Inputs = ["norm", "a"] },
        ]);
        Assert.Equal(["a", "norm"], new InferenceExecution<double>(network, NetworkParameters<double>.Create(network, 1), 1).Steps.SelectMany(step => step.Layers));
        Agrees<double>(network, 2, new() { Threads = 1 }, DoubleBound);
    }

    [Fact]
    public void Parts_of_a_concatenation_are_written_in_place()
    {
        var network = new NetworkDescription("fire", [16, 8, 8],
        [
            new Convolution(new() { Kernel = [1, 1], Outputs = 16 }) { Name = "squeeze" },
            new Convolution(new() { Kernel = [1, 1], Outputs = 32 }) { Name = "one", Inputs = ["squeeze"] },
            new Convolution(new() { Kernel = [3, 3], Outputs = 32, Padding = Padding.Same }) { Name = "three", Inputs = ["squeeze"] },
            new Concatenate { Name = "join", Inputs = ["one", "three"] },
            new Convolution(new() { Kernel = [1, 1], Outputs = 16 }) { Name = "end" },
        ]);
        var execution = new InferenceExecution<float>(network, NetworkParameters<float>.Create(network, 1), 2, new() { Threads = 1 });
        Assert.DoesNotContain(execution.Steps, step => step.Layers.Contains("join"));
        Agrees<float>(network, 2, new() { Threads = 1 }, FloatBound);
    }

    [Fact]
    public void Large_images_run_for_a_part_of_the_batch_at_a_time()
    {
        var network = new NetworkDescription("large", [3, 120, 120],
        [
            new Convolution(new() { Kernel = [3, 3], Outputs = 32, Padding = Padding.Same }) { Name = "a" },
            new Convolution(new() { Kernel = [1, 1], Outputs = 16 }) { Name = "b" },
            new Concatenate { Name = "join", Inputs = ["a", "b"] },
            new Convolution(new() { Kernel = [3, 3], Outputs = 32, Stride = [2, 2] }) { Name = "c" },
            new Relu { Name = "relu" },
            new Flatten { Name = "flat" },
            new Dense(3) { Name = "end" },
            new GlobalPool { Name = "pool", Inputs = ["b"] },
            new Dense(3) { Name = "other" },
            new Add { Inputs = ["end", "other"] },
        ]);
        var steps = new InferenceExecution<float>(network, NetworkParameters<float>.Create(network, 1), 6, new() { Threads = 1 }).Steps;
        Assert.Contains(steps, step => step.Algorithm.EndsWith("1 of 6 examples at a time", StringComparison.Ordinal));
        Assert.DoesNotContain(steps, step => step.Layers.Contains("end") && step.Algorithm.Contains("at a time", StringComparison.Ordinal));
        Agrees<float>(network, 6, new() { Threads = 1 }, FloatBound);
    }

    /// <summary>Few tiles and a kernel of megabytes; many tiles, by parts; one in between, whose last tiles hang over the edge.</summary>
    [Theory]
    [InlineData(160, 256, 14, 17, "kernel transformed where it is used")]
    [InlineData(64, 16, 121, 118, "kernel transformed once")]
    [InlineData(40, 72, 15, 30, "kernel transformed once")]
    public void Winograd_on_blocks_gives_what_the_plain_execution_gives(int inputs, int outputs, int height, int width, string words)
    {
        var network = new NetworkDescription("winograd", [inputs, height, width],
        [
            new Convolution(new() { Kernel = [3, 3], Outputs = outputs, Padding = Padding.Explicit([1, 0], [2, 1]) }),
            new Relu(),
            new GlobalPool(),
        ]);
        var step = new InferenceExecution<float>(network, NetworkParameters<float>.Create(network, 1), 1, new() { Threads = 1 }).Steps[1];
        Assert.Contains("Winograd", step.Algorithm, StringComparison.Ordinal);
        if (Vector512.IsHardwareAccelerated) Assert.Contains(words, step.Algorithm, StringComparison.Ordinal);
        Agrees<float>(network, 1, new() { Threads = 2 }, FloatBound);
        Agrees<float>(network, 1, new() { Threads = 1, Exact = true }, FloatBound);
    }

    [Fact]
    public void Changed_parameters_are_taken_when_asked()
    {
        var network = Residual(Sharing.Shared);
        var parameters = NetworkGradients.Parameters<double>(network, 1);
        var execution = new InferenceExecution<double>(network, parameters, 1, new() { Threads = 1 });
        foreach (var parameter in parameters)
        {
            foreach (ref var value in parameter.Span) value *= 1.25;
        }

        execution.Update();
        var input = NetworkGradients.Random<double>(execution.InputShape, 3, 1);
        Close(new NetworkExecution<double>(network, parameters, 1).Forward(input).ToArray(), execution.Forward(input).ToArray(), DoubleBound, network);
    }

    [Fact]
    public void Options_of_training_are_refused()
    {
        var network = Residual(Sharing.Shared);
        var parameters = NetworkParameters<float>.Create(network, 1);
        var message = Assert.Throws<ArgumentException>(() => new InferenceExecution<float>(network, parameters, 1, new() { KeepActivations = true })).Message;
        Assert.StartsWith("options: an inference has no backward pass and keeps no activations; make a NetworkExecution for these.", message, StringComparison.Ordinal);
    }

    private static NetworkDescription Residual(Sharing sharing) => new("residual", [16, 7, 7],
    [
        new Convolution(new() { Kernel = [3, 3], Outputs = 16, Padding = Padding.Same, Bias = BiasSharing.None }) { Name = "a" },
        new BatchNormalisation { Name = "a-norm" },
        new Relu { Name = "a-relu" },
        new Convolution(new() { Kernel = [3, 3], Outputs = 16, Padding = Padding.Same, Sharing = sharing }) { Name = "b" },
        new BatchNormalisation { Name = "b-norm" },
        new Dropout(0.3) { Name = "drop" },
        new Add { Name = "sum", Inputs = ["drop", "input"] },
        new Relu { Name = "relu" },
        new Dense(4) { Name = "end" },
    ]);

    private static void Agrees<T>(NetworkDescription network, int batch, ExecutionOptions options, double bound)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var parameters = NetworkGradients.Parameters<T>(network, 5);
        var plain = new NetworkExecution<T>(network, parameters, batch, options);
        var fused = new InferenceExecution<T>(network, parameters, batch, options);
        // Twice: what the first run leaves in memory must not reach the second.
        for (var run = 0; run < 2; run++)
        {
            var input = NetworkGradients.Random<T>(plain.InputShape, run, 1);
            Close(plain.Forward(input).ToArray(), fused.Forward(input).ToArray(), bound, network);
        }
    }

    private static void Close<T>(T[] expected, T[] actual, double bound, NetworkDescription network)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Assert.Equal(expected.Length, actual.Length);
        var largest = expected.Where(T.IsFinite).Select(value => Math.Abs(double.CreateChecked(value))).Append(0).Max() + 1e-3;
        for (var i = 0; i < expected.Length; i++)
        {
            if (T.IsNaN(expected[i]) && T.IsNaN(actual[i])) continue;
            var difference = Math.Abs(double.CreateChecked(expected[i]) - double.CreateChecked(actual[i]));
            Assert.True(difference <= bound * largest, $"{network}\noutput {i}: {expected[i]} plain, {actual[i]} fused, largest {largest:g3}");
        }
    }

    private static T[] Run<T>(NetworkDescription network, int batch, ExecutionOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var execution = new InferenceExecution<T>(network, NetworkGradients.Parameters<T>(network, 5), batch, options);
        return execution.Forward(NetworkGradients.Random<T>(execution.InputShape, 1, 1)).ToArray();
    }
}
