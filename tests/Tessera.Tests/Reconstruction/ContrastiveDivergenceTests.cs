using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Operators;
using Tessera.Reconstruction;
using Xunit;

namespace Tessera.Tests.Reconstruction;

/// <summary>Learning of one machine, against its exact gradient and by hand.</summary>
public class ContrastiveDivergenceTests
{
    private static readonly PlanOptions SingleThread = new() { Threads = 1 };

    [Fact]
    public void One_step_of_contrastive_divergence_raises_the_exact_likelihood_of_data_again_and_again()
    {
        // Pixels that know nothing of each other have −9.0 nats; eight bars of equal chance with a little noise have an entropy of 3.6.
        var shared = new RbmDescription { Operator = new ConvolutionDescription { Kernel = [3, 3], Outputs = 3 } };
        Learns(shared, -7.8);
        Learns(shared with { Pooling = [2, 2] }, -8.6);
        Learns(shared with { Operator = shared.Operator with { Sharing = Sharing.Tiled([2, 2]) } }, -6.8);
        Learns(new RbmDescription { Operator = new ConvolutionDescription { Kernel = [4, 4], Outputs = 8 } }, -4.2);

        static void Learns(RbmDescription machine, double least)
        {
            var rbm = new Rbm<float>(machine, [1, 4, 4], 32, 3, SingleThread);
            var learner = new ContrastiveDivergence<float>(rbm, new RbmTraining { LearningRate = 0.3, Momentum = 0.5, WeightDecay = 0 }, 5);
            var last = rbm.LogLikelihood(Bars(0), rbm.LogPartition());
            for (var step = 0; step < 400; step++)
            {
                learner.Learn(Bars(step), step);
                if (step % 100 < 99) continue;
                var now = rbm.LogLikelihood(Bars(0), rbm.LogPartition());
                Assert.True(now > last, $"{machine}: {last} to {now}");
                last = now;
            }

            Assert.True(last > least, $"{machine}: {last}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Long_chains_give_the_exact_gradient(bool persistent)
    {
        var description = new RbmDescription { Operator = new ConvolutionDescription { Kernel = [2, 2], Outputs = 2, Padding = Padding.Same, Sharing = Sharing.Tiled([2, 1]) }, Pooling = [1, 2] };
        foreach (var kind in new[] { VisibleUnits.Binary, VisibleUnits.Gaussian })
        {
            const int Batch = 3000;
            var machine = RandomRbm.Make<double>(description with { Visible = kind }, [1, 3, 2], Batch, 8, 0.5);
            var visible = RandomRbm.Images(machine, 3);
            for (var i = 0; i < visible.Length; i += 2) visible[i] = 1;
            var (kernel, hiddenBias, visibleBias, hidden) = (new double[machine.Kernel.Length], new double[machine.HiddenBias.Length], new double[1], new double[machine.HiddenElements]);
            machine.HiddenMeans(visible, hidden);
            machine.Statistics(visible, hidden, kernel, hiddenBias, visibleBias, 1, accumulate: false);
            foreach (var gradient in new[] { kernel, hiddenBias, visibleBias }) TensorPrimitives.Divide(gradient, Batch, gradient);
            new RbmEnumeration<double>(machine).SubtractStatistics(machine.LogPartition(), kernel, hiddenBias, visibleBias);
            var learner = new ContrastiveDivergence<double>(machine, new RbmTraining { Steps = 30, Persistent = persistent }, 21);
            learner.Learn(visible, 0);
            var found = learner.Gradients;
            foreach (var (exact, estimate) in new[] { (kernel, found.Kernel), (hiddenBias, found.HiddenBias), (visibleBias, found.VisibleBias) })
            {
                // Each is a sum of at most six numbers of deviation about 1 an example.
                for (var i = 0; i < exact.Length; i++) Assert.Equal(exact[i], estimate[i] / Batch, 4 * 3 / Math.Sqrt(Batch));
            }

            Assert.True(TensorPrimitives.Norm<double>(kernel) > 0.5);
        }
    }

    [Fact]
    public void A_step_is_momentum_decay_and_sparsity_by_hand()
    {
        // A tile of 2 over an output of 3: the first kernel serves two places and the second one; a tile longer than the output has one that serves none.
        foreach (var tile in new[] { 2, 4 })
        {
            var description = new RbmDescription { Operator = new ConvolutionDescription { Kernel = [2], Outputs = 1, Sharing = Sharing.Tiled([tile]) } };
            var machine = RandomRbm.Make<double>(description, [1, 4], 2, 6);
            var training = new RbmTraining { LearningRate = 0.1, Momentum = 0.8, WeightDecay = 0.02, SparsityTarget = 0.1, SparsityWeight = 0.5 };
            var learner = new ContrastiveDivergence<double>(machine, training, 1);
            double[] visible = [1, 0, 1, 1, 0, 1, 0, 0];
            var (kernel, hidden, shown) = (new double[2 * tile], new double[tile], 0.0);
            for (var step = 0; step < 2; step++)
            {
                var before = (Kernel: machine.Kernel.ToArray(), Hidden: machine.HiddenBias.ToArray(), Visible: machine.VisibleBias[0]);
                var means = new double[6];
                machine.HiddenMeans(visible, means);
                learner.Learn(visible, step);
                var gradients = learner.Gradients;
                for (var i = 0; i < kernel.Length; i++)
                {
                    kernel[i] = (0.8 * kernel[i]) + (gradients.Kernel[i] / 2 / (tile == 2 ? 2 : 1)) - (0.02 * before.Kernel[i]);
                    Assert.Equal(before.Kernel[i] + (0.1 * kernel[i]), machine.Kernel[i], 1e-12);
                }

                for (var t = 0; t < tile; t++)
                {
                    var served = Enumerable.Range(0, 6).Where(i => i % 3 % tile == t).ToArray();
                    if (served.Length > 0) hidden[t] = (0.8 * hidden[t]) + (gradients.HiddenBias[t] / served.Length) + (0.5 * (0.1 - served.Average(i => means[i])));
                    Assert.Equal(before.Hidden[t] + (0.1 * hidden[t]), machine.HiddenBias[t], 1e-12);
                }

                shown = (0.8 * shown) + (gradients.VisibleBias[0] / 8);
                Assert.Equal(before.Visible + (0.1 * shown), machine.VisibleBias[0], 1e-12);
            }
        }
    }

    [Fact]
    public void What_a_step_tells_is_the_mean_square_that_reconstruction_misses()
    {
        var machine = RandomRbm.Make<double>(RbmTests.Dense(16, 5), [1, 16], 32, 2);
        var visible = Bars(1).Select(static v => (double)v).ToArray();
        var reconstruction = new double[visible.Length];
        machine.Reconstruct(visible, reconstruction);
        var expected = visible.Zip(reconstruction, static (v, r) => (v - r) * (v - r)).Average();
        foreach (var persistent in new[] { false, true })
        {
            var again = RandomRbm.Make<double>(RbmTests.Dense(16, 5), [1, 16], 32, 2);
            Assert.Equal(expected, new ContrastiveDivergence<double>(again, new RbmTraining { Persistent = persistent }, 1).Learn(visible, 0), 1e-12);
        }
    }

    [Fact]
    public void A_sparsity_target_is_reached()
    {
        var machine = new Rbm<float>(new RbmDescription { Operator = new ConvolutionDescription { Kernel = [3, 3], Outputs = 4, Bias = BiasSharing.PerChannel, Sharing = Sharing.Unshared } }, [1, 4, 4], 32, 1, SingleThread);
        var learner = new ContrastiveDivergence<float>(machine, new RbmTraining { LearningRate = 0.1, SparsityTarget = 0.05, SparsityWeight = 3 }, 1);
        for (var step = 0; step < 300; step++) learner.Learn(Bars(step), step);
        var means = new float[machine.HiddenElements];
        machine.HiddenMeans(Bars(0), means);
        Assert.InRange(TensorPrimitives.Sum<float>(means) / means.Length, 0.03, 0.08);
    }

    [Fact]
    public void Learning_allocates_nothing()
    {
        var description = new RbmDescription { Operator = new ConvolutionDescription { Kernel = [3, 3], Outputs = 4, Padding = Padding.Same }, Pooling = [2, 2] };
        var machine = new Rbm<float>(description, [1, 4, 4], 32, 1, SingleThread);
        var learner = new ContrastiveDivergence<float>(machine, new RbmTraining { Persistent = true, Steps = 2, SparsityTarget = 0.1 }, 1);
        var visible = Bars(0);
        learner.Learn(visible, 0);
        Assert.Equal(0, Allocations.Least(() => learner.Learn(visible, 1)));
    }

    [Fact]
    public void Bad_settings_are_told_with_a_way_out()
    {
        Message("rbm training: SparsityTarget is -0.1; it must be between 0 and 1, the part of the time that a unit is on; leave it out for no target.", new() { SparsityTarget = -0.1 });
        Message("rbm training: Steps is 0; it must be 1 or more: a chain of no steps stays at the data, and both phases cancel.", new() { Steps = 0 });
        Message("rbm training: Momentum is 1; it must be from 0 to less than 1; 0.9 is usual.", new() { Momentum = 1 });
        Message("rbm training: LearningRate is 0; it must be positive; 0.01 is usual.", new() { LearningRate = 0 });
        Message("rbm training: WeightDecay is -1; it must be 0 or more; 0 lets weights be.", new() { WeightDecay = -1 });
        Message("rbm training: SparsityWeight is 0; it must be positive; leave the sparsity target out for no sparsity.", new() { SparsityTarget = 0.1, SparsityWeight = 0 });
        var sparse = new RbmTraining { SparsityTarget = 0.1 };
        Refused("rbm: a sparsity target of 0.1 is a probability, but rectified hidden units have none; use binary hidden units or leave it out.", RbmTests.Dense(2, 2) with { Hidden = HiddenUnits.Rectified });
        Refused("rbm: a sparsity target of 0.1 moves the hidden bias, but the operator has none; give it one (per channel, say) or leave the target out.", new() { Operator = new() { Kernel = [2], Outputs = 2, Bias = BiasSharing.None } });

        void Refused(string expected, RbmDescription machine) =>
            Assert.Equal(expected, Assert.Throws<ArgumentException>(() => new ContrastiveDivergence<float>(new Rbm<float>(machine, [1, 2], 1), sparse, 1)).Message);

        static void Message(string expected, RbmTraining training) => Assert.Equal(expected, Assert.Throws<ArgumentException>(training.Check).Message);
    }

    /// <summary>32 images 4×4 with one row or one column on, and now and then another pixel.</summary>
    internal static float[] Bars(long seed)
    {
        var random = new RandomSource(seed);
        var images = new float[32 * 16];
        for (var n = 0; n < 32; n++)
        {
            var (upright, place) = (random.NextInt(2) == 0, random.NextInt(4));
            for (var i = 0; i < 16; i++)
            {
                var on = (upright ? i % 4 : i / 4) == place;
                images[(n * 16) + i] = on ^ (random.NextDouble() < 0.02) ? 1 : 0;
            }
        }

        return images;
    }
}
