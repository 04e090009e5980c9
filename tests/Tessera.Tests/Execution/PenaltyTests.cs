using System.Numerics.Tensors;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Xunit;

namespace Tessera.Tests.Execution;

/// <summary>What layers add to the loss, against their equations; their gradients are held against differences with those of all layers.</summary>
public class PenaltyTests
{
    [Fact]
    public void The_l1_penalty_is_the_mean_magnitude_and_its_gradient_the_sign()
    {
        var execution = Execution([3, 1000], Sparsity.MeanMagnitude(0.3));
        var values = NetworkGradients.Random<double>(execution.InputShape, 1, 1).ToDenseArray();
        values[5] = 0;
        Assert.Equal(values, execution.Forward(Tensor.Create(values, execution.InputShape.ToLengths())).ToArray());
        Assert.Equal(0.3 * values.Average(Math.Abs), execution.Penalty, 1e-14);
        execution.Backward(Tensor.Create(new double[values.Length], execution.OutputShape.ToLengths()));
        Assert.Equal(values.Select(value => Math.Sign(value) * 0.3 / values.Length), execution.InputGradient.ToArray());
    }

    [Fact]
    public void The_kl_penalty_is_the_relative_entropy_of_each_channels_mean_and_nothing_at_the_target()
    {
        var execution = Execution([3, 40], new Sigmoid(), Sparsity.RelativeEntropy(0.3, 0.2));
        var output = execution.Forward(NetworkGradients.Random<double>(execution.InputShape, 1, 1)).ToArray();
        var expected = Enumerable.Range(0, 3).Sum(c =>
        {
            var mean = Enumerable.Range(0, 80).Average(i => output[(((i / 40 * 3) + c) * 40) + (i % 40)]);
            return (0.2 * Math.Log(0.2 / mean)) + (0.8 * Math.Log(0.8 / (1 - mean)));
        });
        Assert.Equal(0.3 * expected, execution.Penalty, 1e-13);

        // The logarithm of 0.2 / 0.8 everywhere: the mean is the target, the penalty and its gradient are 0.
        execution.Forward(Tensor.Create(Enumerable.Repeat(Math.Log(0.25), 240).ToArray(), execution.InputShape.ToLengths()));
        Assert.Equal(0, execution.Penalty, 1e-14);
        execution.Backward(Tensor.Create(new double[240], execution.OutputShape.ToLengths()));
        Assert.All(execution.InputGradient.ToArray(), value => Assert.Equal(0, value, 1e-16));
    }

    [Fact]
    public void Channels_that_are_off_or_on_altogether_still_have_a_finite_penalty_that_pulls_them_back()
    {
        var execution = Execution([2, 5], new Sigmoid { Name = "code" }, Sparsity.RelativeEntropy(1, 0.1));
        var values = Enumerable.Range(0, 20).Select(i => i / 5 % 2 == 0 ? -1000.0 : 1000.0).ToArray();
        execution.Forward(Tensor.Create(values, execution.InputShape.ToLengths()));
        Assert.True(double.IsFinite(execution.Penalty) && execution.Penalty > 5, $"{execution.Penalty}");
        execution.Backward(Tensor.Create(new double[20], execution.OutputShape.ToLengths()));
        var gradient = execution.ActivationGradient("code").ToArray();
        Assert.All(gradient.Select((value, i) => (value, i)), pair => Assert.True(pair.i / 5 % 2 == 0 ? pair.value < 0 : pair.value > 0));
    }

    [Fact]
    public void A_samples_divergence_is_what_the_samples_themselves_say()
    {
        // ½ Σ (μ² + σ² − 1 − ln σ²) is the mean of ln q(z) − ln p(z) over z drawn from q.
        const int Draws = 40_000;
        double[] input = [0.5, -1.5, -0.7, 0.4];
        var network = new NetworkDescription("sample", [4], [new GaussianSample { Weight = 0.5 }]);
        var execution = new NetworkExecution<double>(network, NetworkParameters<double>.Create(network, 1), Draws, new() { Training = true });
        var z = execution.Forward(Tensor.Create(Enumerable.Repeat(input, Draws).SelectMany(row => row).ToArray(), [Draws, 4])).ToArray();
        double sum = 0;
        for (var i = 0; i < z.Length; i++)
        {
            double mean = input[i % 2], logVariance = input[2 + (i % 2)];
            sum += ((z[i] * z[i]) - ((z[i] - mean) * (z[i] - mean) / Math.Exp(logVariance)) - logVariance) / 2;
        }

        Assert.Equal(0.5 * sum / Draws, execution.Penalty, 0.01);
        Assert.Equal(input[0], z.Where((_, i) => i % 2 == 0).Average(), 0.02);
        Assert.Equal(Math.Exp(input[3] / 2), Math.Sqrt(z.Where((_, i) => i % 2 == 1).Average(value => (value - input[1]) * (value - input[1]))), 0.02);
    }

    [Fact]
    public void A_sample_of_the_standard_normal_costs_nothing_and_inference_passes_the_means()
    {
        var network = new NetworkDescription("sample", [4, 3], [new GaussianSample()]);
        var parameters = NetworkParameters<float>.Create(network, 1);
        var training = new NetworkExecution<float>(network, parameters, 2, new() { Training = true });
        training.Forward(Tensor.Create(new float[24], [2, 4, 3]));
        Assert.Equal(0, training.Penalty);
        var values = NetworkGradients.Random<float>([2, 4, 3], 1, 1);
        var first = training.Forward(values).ToArray();
        training.Step = 1;
        Assert.NotEqual(first, training.Forward(values).ToArray());
        var inference = new NetworkExecution<float>(network, parameters, 2);
        var flat = values.ToDenseArray();
        Assert.Equal([.. flat[..6], .. flat[12..18]], inference.Forward(values).ToArray());
        Assert.Equal(0, inference.Penalty);
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit_of_a_penalty()
    {
        var network = new NetworkDescription(
            "penalties",
            [4, 50],
            [Sparsity.MeanMagnitude(1), new Sigmoid(), Sparsity.RelativeEntropy(1, 0.1), new GaussianSample()]);
        var input = NetworkGradients.Random<float>([700, 4, 50], 1, 1);
        var penalties = new[] { 1, 3 }.Select(threads =>
        {
            var execution = new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 700, new() { Training = true, Threads = threads });
            execution.Forward(input);
            return execution.Penalty;
        }).ToArray();
        Assert.Equal(penalties[0], penalties[1]);
    }

    [Fact]
    public void Settings_that_make_no_sense_are_refused()
    {
        Refused("sparsity1: weight -1; it must be 0 or more and finite", Sparsity.MeanMagnitude(-1));
        Refused("sparsity1: target -0.1; the mean activation that channels are drawn to must be above 0 and below 1", new Sigmoid(), Sparsity.RelativeEntropy(1, -0.1));
        Refused("sparsity1: target 1;", new Sigmoid(), Sparsity.RelativeEntropy(1, 1));
        Refused("sparsity1: a kl penalty is for activations between 0 and 1, and its input is relu1, of kind relu; put a sigmoid right before it", new Relu(), Sparsity.RelativeEntropy(1, 0.1));
        Refused("sparsity1: a kl penalty is for activations between 0 and 1, and its input is the network's input;", Sparsity.RelativeEntropy(1, 0.1));
        Refused("sample1: the input 1×3×5 has 3 channels, which are not as many means as log-variances; give it an even number, twice the 2", new GaussianSample());
        Refused("sample1: weight NaN;", new Dense(4), new GaussianSample { Weight = double.NaN });

        static void Refused(string text, params Layer[] layers) =>
            Assert.StartsWith(text, Assert.ThrowsAny<ArgumentException>(() => new NetworkDescription("net", [3, 5], layers)).Message, StringComparison.Ordinal);
    }

    private static NetworkExecution<double> Execution(Sizes input, params Layer[] layers)
    {
        var network = new NetworkDescription("penalty", input, layers);
        return new NetworkExecution<double>(network, NetworkParameters<double>.Create(network, 1), 2, new() { Training = true, InputGradient = true, KeepActivations = true, Threads = 1 });
    }
}
