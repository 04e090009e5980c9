using System.Numerics.Tensors;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Xunit;

namespace Tessera.Tests.Execution;

public class NoiseTests
{
    private const int Count = 40_000;

    [Fact]
    public void Noise_has_the_distribution_that_it_says_and_keeps_what_it_does_not_replace()
    {
        var values = Draw(Noise.Gaussian(0.3), 0.5f, 1, 2);
        Assert.Equal(0.5, values.Average(), 0.01);
        Assert.Equal(0.3, Math.Sqrt(values.Average(value => (value - 0.5) * (value - 0.5))), 0.005);
        Assert.Equal(3 * 0.3 * 0.3 * 0.3 * 0.3, values.Average(value => Math.Pow(value - 0.5, 4)), 0.002);

        values = Draw(Noise.Masking(0.25), 0.5f, 1, 2);
        Assert.All(values, value => Assert.True(value is 0 or 0.5f));
        Assert.Equal(0.25, values.Count(value => value == 0) / (double)Count, 0.01);

        values = Draw(Noise.SaltAndPepper(0.25, -2, 3), 0.5f, 1, 2);
        Assert.All(values, value => Assert.True(value is -2 or 0.5f or 3));
        Assert.Equal(0.125, values.Count(value => value == -2) / (double)Count, 0.01);
        Assert.Equal(0.125, values.Count(value => value == 3) / (double)Count, 0.01);
    }

    [Fact]
    public void What_is_drawn_follows_from_seed_and_key_and_is_the_same_in_float_and_double()
    {
        foreach (var noise in new[] { Noise.Gaussian(1), Noise.Masking(0.5), Noise.SaltAndPepper(0.5) })
        {
            var values = Draw(noise, 0.5f, 1, 2);
            Assert.Equal(values, Draw(noise, 0.5f, 1, 2));
            Assert.NotEqual(values, Draw(noise, 0.5f, 2, 2));
            Assert.NotEqual(values, Draw(noise, 0.5f, 1, 3));
            Assert.Equal(values[..1500], Draw(noise, 0.5f, 1, 2, 1500));
            var doubles = Enumerable.Repeat(0.5, Count).ToArray();
            noise.Apply<double>(doubles, 1, 2);
            for (var i = 0; i < Count; i++) Assert.Equal(doubles[i], values[i], 1e-6);
        }
    }

    [Fact]
    public void A_layer_is_noisy_in_training_alone_and_anew_in_every_step_and_layer()
    {
        foreach (var noise in new[] { Noise.Gaussian(1), Noise.Masking(0.5), Noise.SaltAndPepper(0.5) })
        {
            var network = new NetworkDescription("noise", [1, 50, 50], [noise, noise with { Inputs = ["input"] }, new Concatenate { Inputs = ["noise1", "noise2"] }]);
            var parameters = NetworkParameters<float>.Create(network, 1);
            var ones = Tensor.Create(Enumerable.Repeat(2f, 5000).ToArray(), [2, 1, 50, 50]);
            var execution = new NetworkExecution<float>(network, parameters, 2, new() { Training = true, Seed = 5 });
            var first = At(execution, 7);
            Assert.NotEqual(first[..2500], first[2500..5000]);
            Assert.NotEqual(first[..2500], first[5000..7500]);
            Assert.NotEqual(first, At(execution, 8));
            Assert.Equal(first, At(execution, 7));
            Assert.Equal(first, At(new NetworkExecution<float>(network, parameters, 2, new() { Training = true, Seed = 5, Threads = 3 }), 7));
            Assert.NotEqual(first, At(new NetworkExecution<float>(network, parameters, 2, new() { Training = true, Seed = 6 }), 7));
            Assert.All(At(new NetworkExecution<float>(network, parameters, 2), 7), value => Assert.Equal(2, value));

            float[] At(NetworkExecution<float> execution, long step)
            {
                execution.Step = step;
                return execution.Forward(ones).ToArray();
            }
        }
    }

    [Fact]
    public void Noise_that_makes_no_sense_is_refused()
    {
        Refused("noise1: deviation 0; it must be above 0 and finite", Noise.Gaussian(0));
        Refused("noise1: deviation -1; it must be above 0 and finite", Noise.Gaussian(-1));
        Refused("noise1: deviation Infinity; it must be above 0 and finite", Noise.Gaussian(double.PositiveInfinity));
        Refused("noise1: fraction 0; it must be above 0 and below 1", Noise.Masking(0));
        Refused("noise1: fraction 1; it must be above 0 and below 1", Noise.SaltAndPepper(1));
        Refused("noise1: fraction NaN; it must be above 0 and below 1", Noise.Masking(double.NaN));
        Refused("noise1: least 1 and most 1; both must be finite, and the least below the most", Noise.SaltAndPepper(0.5, 1, 1));
        Assert.StartsWith("noise: fraction 2;", Assert.Throws<ArgumentException>(() => Noise.Masking(2).Apply<float>(new float[3], 1, 1)).Message, StringComparison.Ordinal);

        static void Refused(string text, Noise noise) =>
            Assert.StartsWith(text, Assert.Throws<ArgumentException>(() => new NetworkDescription("net", [3], [noise])).Message, StringComparison.Ordinal);
    }

    private static float[] Draw(Noise noise, float value, long seed, long key, int count = Count)
    {
        var values = Enumerable.Repeat(value, count).ToArray();
        noise.Apply<float>(values, seed, key);
        return values;
    }
}
