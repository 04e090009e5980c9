using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>Weights from one sharing to another.</summary>
public class SharingConversionTests
{
    [Fact]
    public void Converting_to_finer_leaves_what_the_operator_computes() => RandomOperator.Any.Holds(
        sample =>
        {
            var description = sample.Description with { Bias = BiasSharing.LikeKernel };
            var plan = description.Plan<double>(sample.InputShape);
            var axes = plan.Geometry.Axes.ToArray();
            var random = new RandomSource(sample.Seed);
            var finer = random.NextInt(3) == 0
                ? Sharing.Unshared
                : Sharing.Tiled([.. axes.Select(axis => random.NextInt(3) == 0 ? Math.Max(axis.Output, axis.Tile) : axis.Tile * (1 + random.NextInt(3)))]);
            var other = (description with { Sharing = finer }).Plan<double>(sample.InputShape);
            if (other.KernelShape.Product > 200_000 || (finer.IsUnshared && axes.Any(axis => axis.Tile > axis.Output))) return;
            var kernel = sample.Random<double>(plan.KernelShape, 2);
            var bias = sample.Random<double>(plan.BiasShape, 3);
            var converted = SharingConversion.Kernel<double>(plan.Geometry, finer, kernel);
            var convertedBias = SharingConversion.Bias<double>(plan.Geometry, finer, bias);
            Assert.Equal(other.KernelShape, Sizes.Of(converted.Lengths));
            Assert.Equal(other.BiasShape, Sizes.Of(convertedBias.Lengths));
            var (v, g) = (sample.RandomValues<double>(plan.InputShape.Product, 1), sample.RandomValues<double>(plan.OutputShape.Product, 4));
            var before = OperatorResults.Of(plan, v, Flat(kernel), Flat(bias), g);
            var after = OperatorResults.Of(other, v, Flat(converted), Flat(convertedBias), g);
            OperatorResults.Close(before.Output, after.Output);
            OperatorResults.Close(before.InputGradient, after.InputGradient);

            // And back: the mean of copies is what was copied, wherever it was used.
            var back = OperatorResults.Of(plan, v, Flat(SharingConversion.Kernel<double>(other.Geometry, description.Sharing, converted)), Flat(SharingConversion.Bias<double>(other.Geometry, description.Sharing, convertedBias)), g);
            OperatorResults.Close(before.Output, back.Output);
        },
        iterations: 120);

    [Fact]
    public void Converting_to_coarser_is_the_mean_over_the_positions_that_use_an_element() => RandomOperator.Of(null, SharingKind.Unshared).Holds(
        sample =>
        {
            var plan = sample.Description.Plan<double>(sample.InputShape);
            var random = new RandomSource(sample.Seed);
            var coarser = Sharing.Tiled([.. plan.Geometry.Axes.ToArray().Select(axis => 1 + random.NextInt(Math.Min(axis.Output, 4)))]);
            var geometry = (sample.Description with { Sharing = coarser }).Resolve(plan.Geometry.InputChannels, plan.Geometry.InputSize);
            var kernel = sample.Random<double>(plan.KernelShape, 2);
            var old = Flat(kernel);
            var converted = Flat(SharingConversion.Kernel<double>(plan.Geometry, coarser, kernel));
            int pairs = geometry.PairCount, volume = (int)geometry.KernelSize.Product;
            var (sum, count) = (new double[converted.Length], new int[converted.Length]);
            foreach (var at in Meeting.All(geometry))
            {
                for (var pair = 0; pair < pairs; pair++)
                {
                    var element = (((at.Tile * pairs) + pair) * volume) + at.Kernel;
                    sum[element] += old[(((at.Output * pairs) + pair) * volume) + at.Kernel];
                    count[element]++;
                }
            }

            for (var i = 0; i < sum.Length; i++)
            {
                if (count[i] > 0) Assert.Equal(sum[i] / count[i], converted[i], 1e-12);
            }
        },
        iterations: 80);

    [Fact]
    public void A_bias_is_averaged_over_positions()
    {
        var unshared = new ConvolutionDescription { Kernel = [1], Outputs = 1, Sharing = Sharing.Unshared }.Resolve(1, [5]);
        var bias = Tensor.Create([1.0, 2, 3, 4, 8], [5, 1]);
        Assert.Equal([4.0, 3], Flat(SharingConversion.Bias<double>(unshared, Sharing.Tiled([2]), bias)));
        Assert.Equal([3.6], Flat(SharingConversion.Bias<double>(unshared, Sharing.Shared, bias)));
    }

    [Fact]
    public void Tiles_that_do_not_fit_into_each_other_are_told_which_would()
    {
        var tiled = new ConvolutionDescription { Kernel = [3, 3], Outputs = 1, Sharing = Sharing.Tiled([1, 4]) }.Resolve(1, [9, 12]);
        var kernel = Tensor.CreateFromShape<float>(tiled.KernelShape.ToLengths());
        Assert.Equal(
            "sharing: tile 4 on axis 1 cannot become 6; 1, 2, 4, multiples of 4, and 10 or more (unshared) would do. (Parameter 'to')",
            Assert.Throws<ArgumentException>(() => SharingConversion.Kernel<float>(tiled, Sharing.Tiled([2, 6]), kernel)).Message);
        Assert.Equal(
            "sharing: the tile 2 has 1 axes but the operator has 2; give one number per spatial axis. (Parameter 'to')",
            Assert.Throws<ArgumentException>(() => SharingConversion.Kernel<float>(tiled, Sharing.Tiled([2]), kernel)).Message);
        Assert.Equal(
            "sharing: a tensor 2147483647×4×1×1×3×3 for tiled 2147483647×4 has more than 2147483591 elements; use a smaller tile. (Parameter 'to')",
            Assert.Throws<ArgumentException>(() => SharingConversion.Kernel<float>(tiled, Sharing.Tiled([int.MaxValue, 4]), kernel)).Message);
    }

    [Fact]
    public void Drift_is_the_deviation_from_the_mean_kernel_relative_to_it()
    {
        var tiled = new ConvolutionDescription { Kernel = [2], Outputs = 1, Sharing = Sharing.Tiled([2]) }.Resolve(1, [5]);
        Assert.Equal([0.0, 0], TileDrift.Of<double>(tiled, Tensor.Create([3.0, -1, 3, -1], [2, 1, 1, 2])).PerTile);
        var drift = TileDrift.Of<double>(tiled, Tensor.Create([4.0, 4, 2, 2], [2, 1, 1, 2]));
        Assert.Equal([1.0 / 3, 1.0 / 3], drift.PerTile);
        Assert.Equal(1.0 / 3, drift.Overall, 1e-12);
        Assert.Equal("tile 2: drift 0.333, furthest 0.333 at (0)", drift.ToString());
    }

    [Fact]
    public void What_a_border_never_uses_is_no_drift()
    {
        var padded = new ConvolutionDescription { Kernel = [3], Outputs = 1, Padding = Padding.Same, Sharing = Sharing.Unshared }.Resolve(1, [3]);
        double[] kernel = [99, 2, 3, 1, 2, 3, 1, 2, 99];
        Assert.Equal([0.0, 0, 0], TileDrift.Of<double>(padded, Tensor.Create(kernel, [3, 1, 1, 3])).PerTile);
        Assert.Equal([1.0, 2, 3], Flat(SharingConversion.Kernel<double>(padded, Sharing.Shared, Tensor.Create(kernel, [3, 1, 1, 3]))));
        Assert.Equal(0, TileDrift.Of<double>(padded, Tensor.Create(kernel, [3, 1, 1, 3])).Overall);
    }

    private static double[] Flat(Tensor<double> tensor)
    {
        var flat = new double[tensor.FlattenedLength];
        tensor.FlattenTo(flat);
        return flat;
    }
}
