using System.Numerics;
using System.Runtime.Intrinsics;
using CsCheck;
using Tessera.Connections;
using Tessera.Kernels;
using Tessera.Kernels.Dense;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Kernels.Dense;

/// <summary>Every dense algorithm against the reference, chosen or not, at sizes around the boundaries of panels and blocks.</summary>
public class DenseAlgorithmTests
{
    [Fact]
    public void Algorithms_that_were_not_chosen_agree_with_the_reference_too() =>
        RandomOperator.Any.Where(sample => sample.Description.Channels.ConnectionTable is null && !sample.Description.Sharing.IsUnshared).Sample(
            sample =>
            {
                Check<float>(sample);
                Check<double>(sample);
            },
            iter: 60,
            threads: 1);

    [Fact]
    public void Any_number_of_rows_is_cut_into_panels()
    {
        foreach (var outputs in Enumerable.Range(1, 20).Concat([63, 65, 127, 130, 257]))
        {
            Check<float>(Convolution([3], outputs, Padding.Same, [2, 3, 21]));
        }
    }

    [Fact]
    public void Any_number_of_columns_is_cut_into_panels_and_blocks()
    {
        foreach (var width in (int[])[1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 95, 96, 97, 191, 193, 383, 384, 385, 513, 769, 1153])
        {
            Check<float>(Convolution([2], 5, Padding.Same, [1, 2, width]));
            Check<float>(Convolution([1, 1], 3, Padding.Valid, [3, 2, 1, width]));
        }
    }

    [Fact]
    public void Any_depth_is_cut_into_blocks()
    {
        foreach (var channels in (int[])[42, 43, 63, 64, 65, 85, 86, 127, 128, 129, 171, 255, 256, 257, 511, 513])
        {
            Check<float>(Convolution([1], 9, Padding.Valid, [2, channels, 5]));
            Check<double>(Convolution([3], 2, Padding.Full, [1, channels, 4]));
        }
    }

    [Fact]
    public void Fully_connected_operators_are_matrix_products()
    {
        foreach (var (batch, features, outputs) in new[] { (1, 1, 1), (1, 130, 70), (7, 129, 1), (49, 47, 65), (33, 257, 10), (70, 400, 9) })
        {
            Check<float>(Convolution([1], outputs, Padding.Valid, [batch, features, 1]));
        }

        Agreement.Check<float>(Convolution([1], 300, Padding.Valid, [3, 35, 1]), InstructionSet.Best);
        Check<double>(Convolution([2, 3], 11, Padding.Valid, [5, 4, 2, 3]));
        Check<float>(Convolution([2, 3], 12, Padding.Valid, [5, 6, 2, 3]) is var one ? one with { Description = one.Description with { Channels = ChannelConnections.Groups(3) } } : one);
    }

    [Fact]
    public void Strides_and_tiles_are_cut_into_boxes_channels_last()
    {
        foreach (var (channels, size, stride, tile) in new[] { (1, 23, 2, 1), (16, 40, 3, 1), (33, 21, 1, 4), (48, 30, 2, 3), (130, 17, 1, 2) })
        {
            var sample = Convolution([3, 3], 50, Padding.Same, [3, channels, size, size + 1]);
            Check<float>(sample with { Description = sample.Description with { Stride = [stride, stride], Sharing = tile == 1 ? Sharing.Shared : Sharing.Tiled([tile, tile]) } });
        }

        var half = Convolution([3], 9, Padding.Same, [2, 512, 9]);
        Check<float>(half);
        Check<double>(half with { Description = half.Description with { Dilation = [2], Stride = [2] } });
    }

    [Fact]
    public void Small_planes_are_multiplied_tap_by_tap()
    {
        var one = Convolution([3, 3], 50, Padding.Same, [1, 150, 7, 7]);
        foreach (var sample in new[]
        {
            one,
            one with { Description = one.Description with { Stride = [2, 3], Channels = ChannelConnections.Groups(2) } },
            one with { Description = one.Description with { Dilation = [3, 1], Padding = Padding.Full, Flip = true } },
            Convolution([5, 4], 33, Padding.Full, [3, 20, 2, 3]),
            Convolution([1, 1], 100, Padding.Valid, [2, 70, 3, 5]),
            Convolution([2], 17, Padding.Same, [5, 40, 9]),
            Convolution([2, 3, 3], 20, Padding.Same, [2, 16, 4, 5, 3]),
        })
        {
            Check<float>(sample);
            Check<double>(sample);
            foreach (var operation in Enum.GetValues<Operation>()) Assert.Contains(Candidates(sample, operation), IsTapwise);
        }
    }

    [Fact]
    public void Kernel_gradients_tap_by_tap_take_some_examples_and_places_at_a_time()
    {
        foreach (var sample in new[]
        {
            Convolution([3, 3], 40, Padding.Same, [7, 61, 20, 21]),
            Convolution([1, 1], 70, Padding.Valid, [5, 64, 30, 31]),
            Convolution([2], 20, Padding.Full, [3, 70, 1300]),
            Convolution([3], 50, Padding.Same, [4, 65, 999]) is var one ? one with { Description = one.Description with { Stride = [2], Flip = true } } : one,
        })
        {
            Check<float>(sample);
            Assert.Contains(Candidates(sample, Operation.KernelGradient), IsTapwise);
        }
    }

    [Fact]
    public void A_small_plane_with_a_large_kernel_is_multiplied_tap_by_tap_and_others_are_not()
    {
        Assert.True(IsTapwise(Chosen(Convolution([3, 3], 512, Padding.Same, [1, 512, 5, 5]))));
        Assert.True(IsTapwise(Chosen(Convolution([1, 1], 512, Padding.Same, [1, 2048, 7, 7]))));
        Assert.False(IsTapwise(Chosen(Convolution([3, 3], 8, Padding.Same, [1, 8, 7, 7]))));
        Assert.False(IsTapwise(Chosen(Convolution([1, 1], 64, Padding.Same, [1, 256, 56, 56]))));
        Assert.False(DenseKernels.HasFewPositions(new ConvolutionDescription { Kernel = [3, 3], Outputs = 4 }.Resolve(4, [1000, 1000]), 1, Operation.Forward));
    }

    [Fact]
    public void Kernels_of_one_element_are_multiplied_where_the_source_lies_unless_there_is_a_stride_or_padding()
    {
        var one = Convolution([1, 1], 40, Padding.Valid, [1, 330, 7, 13]);
        foreach (var sample in new[]
        {
            one,
            one with { Description = one.Description with { Channels = ChannelConnections.Groups(10), Dilation = [2, 3], Flip = true } },
            Convolution([1], 5, Padding.Valid, [3, 64, 90]),
            Convolution([1, 1, 1], 230, Padding.Valid, [2, 17, 2, 5, 3]),
            Convolution([1, 1], 3, Padding.Valid, [1, 40, 1, 7]) is var row ? row with { Description = row.Description with { Stride = [4, 1] } } : row,
        })
        {
            Check<float>(sample);
            Check<double>(sample);
            Assert.True(IsOffered(sample));
        }

        Assert.False(IsOffered(one with { Description = one.Description with { Stride = [1, 2] } }));
        Assert.False(IsOffered(one with { Description = one.Description with { Padding = Padding.Symmetric([1, 0]) } }));
        Assert.False(IsOffered(Convolution([1, 2], 70, Padding.Same, [2, 33, 9, 13])));
        Assert.True(IsPointwise(Chosen(Convolution([1, 1], 16, Padding.Valid, [1, 256, 56, 56]))));

        static bool IsOffered(RandomOperator sample) => new[] { Operation.Forward, Operation.InputGradient }.All(operation => Candidates(sample, operation).Any(IsPointwise));

        static bool IsPointwise(Algorithm<float> algorithm) => algorithm.Name.StartsWith("matrix product in place", StringComparison.Ordinal);
    }

    [Fact]
    public void Kernel_gradients_of_few_input_channels_have_output_channels_for_lanes()
    {
        var one = Convolution([5, 4], 21, Padding.Same, [2, 6, 11, 13]);
        foreach (var sample in new[]
        {
            one,
            one with { Description = one.Description with { Stride = [2, 3], Channels = ChannelConnections.Groups(3) } },
            one with { Description = one.Description with { Dilation = [3, 1], Padding = Padding.Full, Flip = true } },
            Convolution([3], 50, Padding.Same, [3, 2, 300]),
            Convolution([1, 1], 40, Padding.Valid, [2, 3, 40, 21]),
            Convolution([2, 3, 3], 9, Padding.Valid, [2, 1, 6, 9, 8]),
            // Two of three elements meet no position.
            Convolution([3], 5, Padding.Symmetric([1]), [2, 3, 1]),
        })
        {
            Check<float>(sample);
            Check<double>(sample);
            Assert.Contains(Candidates(sample, Operation.KernelGradient), IsOverPlanes);
        }

        Assert.Equal(Vector256.IsHardwareAccelerated, IsOverPlanes(Candidates(Convolution([3, 3], 64, Padding.Same, [8, 3, 32, 32]), Operation.KernelGradient)[0]));

        static bool IsOverPlanes(Algorithm<float> algorithm) => algorithm.Name.StartsWith("matrix product over planes", StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_larger_than_a_block_of_taps_is_cut()
    {
        Check<float>(Convolution([23, 29], 3, Padding.Full, [2, 2, 3, 2]));
        Check<float>(Convolution([700], 2, Padding.Same, [1, 1, 90]));
    }

    [Fact]
    public void Workers_need_less_than_8_MiB_and_the_fast_kernels_are_chosen_for_all_channels_and_tiles()
    {
        foreach (var (kernel, input, stride, dilation, tile) in ((int[] Kernel, int[] Input, int Stride, int Dilation, int Tile)[])
        [
            ([7, 7], [3, 224, 224], 2, 1, 1), ([3, 3], [512, 7, 7], 1, 1, 1), ([3, 3], [2048, 14, 14], 1, 1, 1), ([1, 1], [2048, 112, 112], 2, 1, 1), ([9], [64, 100_000], 1, 1, 1),
            ([3, 3, 3], [64, 64, 64, 64], 1, 1, 2), ([3, 3], [64, 256, 256], 1, 40, 1), ([3], [8, 1_000_000], 3, 1000, 4), ([31, 31], [4, 512, 512], 1, 1, 1), ([1], [9216, 1], 1, 1, 1), ([64, 64], [1, 64, 64], 1, 1, 1),
        ])
        {
            var description = new ConvolutionDescription
            {
                Kernel = Sizes.Create(kernel),
                Outputs = 128,
                Stride = Sizes.Repeat(stride, kernel.Length),
                Dilation = Sizes.Repeat(dilation, kernel.Length),
                Padding = Padding.Same,
                Sharing = tile == 1 ? Sharing.Shared : Sharing.Tiled(Sizes.Repeat(tile, kernel.Length)),
            };
            var geometry = description.Resolve(input[0], Sizes.Create(input).From(1));
            foreach (var operation in Enum.GetValues<Operation>())
            {
                foreach (var instructions in Enum.GetValues<InstructionSet>())
                {
                    var algorithm = DenseKernels.TryChoose<double>(geometry, 4, operation, new PlanOptions { Instructions = instructions })!;
                    Assert.InRange(algorithm.WorkerElements * sizeof(double), 0, 8 << 20);
                }
            }
        }
    }

    private static Algorithm<float> Chosen(RandomOperator sample) => KernelChoice.Choose<float>(sample.Geometry, sample.InputShape[0], Operation.Forward, PlanOptions.Default);

    private static Algorithm<float>[] Candidates(RandomOperator sample, Operation operation) => DenseKernels.Candidates<float>(sample.Geometry, sample.InputShape[0], operation, PlanOptions.Default);

    private static bool IsTapwise(Algorithm<float> algorithm) => algorithm.Name.StartsWith("matrix product for each tap", StringComparison.Ordinal);

    private static RandomOperator Convolution(Sizes kernel, int outputs, Padding padding, Sizes inputShape) =>
        new(new ConvolutionDescription { Kernel = kernel, Outputs = outputs, Padding = padding }, inputShape, outputs + inputShape[^1]);

    private static void Check<T>(RandomOperator sample)
        where T : unmanaged, IFloatingPointIeee754<T> => AlgorithmAgreement.Check<T>(
            sample,
            (geometry, operation) => Enum.GetValues<InstructionSet>().SelectMany(set => DenseKernels.Candidates<T>(geometry, sample.InputShape[0], operation, new PlanOptions { Instructions = set, Exact = true })));
}
