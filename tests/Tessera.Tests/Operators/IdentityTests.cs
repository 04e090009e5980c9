using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>What must hold between operators, whatever computes them: the identities of the operators' contract.</summary>
public class IdentityTests
{
    [Fact]
    public void The_three_operations_are_adjoint() => RandomOperator.Any.Holds(
        sample =>
        {
            var plan = (sample.Description with { Bias = BiasSharing.None }).Plan<double>(sample.InputShape);
            var results = OperatorResults.Of(plan, sample);
            var product = TensorPrimitives.Dot<double>(results.Output, sample.RandomValues<double>(plan.OutputShape.Product, 4));
            Assert.Equal(product, TensorPrimitives.Dot<double>(sample.RandomValues<double>(plan.InputShape.Product, 1), results.InputGradient), 1e-9);
            Assert.Equal(product, TensorPrimitives.Dot<double>(sample.RandomValues<double>(plan.KernelShape.Product, 2), results.KernelGradient), 1e-9);
        },
        iterations: 200);

    [Fact]
    public void A_strided_operator_is_the_unit_stride_one_at_every_stride_th_position() => RandomOperator.Any.Holds(
        sample =>
        {
            var plan = (sample.Description with { Bias = BiasSharing.None }).Plan<double>(sample.InputShape);
            var axes = plan.Geometry.Axes.ToArray();

            // Position p of the strided operator is p·s of the other, where tile τ has become τ·s; the kernels between are never asked.
            var unit = (plan.Description with
            {
                Stride = [],
                Padding = Padding.Explicit([.. axes.Select(axis => axis.PadLow)], [.. axes.Select(axis => axis.PadHigh)]),
                Sharing = plan.Description.Sharing.IsShared ? Sharing.Shared : Sharing.Tiled([.. axes.Select(axis => axis.Tile * axis.Stride)]),
            }).Plan<double>(sample.InputShape);
            var unitAxes = unit.Geometry.Axes.ToArray();
            var v = sample.RandomValues<double>(plan.InputShape.Product, 1);
            var k = sample.RandomValues<double>(plan.KernelShape.Product, 2);
            var g = sample.RandomValues<double>(plan.OutputShape.Product, 4);
            var tiles = plan.Geometry.HasTileAxes ? Places(axes, axis => axis.Tile, unitAxes, axis => axis.Tile) : [0];
            var positions = Places(axes, axis => axis.Output, unitAxes, axis => axis.Output);
            var unitKernel = sample.RandomValues<double>(unit.KernelShape.Product, 5);
            var unitGradient = new double[unit.OutputShape.Product];
            int block = k.Length / tiles.Length, planes = plan.OutputShape[0] * plan.OutputShape[1], unitPlane = (int)unit.OutputShape.From(2).Product;
            for (var tile = 0; tile < tiles.Length; tile++) k.AsSpan(tile * block, block).CopyTo(unitKernel.AsSpan(tiles[tile] * block));
            for (var plane = 0; plane < planes; plane++)
            {
                for (var p = 0; p < positions.Length; p++) unitGradient[(plane * unitPlane) + positions[p]] = g[(plane * positions.Length) + p];
            }

            var expected = OperatorResults.Of(unit, v, unitKernel, [], unitGradient);
            var actual = OperatorResults.Of(plan, v, k, [], g);
            OperatorResults.Close([.. Enumerable.Range(0, planes).SelectMany(plane => positions.Select(p => expected.Output[(plane * unitPlane) + p]))], actual.Output);
            OperatorResults.Close([.. tiles.SelectMany(tile => expected.KernelGradient.Skip(tile * block).Take(block))], actual.KernelGradient);
            OperatorResults.Close(expected.InputGradient, actual.InputGradient);
        },
        iterations: 150);

    [Fact]
    public void Tiled_with_tile_equal_to_output_equals_unshared() => RandomOperator.Of(null, SharingKind.Unshared).Holds(
        sample =>
        {
            var unshared = sample.Description.Plan<double>(sample.InputShape);
            var tiled = (sample.Description with { Sharing = Sharing.Tiled(unshared.Geometry.OutputSize) }).Plan<double>(sample.InputShape);
            Assert.Equal(unshared.KernelShape, tiled.KernelShape);
            OperatorResults.Close(OperatorResults.Of(unshared, sample), OperatorResults.Of(tiled, sample));
        },
        iterations: 100);

    [Fact]
    public void Tiled_with_tile_one_equals_shared() => RandomOperator.Of(null, SharingKind.Shared).Holds(
        sample =>
        {
            var shared = sample.Description.Plan<double>(sample.InputShape);
            var tiled = (sample.Description with { Sharing = Sharing.Tiled(Sizes.Repeat(1, sample.Description.Rank)) }).Plan<double>(sample.InputShape);
            OperatorResults.Close(OperatorResults.Of(shared, sample), OperatorResults.Of(tiled, sample));
        },
        iterations: 100);

    [Theory]
    [InlineData(ChannelKind.Dense)]
    [InlineData(ChannelKind.Groups)]
    [InlineData(ChannelKind.Depthwise)]
    public void Groups_equal_a_block_diagonal_table(ChannelKind channels) => RandomOperator.Of(channels, null).Holds(
        sample =>
        {
            var grouped = sample.Description.Plan<double>(sample.InputShape);
            var geometry = grouped.Geometry;
            int inputs = geometry.InputChannels / geometry.Groups, outputs = geometry.OutputChannels / geometry.Groups;
            var table = ConnectionTable.FromPairs(geometry.OutputChannels, from m in Enumerable.Range(0, geometry.OutputChannels) from c in Enumerable.Range(0, inputs) select (m, (m / outputs * inputs) + c));
            var tabled = (sample.Description with { Channels = ChannelConnections.Table(table) }).Plan<double>(sample.InputShape);
            Assert.Equal(grouped.KernelShape.Product, tabled.KernelShape.Product);
            OperatorResults.Close(OperatorResults.Of(grouped, sample), OperatorResults.Of(tabled, sample));
        },
        iterations: 60);

    [Fact]
    public void Unshared_with_equal_kernels_has_the_shared_output_and_its_kernel_gradients_sum_to_the_shared_one() => RandomOperator.Of(null, SharingKind.Unshared).Holds(
        sample =>
        {
            var unshared = (sample.Description with { Bias = BiasSharing.LikeKernel }).Plan<double>(sample.InputShape);
            var shared = (sample.Description with { Bias = BiasSharing.LikeKernel, Sharing = Sharing.Shared }).Plan<double>(sample.InputShape);
            var v = sample.RandomValues<double>(shared.InputShape.Product, 1);
            var k = sample.RandomValues<double>(shared.KernelShape.Product, 2);
            var b = sample.RandomValues<double>(shared.BiasShape.Product, 3);
            var g = sample.RandomValues<double>(shared.OutputShape.Product, 4);
            var positions = (int)shared.Geometry.OutputSize.Product;
            var expected = OperatorResults.Of(shared, v, k, b, g);
            var actual = OperatorResults.Of(unshared, v, Repeat(k), Repeat(b), g);
            OperatorResults.Close(expected with { KernelGradient = [], BiasGradient = [] }, actual with { KernelGradient = [], BiasGradient = [] });
            OperatorResults.Close(expected.KernelGradient, Sum(actual.KernelGradient, k.Length));
            OperatorResults.Close(expected.BiasGradient, Sum(actual.BiasGradient, b.Length));

            double[] Repeat(double[] values) => [.. Enumerable.Repeat(values, positions).SelectMany(copy => copy)];
        },
        iterations: 100);

    private static double[] Sum(double[] values, int block)
    {
        var sum = new double[block];
        for (var i = 0; i < values.Length; i++) sum[i % block] += values[i];
        return sum;
    }

    /// <summary>Where each place p of a box stands, as p·s per axis, in another box.</summary>
    private static int[] Places(AxisGeometry[] axes, Func<AxisGeometry, int> size, AxisGeometry[] others, Func<AxisGeometry, int> otherSize)
    {
        int[] places = [0];
        for (var a = 0; a < axes.Length; a++)
        {
            places = [.. from place in places from p in Enumerable.Range(0, size(axes[a])) select (place * otherSize(others[a])) + (p * axes[a].Stride)];
        }

        return places;
    }
}
