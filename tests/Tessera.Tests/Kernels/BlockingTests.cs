using System.Runtime.Intrinsics;
using CsCheck;
using Tessera.Connections;
using Tessera.Kernels;
using Tessera.Kernels.Reference;
using Tessera.Kernels.Shifted;
using Tessera.Kernels.Unshared;
using Tessera.Kernels.Vectors;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Kernels;

/// <summary>Kernels whose buffers are made so small that every cut they can make is made: channels, examples, rows and segments.</summary>
public class BlockingTests
{
    [Theory]
    [InlineData(256)]
    [InlineData(2048)]
    [InlineData(16384)]
    public void Unshared_kernels_agree_with_the_reference_however_small_their_buffers(int bytes) => RandomOperator.Of(null, SharingKind.Unshared).Sample(
        sample =>
        {
            var geometry = sample.Geometry;
            Check(new UnsharedForward<float, Vector256<float>, Lanes256<float>>(geometry, sample.InputShape[0], Vector256.IsHardwareAccelerated, bytes), sample, geometry, Operation.Forward);
            Check(new UnsharedKernelGradient<float, Vector256<float>, Lanes256<float>>(geometry, sample.InputShape[0], Vector256.IsHardwareAccelerated, bytes), sample, geometry, Operation.KernelGradient);
            Check(new UnsharedInputGradient<float, Vector256<float>, Lanes256<float>>(geometry, sample.InputShape[0], Vector256.IsHardwareAccelerated, bytes), sample, geometry, Operation.InputGradient);
        },
        iter: 40,
        threads: 1);

    [Theory]
    [InlineData(256, ChannelKind.Table, SharingKind.Shared)]
    [InlineData(4096, ChannelKind.Table, SharingKind.Tiled)]
    [InlineData(256, ChannelKind.Depthwise, SharingKind.Tiled)]
    [InlineData(4096, ChannelKind.Depthwise, SharingKind.Shared)]
    [InlineData(4096, ChannelKind.Groups, SharingKind.Shared)]
    public void Shifted_planes_agree_with_the_reference_however_small_their_buffers(int bytes, ChannelKind channels, SharingKind sharing) => RandomOperator.Of(channels, sharing).Sample(
        sample =>
        {
            var geometry = sample.Geometry;
            if (geometry.Table is null && geometry.InputChannels == geometry.Groups)
            {
                Check(new ShiftedConvolution<Vector256<float>, float, Lanes256<float>>(geometry, sample.InputShape[0], false, bytes), sample, geometry, Operation.Forward);
                Check(new ShiftedConvolution<Vector128<float>, float, Lanes128<float>>(geometry, sample.InputShape[0], true, bytes), sample, geometry, Operation.InputGradient);
            }

            Check(new ShiftedGradient<Vector256<float>, float, Lanes256<float>>(geometry, sample.InputShape[0], cacheBytes: bytes), sample, geometry, Operation.KernelGradient);
        },
        iter: 40,
        threads: 1);

    [Theory]
    [InlineData(InstructionSet.Best)]
    [InlineData(InstructionSet.Avx2)]
    [InlineData(InstructionSet.Portable)]
    public void Unshared_kernels_agree_with_the_reference_at_every_batch_around_the_lanes(InstructionSet instructions)
    {
        var description = new ConvolutionDescription { Kernel = [2, 3], Outputs = 7, Padding = Padding.Same, Sharing = Sharing.Unshared };
        for (var batch = 1; batch <= 20; batch++) Agreement.Check<float>(new RandomOperator(description, [batch, 3, 3, 4], batch), instructions);
        for (var batch = 1; batch <= 9; batch++) Agreement.Check<double>(new RandomOperator(description, [batch, 3, 3, 4], batch), instructions);
        foreach (var batch in new[] { 63, 65, 130 }) Agreement.Check<float>(new RandomOperator(description, [batch, 2, 2, 3], batch), instructions);
    }

    [Theory]
    [InlineData(InstructionSet.Best)]
    [InlineData(InstructionSet.Avx2)]
    public void Unshared_kernels_agree_with_the_reference_at_every_number_of_outputs_around_the_tile(InstructionSet instructions)
    {
        for (var outputs = 1; outputs <= 13; outputs++)
        {
            var description = new ConvolutionDescription { Kernel = [3], Outputs = outputs, Padding = Padding.Full, Sharing = Sharing.Unshared };
            foreach (var batch in new[] { 1, 3, 17, 33 }) Agreement.Check<float>(new RandomOperator(description, [batch, 1 + (outputs % 7), 5], outputs), instructions);
        }
    }

    [Theory]
    [InlineData(InstructionSet.Best)]
    [InlineData(InstructionSet.Avx2)]
    public void Shifted_planes_agree_with_the_reference_at_every_width_around_the_vectors(InstructionSet instructions)
    {
        var depthwise = new ConvolutionDescription { Kernel = [2, 3], Outputs = 4, Padding = Padding.Same, Channels = ChannelConnections.Depthwise };
        for (var width = 1; width <= 35; width++)
        {
            Agreement.Check<float>(new RandomOperator(depthwise, [1, 4, 2, width], width), instructions);
            Agreement.Check<float>(new RandomOperator(depthwise with { Outputs = 5, Channels = ChannelConnections.Table(ConnectionTable.Random(4, 5, 2, width)) }, [2, 4, 3, width], width), instructions);
        }
    }

    [Theory]
    [InlineData(InstructionSet.Best)]
    [InlineData(InstructionSet.Avx2)]
    [InlineData(InstructionSet.Portable)]
    public void Streamed_rows_agree_with_the_reference_at_every_kernel_height(InstructionSet instructions)
    {
        for (var height = 1; height <= 8; height++)
        {
            for (var width = 1; width <= 5; width++)
            {
                var depthwise = new ConvolutionDescription { Kernel = [height, width], Outputs = 3 + (3 * (width % 2)), Padding = Padding.Same, Channels = ChannelConnections.Depthwise, Flip = width == 2 };
                Agreement.Check<float>(new RandomOperator(depthwise, [1, 3, height % 2 == 0 ? 3 : 9, 16 + (7 * width)], height), instructions);
                Agreement.Check<double>(new RandomOperator(depthwise with { Dilation = [1, 2] }, [2, 3, 4, 5 + (7 * width)], height), instructions);
            }
        }
    }

    [Fact]
    public void Products_of_shifted_planes_agree_with_the_reference_at_every_number_of_rows_taps_and_examples()
    {
        for (var outputs = 1; outputs <= 20; outputs++)
        {
            for (var batch = 1; batch <= 9; batch += 2)
            {
                var taps = 1 + ((outputs + batch) % 6);
                var description = new ConvolutionDescription { Kernel = [2, taps], Outputs = 2 * outputs, Padding = Padding.Same, Stride = [1, 1 + (batch / 2 % 2)], Channels = ChannelConnections.Groups(2) };
                var sample = new RandomOperator(description, [batch, 2 * (1 + (outputs % 3)), 5, 3 + outputs + batch], outputs);
                var geometry = description.Resolve(sample.InputShape[1], sample.InputShape.From(2));
                Check(new ShiftedGradient<Vector512<float>, float, Lanes512<float>>(geometry, batch), sample, geometry, Operation.KernelGradient);
                Check(new ShiftedGradient<Vector256<float>, float, Lanes256<float>>(geometry, batch), sample, geometry, Operation.KernelGradient);
            }
        }
    }

    [Fact]
    public void A_large_kernel_gradient_of_one_example_is_written_past_the_cache_and_right()
    {
        var description = new ConvolutionDescription { Kernel = [3, 3], Outputs = 61, Sharing = Sharing.Unshared, Bias = BiasSharing.None };
        var plan = description.Plan<float>([1, 37, 21, 20]);
        if (Vector256.IsHardwareAccelerated) Assert.Contains("past the cache", plan.ToString(), StringComparison.Ordinal);
        var sample = new RandomOperator(description, plan.InputShape, 7);
        var actual = Agreement.Run(plan, null, Operation.KernelGradient, sample, bias: false, accumulate: false);
        float[] input = sample.RandomValues<float>(plan.InputShape.Product, 1), gradient = sample.RandomValues<float>(plan.OutputShape.Product, 4);
        var at = 0;
        for (var p = 0; p < 19 * 18; p++)
        {
            for (var m = 0; m < 61; m++)
            {
                for (var c = 0; c < 37; c++)
                {
                    for (var q = 0; q < 9; q++, at++)
                    {
                        var x = (((c * 21) + (p / 18) + (q / 3)) * 20) + (p % 18) + (q % 3);
                        if (actual[at] != gradient[(m * 19 * 18) + p] * input[x]) Assert.Fail($"position {p}, output {m}, input {c}, element {q}: {actual[at]}");
                    }
                }
            }
        }
    }

    private static unsafe void Check(Algorithm<float> algorithm, RandomOperator sample, OperatorGeometry geometry, Operation operation)
    {
        var batch = sample.InputShape[0];
        var accumulate = (sample.Seed & 1) != 0;
        long inputs = sample.InputShape.Product, kernels = geometry.KernelShape.Product, outputs = batch * geometry.OutputChannels * geometry.OutputSize.Product;
        var expected = Run(new ReferenceAlgorithm<float>(geometry, batch, operation), 1);
        var actual = Run(algorithm, 1);
        for (var i = 0; i < expected.Length; i++)
        {
            var distance = Math.Abs(expected[i] - actual[i]);
            Assert.True(distance <= 1e-4f * (1 + Math.Abs(expected[i])), $"{operation}, element {i}: {actual[i]} for {expected[i]}, with {algorithm.Name}");
        }

        Assert.Equal(actual, Run(algorithm, 2));

        float[] Run(Algorithm<float> one, int threads)
        {
            float[] v = sample.RandomValues<float>(inputs, 1), k = sample.RandomValues<float>(kernels, 2), z = sample.RandomValues<float>(outputs, 3);
            fixed (float* pv = v, pk = k, pz = z)
            {
                new Workspace<float>(one.SharedElements, one.WorkerElements, threads).Run(one, new Operands<float>(pv, pk, null, pz, accumulate));
            }

            return operation switch { Operation.Forward => z, Operation.KernelGradient => k, _ => v };
        }
    }
}
