using Tessera.Execution;
using Tessera.Networks;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

/// <summary>Optimisers against their published equations, one number at a time in double.</summary>
public class OptimiserTests
{
    private static readonly Optimiser[] All =
    [
        new Sgd { LearningRate = 0.1, WeightDecay = 0.01 },
        new Sgd { LearningRate = 0.1, Momentum = 0.9, WeightDecay = 0.01 },
        new Sgd { LearningRate = 0.1, Momentum = 0.9, Nesterov = true },
        new Adam { LearningRate = 0.1, WeightDecay = 0.01 },
        new AdamW { LearningRate = 0.1 },
        new RmsProp { LearningRate = 0.1, WeightDecay = 0.01 },
        new RmsProp { LearningRate = 0.1, Momentum = 0.5 },
    ];

    [Fact]
    public void Sgd_by_hand()
    {
        Assert.Equal(1 - (0.1 * 0.5), AfterOne(new Sgd { LearningRate = 0.1 }, 1, 0.5), 1e-15);
        Assert.Equal(1 - (0.1 * (0.5 + 0.02)), AfterOne(new Sgd { LearningRate = 0.1, WeightDecay = 0.02 }, 1, 0.5), 1e-15);
        // Nesterov's first step: g + μg.
        Assert.Equal(1 - (0.1 * 0.5 * 1.9), AfterOne(new Sgd { LearningRate = 0.1, Momentum = 0.9, Nesterov = true }, 1, 0.5), 1e-15);
        // Two steps of the same gradient with momentum: 1 − η g − η (μ g + g).
        Assert.Equal(1 - (0.1 * 0.5) - (0.1 * 0.5 * 1.9), After(new Sgd { LearningRate = 0.1, Momentum = 0.9 }, 1, 0.5, 0.5), 1e-15);
    }

    [Fact]
    public void The_first_step_of_adam_is_the_rate_whatever_the_gradient()
    {
        Assert.Equal(1 - 0.1, AfterOne(new Adam { LearningRate = 0.1 }, 1, 1e-3), 1e-5);
        Assert.Equal(1 + 0.1, AfterOne(new Adam { LearningRate = 0.1 }, 1, -1e3), 1e-5);
        Assert.Equal((1 - (0.1 * 0.02)) - 0.1, AfterOne(new AdamW { LearningRate = 0.1, WeightDecay = 0.02 }, 1, 1e-3), 1e-5);
    }

    [Fact]
    public void The_first_step_of_rmsprop_is_the_rate_over_the_root_of_what_is_new() =>
        Assert.Equal(1 - (0.1 / Math.Sqrt(0.01)), AfterOne(new RmsProp { LearningRate = 0.1 }, 1, 0.5), 1e-6);

    [Fact]
    public void Trajectories_follow_the_equations()
    {
        foreach (var optimiser in All)
        {
            var random = new RandomSource(3);
            // Past a chunk's end and not a whole number of vectors.
            var size = (1 << 14) + 13;
            var parameters = Pair<double>("weight", size, ParameterRole.Weight);
            var expected = new double[size];
            var states = new double[size, 2];
            for (var i = 0; i < size; i++) parameters.Value.Span[i] = expected[i] = random.NextNormal();
            var state = new OptimiserState<double>(optimiser, [parameters.Value], 2);
            for (var step = 1; step <= 5; step++)
            {
                for (var i = 0; i < size; i++)
                {
                    parameters.Gradient.Span[i] = random.NextNormal();
                    expected[i] = Reference(optimiser, step, expected[i], 0.5 * parameters.Gradient.Span[i], ref states[i, 0], ref states[i, 1]);
                }

                state.Step([parameters.Gradient], optimiser.LearningRate, 0.5);
                for (var i = 0; i < size; i++) Assert.Equal(expected[i], parameters.Value.Span[i], 1e-9);
            }
        }
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        foreach (var optimiser in All)
        {
            var results = new[] { 1, 2, 3 }.Select(threads =>
            {
                var random = new RandomSource(5);
                var parameters = Pair<float>("weight", 50_001, ParameterRole.Weight);
                var state = new OptimiserState<float>(optimiser, [parameters.Value], threads);
                double norm = 0;
                for (var step = 0; step < 3; step++)
                {
                    foreach (ref var g in parameters.Gradient.Span) g = (float)random.NextNormal();
                    norm = state.GradientNorm([parameters.Gradient]);
                    state.Step([parameters.Gradient], 0.1, 1 / norm);
                }

                return (norm, parameters.Value.Span.ToArray());
            }).ToArray();
            foreach (var (norm, values) in results)
            {
                Assert.Equal(results[0].norm, norm);
                Assert.Equal(results[0].Item2, values);
            }
        }
    }

    [Fact]
    public void The_norm_is_that_of_all_gradients_together()
    {
        var one = Pair<float>("a", 3, ParameterRole.Weight);
        var two = Pair<float>("b", 1, ParameterRole.Bias);
        new float[] { 1, 2, 2 }.CopyTo(one.Gradient.Span);
        two.Gradient.Span[0] = 4;
        Assert.Equal(5, new OptimiserState<float>(new Sgd(), [one.Value, two.Value], 1).GradientNorm([one.Gradient, two.Gradient]));
    }

    [Fact]
    public void Only_weights_decay_unless_asked_otherwise_and_statistics_and_constants_never_change()
    {
        foreach (var everything in new[] { false, true })
        {
            foreach (var role in Enum.GetValues<ParameterRole>())
            {
                var parameters = Pair<float>("any", 5, role);
                parameters.Value.Span.Fill(1);
                new OptimiserState<float>(new Sgd { WeightDecay = 0.5, DecayEverything = everything }, [parameters.Value], 1).Step([parameters.Gradient], 0.5);
                var decays = role == ParameterRole.Weight || (everything && role is not (ParameterRole.Statistic or ParameterRole.Constant));
                Assert.All(parameters.Value.Span.ToArray(), value => Assert.Equal(decays ? 0.75f : 1f, value));
            }
        }
    }

    [Fact]
    public void What_dies_away_becomes_zero_and_never_subnormal()
    {
        var parameters = Pair<float>("weight", 11, ParameterRole.Weight);
        parameters.Gradient.Span.Fill(1e-30f);
        var state = new OptimiserState<float>(new Sgd { Momentum = 0.5 }, [parameters.Value], 1);
        state.Step([parameters.Gradient], 0.1);
        parameters.Gradient.Span.Clear();
        for (var step = 0; step < 60; step++)
        {
            state.Step([parameters.Gradient], 1e-9);
            Assert.DoesNotContain(state.States.Single().Values, float.IsSubnormal);
            Assert.DoesNotContain(parameters.Value.Span.ToArray(), float.IsSubnormal);
        }

        Assert.All(state.States.Single().Values, value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        foreach (var optimiser in All)
        {
            var parameters = Pair<float>("weight", 40_000, ParameterRole.Weight);
            var state = new OptimiserState<float>(optimiser, [parameters.Value], 1);
            Parameter<float>[] gradients = [parameters.Gradient];
            for (var warm = 0; warm < 2; warm++)
            {
                state.GradientNorm(gradients);
                state.Step(gradients, 0.1);
            }

            Assert.Equal(0, Allocations.Least(() =>
            {
                state.GradientNorm(gradients);
                state.Step(gradients, 0.1);
            }));
        }
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Settings_that_make_no_sense_are_refused_by_name(Optimiser optimiser, string text) =>
        Assert.Contains(text, Assert.Throws<ArgumentException>(() => new TrainingDescription { Optimiser = optimiser }.Check()).Message);

    public static TheoryData<Optimiser, string> Wrong() => new()
    {
        { new Sgd { LearningRate = 0 }, "sgd: LearningRate is 0; it must be a positive number." },
        { new Sgd { LearningRate = double.NaN }, "LearningRate is NaN" },
        { new Sgd { Nesterov = true }, "positive with Nesterov; 0.9 is usual" },
        { new Sgd { Momentum = 1 }, "Momentum is 1; it must be from 0 to less than 1." },
        { new Adam { WeightDecay = -1 }, "adam: WeightDecay is -1" },
        { new Adam { Beta1 = -0.1 }, "Beta1" },
        { new AdamW { Beta2 = 1 }, "adamw: Beta2 is 1" },
        { new RmsProp { Epsilon = 0 }, "rmsprop: Epsilon is 0" },
        { new RmsProp { Smoothing = 2 }, "Smoothing is 2" },
    };

    /// <summary>The equations as published, for one number.</summary>
    private static double Reference(Optimiser optimiser, int step, double weight, double g, ref double first, ref double second)
    {
        switch (optimiser)
        {
            case Sgd o:
                g += o.WeightDecay * weight;
                first = (o.Momentum * first) + g;
                return weight - (o.LearningRate * (o.Nesterov ? g + (o.Momentum * first) : first));
            case Adam o:
                return AdamStep(weight, g + (o.WeightDecay * weight), o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, ref first, ref second);
            case AdamW o:
                return AdamStep(weight - (o.LearningRate * o.WeightDecay * weight), g, o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, ref first, ref second);
            case RmsProp o:
                g += o.WeightDecay * weight;
                first = (o.Smoothing * first) + ((1 - o.Smoothing) * g * g);
                second = (o.Momentum * second) + (g / (Math.Sqrt(first) + o.Epsilon));
                return weight - (o.LearningRate * second);
            default:
                throw new InvalidOperationException();
        }

        double AdamStep(double weight, double g, double rate, double beta1, double beta2, double epsilon, ref double m, ref double v)
        {
            m = (beta1 * m) + ((1 - beta1) * g);
            v = (beta2 * v) + ((1 - beta2) * g * g);
            var mean = m / (1 - Math.Pow(beta1, step));
            var square = v / (1 - Math.Pow(beta2, step));
            return weight - (rate * mean / (Math.Sqrt(square) + epsilon));
        }
    }

    private static double AfterOne(Optimiser optimiser, double weight, double gradient) => After(optimiser, weight, gradient);

    private static double After(Optimiser optimiser, double weight, params double[] gradients)
    {
        var parameters = Pair<double>("weight", 1, ParameterRole.Weight);
        parameters.Value.Span[0] = weight;
        var state = new OptimiserState<double>(optimiser, [parameters.Value], 1);
        foreach (var gradient in gradients)
        {
            parameters.Gradient.Span[0] = gradient;
            state.Step([parameters.Gradient], optimiser.LearningRate);
        }

        return parameters.Value.Span[0];
    }

    private static (Parameter<T> Value, Parameter<T> Gradient) Pair<T>(string name, int size, ParameterRole role)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        var description = new ParameterDescription(name, [size], 1, 1, role);
        return (new Parameter<T>(name, description), new Parameter<T>(name, description));
    }
}
