using System.Numerics;
using Tessera.Execution;
using Tessera.Networks;
using Xunit;

namespace Tessera.Tests.Execution;

/// <summary>What must hold for any graph: gradients, and that neither shared memory nor threads change a bit.</summary>
public class RandomNetworkTests
{
    [Fact]
    public void Random_graphs_have_the_layers_whose_gradients_meet_or_are_added_to()
    {
        foreach (var kinds in new[] { (0, 25), (0, 80), (200, 8) }.Select(seeds => Enumerable.Range(seeds.Item1, seeds.Item2).SelectMany(seed => RandomNetwork.Of(seed).Layers).Select(layer => layer.Kind).ToHashSet()))
        {
            foreach (var kind in (string[])["tied-transpose", "noise", "sparsity", "gaussian-sample"]) Assert.Contains(kind, kinds);
        }
    }

    [Fact]
    public void Gradients_of_random_graphs_agree_with_differences()
    {
        for (var seed = 0; seed < 25; seed++) NetworkGradients.Check(RandomNetwork.Of(seed), batch: 2, seed, tolerance: 1e-5);
    }

    [Fact]
    public void Sharing_memory_changes_no_bit()
    {
        for (var seed = 0; seed < 80; seed++)
        {
            var network = RandomNetwork.Of(seed);
            var apart = Run<float>(network, 3, new() { Training = true, InputGradient = true, KeepActivations = true, Threads = 1 });
            var shared = Run<float>(network, 3, new() { Training = true, InputGradient = true, Threads = 1 });
            Assert.Equal(apart, shared);
            var inference = Run<float>(network, 3, new() { Threads = 1 });
            Assert.Equal(Run<float>(network, 3, new() { KeepActivations = true, Threads = 1 }), inference);
        }
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        for (var seed = 200; seed < 208; seed++)
        {
            var network = RandomNetwork.Of(seed);
            // 300 examples make several jobs of every kind of layer.
            var one = Run<float>(network, 300, new() { Training = true, Threads = 1 });
            Assert.Equal(one, Run<float>(network, 300, new() { Training = true, Threads = 2 }));
            Assert.Equal(one, Run<float>(network, 300, new() { Training = true, Threads = 5 }));
        }
    }

    [Fact]
    public void Float_equals_double_to_rounding()
    {
        for (var seed = 300; seed < 315; seed++)
        {
            var network = RandomNetwork.Of(seed);
            var exact = Run<double>(network, 4, new() { Training = true, Threads = 1 });
            var rounded = Run<float>(network, 4, new() { Training = true, Threads = 1 });
            for (var tensor = 0; tensor < exact.Length; tensor++)
            {
                // Some gradients are zero but for rounding, such as that of a bias before normalisation: so the 0.1.
                var largest = exact[tensor].Max(Math.Abs) + 0.1;
                for (var i = 0; i < exact[tensor].Length; i++) Assert.Equal(exact[tensor][i], rounded[tensor][i], 1e-3 * largest);
            }
        }
    }

    /// <summary>Output, then, in training, the gradients of parameters and of the input where it is asked for, then the statistics.</summary>
    private static T[][] Run<T>(NetworkDescription network, int batch, ExecutionOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var parameters = NetworkGradients.Parameters<T>(network, 5);
        var execution = new NetworkExecution<T>(network, parameters, batch, options);
        var results = new List<T[]>();
        // Twice: what the first pass leaves in memory must not reach the second.
        for (var pass = 0; pass < 2; pass++)
        {
            var input = NetworkGradients.Random<T>(execution.InputShape, pass, 1);
            results.Add(execution.Forward(input).ToArray());
            if (!options.Training) continue;
            execution.Backward(NetworkGradients.Random<T>(execution.OutputShape, pass, 2));
            foreach (var gradient in execution.Gradients) results.Add(gradient.Span.ToArray());
            if (options.InputGradient) results.Add(execution.InputGradient.ToArray());
            foreach (var parameter in parameters.Where(parameter => !parameter.IsTrained)) results.Add(parameter.Span.ToArray());
        }

        return [.. results];
    }
}
