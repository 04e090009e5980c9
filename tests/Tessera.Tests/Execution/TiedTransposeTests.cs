using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Execution;

public class TiedTransposeTests
{
    [Fact]
    public void A_tied_decoder_is_the_transpose_with_the_same_numbers_and_its_gradient_the_sum_of_both() => RandomOperator.Any.Holds(
        sample =>
        {
            var encoder = new Convolution(sample.Description) { Name = "encoder" };
            var tied = Run(sample, new NetworkDescription("tied", sample.InputShape.From(1), [encoder, new Tanh(), new TiedTranspose("encoder") { Name = "decoder" }]));
            var apart = Run(sample, new NetworkDescription("apart", sample.InputShape.From(1), [encoder, new Tanh(), new TransposedConvolution(sample.Description, sample.InputShape[1]) { Name = "decoder", SizeOf = "input" }]));
            Assert.Equal(apart.Output, tied.Output);
            Assert.Equal(apart.InputGradient, tied.InputGradient);
            foreach (var (name, gradient) in tied.Gradients)
            {
                if (name != "encoder.kernel")
                {
                    Assert.Equal(apart.Gradients[name], gradient);
                    continue;
                }

                var sum = new double[gradient.Length];
                TensorPrimitives.Add<double>(apart.Gradients["encoder.kernel"], apart.Gradients["decoder.kernel"], sum);
                var largest = sum.Max(Math.Abs);
                for (var i = 0; i < sum.Length; i++) Assert.Equal(sum[i], gradient[i], 1e-12 * (1 + largest));
            }
        },
        60);

    [Fact]
    public void Encoding_and_decoding_are_adjoint() => RandomOperator.Any.Holds(
        sample =>
        {
            // A layer of nothing but a bias for every position gives the decoder any code at all.
            var network = new NetworkDescription(
                "adjoint",
                sample.InputShape.From(1),
                [
                    new Convolution(sample.Description with { Bias = BiasSharing.None }) { Name = "code" },
                    new Convolution(sample.Description with { Sharing = Sharing.Unshared, Bias = BiasSharing.LikeKernel }) { Name = "any", Inputs = ["input"] },
                    new TiedTranspose("code") { Name = "decoded", Bias = false },
                    new TiedTranspose("code") { Name = "back", Inputs = ["code"], Bias = false },
                    new Add { Inputs = ["decoded", "back"] },
                ]);
            var parameters = NetworkParameters<double>.Create(network, sample.Seed);
            parameters["any.kernel"].Span.Clear();
            sample.RandomValues<double>(parameters["any.bias"].Span.Length, 5).CopyTo(parameters["any.bias"].Span);
            var execution = new NetworkExecution<double>(network, parameters, sample.InputShape[0], new() { KeepActivations = true, Threads = 1 });
            var v = sample.Random<double>(sample.InputShape, 1).ToDenseArray();
            execution.Forward(v);
            double[] code = execution.Activation("code").ToArray(), any = execution.Activation("any").ToArray(), decoded = execution.Activation("decoded").ToArray();
            var lengths = Math.Max(TensorPrimitives.Norm<double>(code) * TensorPrimitives.Norm<double>(any), TensorPrimitives.Norm<double>(v) * TensorPrimitives.Norm<double>(decoded));
            Assert.Equal(TensorPrimitives.Dot<double>(code, any), TensorPrimitives.Dot<double>(v, decoded), 1e-12 * (1 + lengths));
        },
        60);

    [Fact]
    public void Gradients_of_any_tied_operator_agree_with_differences() => RandomOperator.Any.Holds(
        sample => NetworkGradients.Check(
            new NetworkDescription("tied", sample.InputShape.From(1), [new Convolution(sample.Description) { Name = "encoder" }, new Tanh(), new TiedTranspose("encoder"), new Sigmoid()]),
            Math.Min(2, sample.InputShape[0]),
            sample.Seed),
        25);

    [Fact]
    public void Any_size_comes_back_whatever_the_stride_and_padding()
    {
        for (var size = 4; size < 16; size++)
        {
            foreach (var padding in new[] { Padding.Valid, Padding.Same, Padding.SameLower, Padding.Full })
            {
                foreach (var sharing in new[] { Sharing.Shared, Sharing.Tiled([2]), Sharing.Unshared })
                {
                    var network = new NetworkDescription(
                        "sizes",
                        [2, size],
                        [
                            new Convolution(new() { Kernel = [4], Outputs = 3, Stride = [3], Padding = padding, Sharing = sharing }) { Name = "one" },
                            new Convolution(new() { Kernel = [2], Outputs = 5, Stride = [2], Padding = Padding.Same }) { Name = "two" },
                            new TiedTranspose("two"),
                            new TiedTranspose("one"),
                        ]);
                    Assert.Equal([2, size], network.OutputShape(1).From(1));
                }
            }
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(2)]
    public void A_dense_layer_is_transposed_with_a_bias_for_each_channel(int channels)
    {
        Sizes input = channels == 6 ? [6] : [2, 3];
        var network = new NetworkDescription("dense", input, [new Dense(4) { Name = "code" }, new TiedTranspose("code")]);
        var parameters = NetworkGradients.Parameters<double>(network, 3);
        var execution = new NetworkExecution<double>(network, parameters, 5, new() { KeepActivations = true });
        var output = execution.Forward(NetworkGradients.Random<double>(execution.InputShape, 1, 1)).ToArray();
        var (code, kernel, bias) = (execution.Activation("code").ToArray(), parameters["code.kernel"].Span.ToArray(), parameters["tied1.bias"].Span.ToArray());
        Assert.Equal(channels, bias.Length);
        for (var i = 0; i < output.Length; i++)
        {
            var (n, c) = Math.DivRem(i, 6);
            Assert.Equal(bias[c * channels / 6] + Enumerable.Range(0, 4).Sum(m => code[(n * 4) + m] * kernel[(m * 6) + c]), output[i], 1e-12);
        }
    }

    [Fact]
    public void The_kernel_is_counted_once_and_the_decoder_has_the_encoders_work()
    {
        var network = new NetworkDescription(
            "small", [2, 9, 9], [new Convolution(new() { Kernel = [3, 3], Outputs = 4, Stride = [2, 2] }) { Name = "code" }, new TiedTranspose("code"), new Flatten(), new Dense(7) { Name = "flat" }, new TiedTranspose("flat")]);
        Assert.Equal(["code.kernel", "code.bias", "tied1.bias", "flat.kernel", "flat.bias", "tied2.bias"], network.Parameters.Select(parameter => parameter.Name));
        Assert.Equal((4 * 2 * 9) + 4 + 2 + (7 * 162) + 7 + 162, network.ParameterCount);
        var plan = NetworkPlan.Of<float>(network, 1, 1);
        Assert.Equal(plan.Layers[0].MultiplyAdds, plan.Layers[1].MultiplyAdds);
        Assert.Equal(plan.Layers[3].MultiplyAdds, plan.Layers[4].MultiplyAdds);
        Assert.Equal([false, true, false, false, true], plan.Layers.Select(layer => layer.IsTransposed));
        Assert.Equal(plan.Layers[0].Axes, plan.Layers[1].Axes);
        var untied = new NetworkDescription("untied", [2, 9, 9], [network.Layers[0], new TransposedConvolution(((Convolution)network.Layers[0]).Operator, 2) { SizeOf = "input" }]);
        Assert.Equal(
            ReceptiveFields.Of(untied)[1].SelectMany(reach => Enumerable.Range(0, 9).Select(p => reach[p])),
            plan.Layers[1].ReceptiveField.SelectMany(reach => Enumerable.Range(0, 9).Select(p => reach[p])));
    }

    [Fact]
    public void What_cannot_be_tied_is_refused_with_a_way_out()
    {
        var code = new Convolution(new() { Kernel = [3], Outputs = 4 }) { Name = "code" };
        Refused("tied1: the input 1×5×6 has another shape than the output 1×4×6 of code", [code, new Convolution(new() { Kernel = [1], Outputs = 5 }), new TiedTranspose("code")]);
        Refused("tied1: relu1 is of kind relu; name a convolution or dense layer", [code, new Relu(), new TiedTranspose("relu1")]);
        Refused("tied1: input is the network's input; name a convolution or dense layer", [code, new TiedTranspose("input")]);
        Refused("tied1: there is no layer 'cod'; did you mean 'code'?", [code, new TiedTranspose("cod")]);

        static void Refused(string text, Layer[] layers) =>
            Assert.StartsWith(text, Assert.ThrowsAny<ArgumentException>(() => new NetworkDescription("net", [2, 8], layers)).Message, StringComparison.Ordinal);
    }

    private static (double[] Output, double[] InputGradient, Dictionary<string, double[]> Gradients) Run(RandomOperator sample, NetworkDescription network)
    {
        var parameters = NetworkParameters<double>.Create(network, 1);
        foreach (var parameter in parameters) sample.RandomValues<double>(parameter.Span.Length, parameter.Name.EndsWith("kernel", StringComparison.Ordinal) ? 2 : 3).CopyTo(parameter.Span);
        var execution = new NetworkExecution<double>(network, parameters, sample.InputShape[0], new() { Training = true, InputGradient = true, Threads = 2 });
        var output = execution.Forward(sample.Random<double>(sample.InputShape, 1)).ToArray();
        execution.Backward(sample.Random<double>(sample.InputShape, 4));
        return (output, execution.InputGradient.ToArray(), execution.Gradients.ToDictionary(gradient => gradient.Name, gradient => gradient.Span.ToArray()));
    }
}
