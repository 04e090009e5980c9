using CsCheck;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

public class LossTests
{
    private static readonly Loss[] All =
        [new CrossEntropy(), new CrossEntropy { LabelSmoothing = 0.1 }, new MeanSquaredError(), new MeanAbsoluteError(), new BinaryCrossEntropy()];

    private static readonly Gen<(Loss Loss, Sizes Shape, int Seed)> Any = Gen.Select(
        Gen.Int[0, All.Length - 1], Gen.Int[1, 4], Gen.Int[2, 5], Gen.Int[0, 2], Gen.Int[1, 3], Gen.Int[0, 1 << 20],
        (loss, examples, channels, rank, size, seed) => (All[loss], Sizes.Create([examples, channels]).Append(Sizes.Repeat(size, rank)), seed));

    [Fact]
    public void Gradients_against_labels_are_what_finite_differences_say() => Any.Sample(
        sample =>
        {
            var (output, labels, _) = Draw(sample.Shape, sample.Seed);
            var gradient = new double[output.Length];
            sample.Loss.Evaluate<double>(sample.Shape, output, labels, gradient);
            Differences(output, gradient, changed => sample.Loss.Evaluate<double>(sample.Shape, changed, labels, []));
        },
        iter: 200,
        threads: 1);

    [Fact]
    public void Gradients_against_targets_are_what_finite_differences_say() => Any.Sample(
        sample =>
        {
            var (output, _, targets) = Draw(sample.Shape, sample.Seed);
            var gradient = new double[output.Length];
            sample.Loss.Evaluate<double>(sample.Shape, output, targets, gradient);
            Differences(output, gradient, changed => sample.Loss.Evaluate<double>(sample.Shape, changed, targets, []));
        },
        iter: 200,
        threads: 1);

    [Fact]
    public void Labels_are_targets_of_one_and_zero() => Any.Sample(
        sample =>
        {
            var (output, labels, _) = Draw(sample.Shape, sample.Seed);
            var (examples, channels, positions) = (sample.Shape[0], sample.Shape[1], (int)sample.Shape.From(2).Product);
            var targets = new double[output.Length];
            for (var n = 0; n < examples; n++)
            {
                for (var p = 0; p < positions; p++) targets[(((n * channels) + labels[(n * positions) + p]) * positions) + p] = 1;
            }

            double[] byLabels = new double[output.Length], byTargets = new double[output.Length];
            Assert.Equal(
                sample.Loss.Evaluate<double>(sample.Shape, output, targets, byTargets),
                sample.Loss.Evaluate<double>(sample.Shape, output, labels, byLabels),
                1e-12);
            for (var i = 0; i < targets.Length; i++) Assert.Equal(byTargets[i], byLabels[i], 1e-12);
        },
        iter: 100,
        threads: 1);

    [Fact]
    public void Float_agrees_with_double() => Any.Sample(
        sample =>
        {
            var (output, labels, _) = Draw(sample.Shape, sample.Seed);
            float[] narrow = [.. output.Select(value => (float)value)], gradient = new float[output.Length];
            double[] wide = [.. narrow.Select(value => (double)value)], wideGradient = new double[output.Length];
            Assert.Equal(
                sample.Loss.Evaluate<double>(sample.Shape, wide, labels, wideGradient),
                sample.Loss.Evaluate<float>(sample.Shape, narrow, labels, gradient));
            for (var i = 0; i < gradient.Length; i++) Assert.Equal((float)wideGradient[i], gradient[i]);
        },
        iter: 50,
        threads: 1);

    [Fact]
    public void Cross_entropy_of_equal_scores_is_the_logarithm_of_the_number_of_classes() =>
        Assert.Equal(Math.Log(4), new CrossEntropy().Evaluate<float>([2, 4], new float[8], [3, 0], []), 1e-12);

    [Fact]
    public void Scores_of_any_size_give_a_finite_cross_entropy()
    {
        float[] gradient = new float[2];
        Assert.Equal(0, new CrossEntropy().Evaluate<float>([1, 2], [1e30f, -1e30f], [0], gradient));
        Assert.Equal([0, 0], gradient);
        Assert.Equal(2e4, new CrossEntropy().Evaluate<float>([1, 2], [1e4f, -1e4f], [1], gradient));
        Assert.Equal([1, -1], gradient);
        Assert.Equal(0, new CrossEntropy().Evaluate<float>([1, 2], [0, float.NegativeInfinity], [0], gradient));
        Assert.Equal(1e4, new BinaryCrossEntropy().Evaluate<float>([1, 1], [-1e4f], [1], gradient.AsSpan(0, 1)));
        Assert.Equal(-1, gradient[0]);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_broken_output_gives_a_broken_loss(float broken)
    {
        foreach (var loss in All) Assert.False(double.IsFinite(loss.Evaluate<float>([1, 2], [broken, 0], [1], [])), loss.Name);
    }

    [Fact]
    public void Published_examples_by_hand()
    {
        // −log(e² / (e² + e¹)) = log(1 + e⁻¹)
        Assert.Equal(Math.Log(1 + Math.Exp(-1)), new CrossEntropy().Evaluate<double>([1, 2], [2, 1], [0], []), 1e-12);
        Assert.Equal((1 + 9) / 2.0, new MeanSquaredError().Evaluate<double>([1, 2], [1, 5], new double[] { 2, 2 }, []));
        Assert.Equal((1 + 3) / 2.0, new MeanAbsoluteError().Evaluate<double>([1, 2], [1, 5], new double[] { 2, 2 }, []));
        Assert.Equal(Math.Log(2), new BinaryCrossEntropy().Evaluate<double>([1, 1], [0], [1], []), 1e-12);
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_anything_is_written()
    {
        var gradient = new float[6];
        Array.Fill(gradient, 7f);
        Refused("cross-entropy: label 3 (number 1 of the batch) is not one of the 3 classes 0 … 2 of an output of shape 2×3; give the network more outputs, or mend the labels.",
            () => new CrossEntropy().Evaluate<float>([2, 3], new float[6], [0, 3], gradient));
        Refused("wants 2 labels", () => new CrossEntropy().Evaluate<float>([2, 3], new float[6], [0], gradient));
        Refused("has 6 elements, but 5 were given", () => new MeanSquaredError().Evaluate<float>([2, 3], new float[5], [0, 1], gradient));
        Refused("wants 6 targets, but 5 were given", () => new MeanSquaredError().Evaluate<float>([2, 3], new float[6], new float[5], gradient));
        Refused("there is room for 5", () => new MeanSquaredError().Evaluate<float>([2, 3], new float[6], [0, 1], new float[5]));
        Refused("none of [N, K]", () => new MeanSquaredError().Evaluate<float>([2], new float[2], [0, 1], []));
        Refused("use binary cross-entropy", () => new CrossEntropy().Evaluate<float>([2, 1], new float[2], [0, 1], []));
        Refused("a label smoothing of 1 is not", () => new CrossEntropy { LabelSmoothing = 1 }.Evaluate<float>([2, 3], new float[6], [0, 1], gradient));
        Assert.All(gradient, value => Assert.Equal(7f, value));

        static void Refused(string text, Action action) => Assert.Contains(text, Assert.ThrowsAny<ArgumentException>(action).Message);
    }

    private static (double[] Output, int[] Labels, double[] Targets) Draw(Sizes shape, int seed)
    {
        var random = new RandomSource(seed);
        var output = new double[shape.Product];
        var targets = new double[output.Length];
        for (var i = 0; i < output.Length; i++)
        {
            // Never near a target, where the absolute difference has a kink.
            output[i] = (Math.Round(24 * random.NextNormal()) + 0.5) / 8;
            targets[i] = random.NextInt(9) / 8.0;
        }

        var labels = new int[output.Length / shape[1]];
        for (var i = 0; i < labels.Length; i++) labels[i] = random.NextInt(shape[1]);
        return (output, labels, targets);
    }

    private static void Differences(double[] output, double[] gradient, Func<double[], double> loss)
    {
        const double step = 1e-5;
        for (var i = 0; i < output.Length; i++)
        {
            var kept = output[i];
            output[i] = kept + step;
            var up = loss(output);
            output[i] = kept - step;
            var down = loss(output);
            output[i] = kept;
            Assert.Equal((up - down) / (2 * step), gradient[i], 1e-7);
        }
    }
}
