using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Operators;
using Tessera.Reconstruction;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Reconstruction;

/// <summary>Restricted Boltzmann machines against sums over all of their states.</summary>
public class RbmTests
{
    [Fact]
    public void Free_energy_and_hidden_means_are_those_of_the_sum_over_all_hidden_states() =>
        RandomRbm.Small.Holds(
            sample =>
            {
                var machine = RandomRbm.Make<double>(sample.Description, sample.VisibleShape, 2, sample.Seed);
                var visible = RandomRbm.Images(machine, sample.Seed);
                var (free, energies, means, states) = (new double[2], new double[2], new double[machine.HiddenElements], new double[machine.HiddenElements]);
                machine.FreeEnergy(visible, free);
                machine.HiddenMeans(visible, means);
                var expected = new double[machine.HiddenElements];
                var sums = new double[2];
                var count = Math.Round(Math.Pow(2, sample.Description.HiddenStateBits(machine.Run.Plan.Geometry)));
                for (var number = 0; number < count; number++)
                {
                    for (var n = 0; n < 2; n++) machine.Units.NumberedState(number, states.AsSpan(n * machine.Units.Hidden, machine.Units.Hidden));
                    machine.Energy(visible, states, energies);
                    for (var n = 0; n < 2; n++)
                    {
                        var probability = Math.Exp(free[n] - energies[n]);
                        sums[n] += probability;
                        for (var j = n * machine.Units.Hidden; j < (n + 1) * machine.Units.Hidden; j++) expected[j] += probability * states[j];
                    }
                }

                foreach (var sum in sums) Assert.Equal(1, sum, 1e-10);
                for (var j = 0; j < expected.Length; j++) Assert.Equal(expected[j], means[j], 1e-10);
                Assert.Equal(double.PositiveInfinity, EnergyOfAllOn(machine, visible));
            },
            100);

    [Fact]
    public void The_free_energy_of_rectified_units_is_the_energy_at_their_means_which_is_the_least() =>
        RandomRbm.Any.Holds(
            sample =>
            {
                if (sample.Description.Hidden != HiddenUnits.Rectified) return;
                var machine = RandomRbm.Make<double>(sample.Description, sample.VisibleShape, 1, sample.Seed);
                var visible = RandomRbm.Images(machine, sample.Seed);
                var (free, energy, hidden) = (new double[1], new double[1], new double[machine.HiddenElements]);
                machine.FreeEnergy(visible, free);
                machine.HiddenMeans(visible, hidden);
                machine.Energy(visible, hidden, energy);
                Assert.Equal(energy[0], free[0], 1e-9 * (1 + Math.Abs(free[0])));
                machine.SampleHidden(visible, hidden, sample.Seed);
                Assert.True(TensorPrimitives.Min<double>(hidden) >= 0);
                machine.Energy(visible, hidden, energy);
                Assert.True(energy[0] >= free[0]);
            },
            100);

    [Fact]
    public void The_exact_partition_function_is_the_sum_over_all_pairs_of_states()
    {
        var compared = 0;
        RandomRbm.Small.Holds(
            sample =>
            {
                if (sample.VisibleShape.Product > 8) return;
                var description = sample.Description with { Visible = VisibleUnits.Binary };
                var machine = RandomRbm.Make<double>(description, sample.VisibleShape, 3, sample.Seed);
                var alone = RandomRbm.Make<double>(description, sample.VisibleShape, 1, sample.Seed);
                var (visible, hidden, energy) = (new double[alone.VisibleElements], new double[alone.HiddenElements], new double[1]);
                double sum = 0;
                for (var v = 0; v < 1 << visible.Length; v++)
                {
                    for (var i = 0; i < visible.Length; i++) visible[i] = (v >> i) & 1;
                    for (var h = 0; h < 1 << hidden.Length; h++)
                    {
                        for (var j = 0; j < hidden.Length; j++) hidden[j] = (h >> j) & 1;
                        alone.Energy(visible, hidden, energy);
                        sum += Math.Exp(-energy[0]);
                    }
                }

                Assert.Equal(Math.Log(sum), machine.LogPartition(), 1e-9);
                compared++;
            },
            80);
        Assert.True(compared > 2);
    }

    [Fact]
    public void The_partition_function_of_gaussian_units_is_the_integral_over_them()
    {
        var machine = RandomRbm.Make<double>(Dense(2, 3) with { Visible = VisibleUnits.Gaussian }, [1, 2], 400, 5);
        var (visible, energies) = (new double[machine.VisibleElements], new double[400]);
        double sum = 0;
        const double Step = 0.05;
        for (var row = -200; row < 200; row++)
        {
            for (var column = 0; column < 400; column++) (visible[2 * column], visible[(2 * column) + 1]) = (row * Step, (column - 200) * Step);
            machine.FreeEnergy(visible, energies);
            foreach (var energy in energies) sum += Math.Exp(-energy) * Step * Step;
        }

        Assert.Equal(Math.Log(sum), machine.LogPartition(), 1e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Annealed_importance_sampling_agrees_with_the_exact_partition_function_to_a_twentieth_of_a_nat(int block)
    {
        foreach (var sharing in new[] { Sharing.Shared, Sharing.Tiled([2, 2]), Sharing.Unshared })
        {
            var description = new RbmDescription
            {
                Operator = new ConvolutionDescription { Kernel = [3, 3], Outputs = 3, Padding = Padding.Same, Sharing = sharing },
                Pooling = block == 0 ? Sizes.Empty : [block, block],
            };
            var machine = RandomRbm.Make<double>(description, [1, 4, 4], 50, 3, 0.5);
            var exact = machine.LogPartition();
            var estimate = machine.EstimateLogPartition(300, 100, 7);
            Assert.Equal(exact, estimate.LogPartition, 0.05);
            Assert.InRange(estimate.StandardError, 1e-4, 0.05);
            // Without temperatures between, it is plain importance sampling, which is worse and knows it.
            Assert.True(machine.EstimateLogPartition(1, 100, 7).StandardError > 3 * estimate.StandardError);
        }
    }

    [Fact]
    public void Drawn_states_come_as_often_as_their_means_say()
    {
        foreach (var description in new[]
        {
            Dense(6, 4),
            Dense(6, 4) with { Visible = VisibleUnits.Gaussian },
            Dense(6, 4) with { Operator = new() { Kernel = [3], Outputs = 2 }, Pooling = [3] },
        })
        {
            const int Draws = 4000;
            var machine = RandomRbm.Make<float>(description, [1, 6], Draws, 2);
            var visible = new float[machine.VisibleElements];
            for (var i = 0; i < visible.Length; i++) visible[i] = i % 6 % 2;
            var (means, states, sums) = (new float[machine.HiddenElements], new float[machine.HiddenElements], new double[machine.Units.Hidden]);
            machine.HiddenMeans(visible, means);
            machine.SampleHidden(visible, states, 11);
            for (var j = 0; j < states.Length; j++) sums[j % sums.Length] += states[j];
            for (var j = 0; j < sums.Length; j++) Assert.Equal(means[j], sums[j] / Draws, 4 * 0.5 / Math.Sqrt(Draws));
            for (var n = 0; n < Draws; n++) Assert.False(machine.Units.IsImpossible(states.AsSpan(n * machine.Units.Hidden, machine.Units.Hidden)));

            for (var n = 0; n < Draws; n++) states.AsSpan(0, machine.Units.Hidden).CopyTo(states.AsSpan(n * machine.Units.Hidden));
            var (expected, drawn, seen, squares) = (new float[visible.Length], new float[visible.Length], new double[6], new double[6]);
            machine.VisibleMeans(states, expected);
            machine.SampleVisible(states, drawn, 11);
            for (var i = 0; i < drawn.Length; i++)
            {
                seen[i % 6] += drawn[i] / Draws;
                squares[i % 6] += (drawn[i] - expected[i % 6]) * (drawn[i] - expected[i % 6]) / Draws;
            }

            for (var i = 0; i < 6; i++)
            {
                Assert.Equal(expected[i], seen[i], 4 / Math.Sqrt(Draws));
                if (description.Visible == VisibleUnits.Gaussian) Assert.Equal(1, squares[i], 0.1);
            }
        }
    }

    [Fact]
    public void Rectified_states_are_normal_numbers_cut_at_zero()
    {
        const int Draws = 5000;
        foreach (var input in new[] { -0.5, 0, 0.4, 3 })
        {
            // An odd number of units a row, one of the inputs each.
            var machine = new Rbm<float>(Dense(1, 7) with { Hidden = HiddenUnits.Rectified }, [1, 1], Draws, 1, new PlanOptions { Threads = 1 });
            machine.Kernel.Clear();
            machine.HiddenBias.Fill((float)input);
            var states = new float[machine.HiddenElements];
            machine.SampleHidden(new float[Draws], states, 3);
            var deviation = Math.Sqrt(1 / (1 + Math.Exp(-input)));
            var (mean, square) = (0.0, 0.0);
            const double Step = 1e-3;
            for (var z = -8.0; z < 8; z += Step)
            {
                var state = Math.Max(0, input + (deviation * z));
                var density = Math.Exp(-0.5 * z * z) / Math.Sqrt(2 * Math.PI) * Step;
                mean += state * density;
                square += state * state * density;
            }

            var count = Math.Sqrt(states.Length);
            Assert.Equal(mean, states.Average(), 5 * Math.Sqrt(square) / count);
            Assert.Equal(square, states.Average(static state => (double)state * state), 5 * 3 * square / count);
        }
    }

    [Fact]
    public void A_gibbs_chain_comes_to_the_machines_own_distribution_from_wherever_it_starts()
    {
        var description = new RbmDescription { Operator = new ConvolutionDescription { Kernel = [3], Outputs = 2, Padding = Padding.Same }, Pooling = [2] };
        var machine = RandomRbm.Make<double>(description, [1, 6], 1000, 4, 0.6);
        var exact = new double[1];
        new RbmEnumeration<double>(machine).SubtractStatistics(machine.LogPartition(), new double[machine.Kernel.Length], new double[machine.HiddenBias.Length], exact);
        foreach (var start in new[] { [], new double[machine.VisibleElements] })
        {
            var pictures = machine.Sample(9, 30, 10, start);
            Assert.Equal(3, pictures.Count);
            Assert.Equal(-exact[0], TensorPrimitives.Sum<double>(pictures[^1]) / 1000, 0.15);
            Assert.Equal(pictures[1], machine.Sample(9, 30, 10, start)[1]);
        }

        Assert.NotEqual(machine.Sample(9, 1, 1)[0], machine.Sample(10, 1, 1)[0]);
    }

    [Fact]
    public void Float_and_double_begin_alike()
    {
        var (single, twice) = (new Rbm<float>(Dense(5, 7), [1, 5], 1, 3), new Rbm<double>(Dense(5, 7), [1, 5], 1, 3));
        for (var i = 0; i < single.Kernel.Length; i++) Assert.Equal((float)twice.Kernel[i], single.Kernel[i]);
        Assert.NotEqual(0, single.Kernel[0]);
        Assert.NotEqual(single.Kernel[0], new Rbm<float>(Dense(5, 7), [1, 5], 1, 4).Kernel[0]);
    }

    [Fact]
    public void Errors_say_what_is_wrong_and_how_to_mend_it()
    {
        var description = new RbmDescription { Operator = new ConvolutionDescription { Kernel = [3, 3], Outputs = 8 }, Pooling = [2, 2] };
        Message("rbm: blocks 2×2 of probabilistic max pooling over rectified hidden units; at most one of a block is on, so use binary hidden units or leave pooling out.", () => (description with { Hidden = HiddenUnits.Rectified }).HiddenShape([1, 8, 8]));
        Message("rbm: pooling 2 has 1 axes but the kernel 3×3 has 2; give one block size per spatial axis.", () => (description with { Pooling = [2] }).HiddenShape([1, 8, 8]));
        Message("edges: a pooling block of 7 over hidden size 6 on axis 1; use 1 to 6.", () => (description with { Name = "edges", Pooling = [6, 7] }).CodeShape([1, 8, 8]));
        Message("rbm: kernel 3 does not fit input 2 with padding 0 on axis 0; pad by 1 more or use a kernel of at most 2.", () => description.HiddenShape([1, 2, 8]));
        var machine = new Rbm<float>(description, [1, 8, 8], 2);
        Assert.StartsWith("rbm: visible has 64 elements but a batch of 2 takes 128; give all examples of the batch, row-major.", Assert.Throws<ArgumentException>(() => machine.HiddenMeans(new float[64], new float[576])).Message, StringComparison.Ordinal);
        Assert.Equal(
            "rbm: 64 visible and 288 hidden units have more states than 20 binary units, which is the most that are gone through; estimate the partition function, or use fewer units.",
            Assert.Throws<InvalidOperationException>(() => machine.LogPartition()).Message);
        var gaussian = new Rbm<float>(description with { Visible = VisibleUnits.Gaussian }, [1, 8, 8], 2);
        Assert.Contains("annealed importance sampling is for binary visible and hidden units", Assert.Throws<InvalidOperationException>(() => gaussian.EstimateLogPartition()).Message, StringComparison.Ordinal);
        Assert.Contains("rectified hidden units have no states to go through", Assert.Throws<InvalidOperationException>(() => new Rbm<float>(Dense(2, 2) with { Hidden = HiddenUnits.Rectified }, [1, 2], 1).LogPartition()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_that_does_not_suit_the_visible_units_gets_a_warning()
    {
        var (binary, gaussian) = (Dense(2, 2), Dense(2, 2) with { Visible = VisibleUnits.Gaussian });
        Assert.Null(gaussian.DataWarning([0.1, -0.1], [1.1, 0.9]));
        Assert.Equal(
            "rbm: Gaussian visible units have variance 1 around a mean near 0, but channel 1 of the data has mean 0.286 and variance 0.125; normalise it (\"normalise\": true).",
            gaussian.DataWarning([0, 0.286], [1, 0.125]));
        Assert.NotNull(gaussian.DataWarning([5], [1]));
        Assert.NotNull(gaussian.DataWarning([double.NaN], [1]));
        Assert.Null(binary.DataWarning([0.5, 0.75], [0.25, 0.0625]));
        Assert.Contains("channel 0 of the data has mean 0 and variance 1", binary.DataWarning([0], [1]), StringComparison.Ordinal);
        Assert.Contains("2 means but 1 variances", Assert.Throws<ArgumentException>(() => binary.DataWarning([0, 0], [1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rates_at_which_Gaussian_units_diverge_get_a_warning()
    {
        var gaussian = Dense(2, 2) with { Visible = VisibleUnits.Gaussian };
        Assert.Equal(
            "rbm: Gaussian visible units have no bound, and under binary hidden units they are likely to diverge at a learning rate of 0.05; use at most 0.01 (\"learningRate\"), or binary visible units.",
            new RbmTraining { LearningRate = 0.05 }.WarningFor(gaussian));
        Assert.Contains("at a learning rate of 0.02", new RbmTraining { LearningRate = 0.02 }.WarningFor(gaussian), StringComparison.Ordinal);
        Assert.Null(new RbmTraining().WarningFor(gaussian));
        Assert.Null(new RbmTraining { LearningRate = 0.5 }.WarningFor(Dense(2, 2)));
        var rectified = gaussian with { Hidden = HiddenUnits.Rectified };
        Assert.Contains("under rectified hidden units", new RbmTraining().WarningFor(rectified), StringComparison.Ordinal);
        Assert.Null(new RbmTraining { LearningRate = 0.003 }.WarningFor(rectified));
    }

    /// <summary>An ordinary machine: every hidden unit sees every visible one.</summary>
    internal static RbmDescription Dense(int visible, int hidden) => new() { Operator = new ConvolutionDescription { Kernel = [visible], Outputs = hidden } };

    private static double EnergyOfAllOn(Rbm<double> machine, double[] visible)
    {
        if (machine.CodeShape == machine.HiddenShape) return double.PositiveInfinity;
        var states = new double[machine.HiddenElements];
        states.AsSpan().Fill(1);
        var energies = new double[machine.Batch];
        machine.Energy(visible, states, energies);
        return energies[0];
    }

    private static void Message(string expected, Action act) => Assert.Equal(expected, Assert.ThrowsAny<ArgumentException>(act).Message);
}
