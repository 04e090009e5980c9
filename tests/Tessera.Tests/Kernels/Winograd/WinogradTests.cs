using System.Numerics;
using CsCheck;
using Tessera.Connections;
using Tessera.Kernels;
using Tessera.Kernels.Winograd;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Kernels.Winograd;

/// <summary>Winograd's algorithm against the reference, wherever it can compute an operator at all, whether it would be chosen or not.</summary>
public class WinogradTests
{
    [Fact]
    public void Agrees_with_the_reference_on_random_operators()
    {
        var made = 0;
        (from sample in RandomOperator.Of(null, SharingKind.Shared)
         from kernel in Gen.Frequency((5, Gen.Int[1, 5]), (1, Gen.OneOf(Gen.Const(6), Gen.Const(8), Gen.Const(9), Gen.Const(10)))).Array[sample.Description.Kernel.Count]
         let description = sample.Description with { Kernel = Sizes.Create(kernel), Stride = sample.Description.Stride.Count == 1 ? [1] : [.. sample.Description.Stride.AsSpan()[..^2], 1, 1] }
         where RandomOperator.IsSmall(description, sample.InputShape)
         select sample with { Description = description }).Sample(
            sample =>
            {
                made += Check<float>(sample);
                made += Check<double>(sample);
            },
            iter: 80,
            threads: 1);
        Assert.True(made > 500, $"only {made} algorithms were made");
    }

    [Fact]
    public void Agrees_with_the_reference_on_random_strided_and_tiled_operators()
    {
        var made = 0;
        (from sample in RandomOperator.Of(null, SharingKind.Tiled)
         from kernel in Gen.Int[1, 9].Array[sample.Description.Kernel.Count]
         from tile in Gen.Frequency((2, Gen.Const(1)), (3, Gen.Int[1, 4])).Array[sample.Description.Kernel.Count]
         from stride in Gen.Frequency((2, Gen.Const(1)), (3, Gen.Int[1, 4])).Array[sample.Description.Kernel.Count]
         from dilation in Gen.Frequency((4, Gen.Const(1)), (1, Gen.Const(2))).Array[sample.Description.Kernel.Count]
         let outer = Math.Max(0, kernel.Length - 2)
         let description = sample.Description with
         {
             Kernel = Sizes.Create(kernel),
             Stride = [.. sample.Description.Stride.AsSpan()[..outer], .. stride[outer..]],
             Dilation = Sizes.Create(dilation),
             Sharing = Sharing.Tiled([.. Enumerable.Repeat(1, outer), .. tile[outer..]]),
         }
         where RandomOperator.IsSmall(description, sample.InputShape)
         select sample with { Description = description }).Sample(
            sample =>
            {
                made += Check<float>(sample);
                made += Check<double>(sample);
            },
            iter: 40,
            threads: 1);
        Assert.True(made > 200, $"only {made} algorithms were made");
    }

    [Theory]
    [InlineData(2, 2, 3)]
    [InlineData(2, 1, 5)]
    [InlineData(1, 2, 6)]
    [InlineData(3, 2, 7)]
    [InlineData(4, 3, 6)]
    public void The_phases_of_a_stride_are_further_channels(int height, int width, int kernel)
    {
        foreach (var (inputs, outputs, batch, size) in new[] { (1, 1, 1, 9), (3, 40, 1, 12), (17, 9, 2, 13), (33, 49, 1, 11), (8, 150, 1, 8), (16, 32, 7, 10), (2, 3, 1, 101) })
        {
            var sample = Convolution([kernel, kernel], inputs, outputs, batch, [Math.Min(size, 40), size + 1], Padding.Same);
            Assert.True(Check<float>(sample with { Description = sample.Description with { Stride = [height, width] } }) > 0);
        }
    }

    [Theory]
    [InlineData(2, 2, 5)]
    [InlineData(2, 1, 5)]
    [InlineData(1, 2, 4)]
    [InlineData(3, 2, 7)]
    [InlineData(2, 4, 3)]
    public void The_phases_and_residues_of_tiles_are_further_channels(int height, int width, int kernel)
    {
        foreach (var (inputs, outputs, batch, rows, columns) in new[] { (1, 1, 1, 9, 10), (3, 40, 1, 6, 7), (17, 9, 2, 8, 5), (33, 5, 1, 4, 9), (9, 20, 5, 5, 4), (2, 3, 1, 3, 101) })
        {
            var sample = Convolution([kernel, kernel], inputs, outputs, batch, [rows, columns], Padding.Same);
            Assert.True(Check<float>(sample with { Description = sample.Description with { Sharing = Sharing.Tiled([height, width]) } }) > 0);
        }
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(4, 3)]
    [InlineData(5, 5)]
    [InlineData(6, 9)]
    [InlineData(1, 4)]
    public void Any_numbers_of_channels_and_tiles_are_cut_into_panels_and_blocks(int height, int width)
    {
        foreach (var (inputs, outputs, batch, size) in new[] { (1, 1, 1, 5), (3, 70, 1, 9), (17, 9, 2, 13), (33, 49, 1, 21), (8, 150, 3, 6), (130, 20, 1, 8) })
        {
            Assert.True(Check<float>(Convolution([height, width], inputs, outputs, batch, [size, size + 3], Padding.Same)) > 0);
        }
    }

    [Fact]
    public void Many_tiles_go_through_the_kernel_transformed_once_and_long_rows_are_cut()
    {
        Assert.True(Check<float>(Convolution([3, 3], 9, 10, 1, [70, 170], Padding.Full)) > 0);
        Assert.True(Check<double>(Convolution([3, 3], 8, 40, 7, [30, 31], Padding.Same)) > 0);
    }

    [Fact]
    public void Dilation_is_cut_into_residues_and_outer_axes_are_summed()
    {
        var dilated = Convolution([3, 3], 10, 12, 2, [23, 19], Padding.Same);
        Assert.True(Check<float>(dilated with { Description = dilated.Description with { Dilation = [4, 3] } }) > 0);
        var volume = Convolution([3, 3, 3], 9, 11, 2, [5, 9, 8], Padding.Same);
        Assert.True(Check<float>(volume) > 0);
        Assert.True(Check<float>(volume with { Description = volume.Description with { Stride = [2, 1, 1], Dilation = [2, 1, 2], Flip = true } }) > 0);
        var grouped = Convolution([3, 3], 20, 24, 2, [9, 9], Padding.Same);
        Assert.True(Check<float>(grouped with { Description = grouped.Description with { Channels = ChannelConnections.Groups(2) } }) > 0);
    }

    [Fact]
    public void A_table_is_a_dense_kernel_with_zeros()
    {
        foreach (var connected in new[] { 1, 7, 20, 33 })
        {
            var sample = Convolution([3, 3], 33, 45, 2, [9, 10], Padding.Same);
            Assert.True(Check<float>(sample with { Description = sample.Description with { Channels = ChannelConnections.Table(ConnectionTable.Random(33, 45, connected, 5)) } }) > 0);
        }
    }

    [Fact]
    public void Is_chosen_where_it_pays_and_never_for_exactness()
    {
        var description = new ConvolutionDescription { Kernel = [3, 3], Outputs = 64, Padding = Padding.Same };
        Assert.DoesNotContain("Winograd", description.Plan<float>([1, 64, 28, 28], new PlanOptions { Exact = true }).ToString(), StringComparison.Ordinal);
        Assert.Equal(3, description.Plan<float>([1, 64, 28, 28]).ToString().Split("Winograd").Length - 1);
        Assert.DoesNotContain("Winograd", description.Plan<float>([1, 3, 28, 28]).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Winograd", (description with { Stride = [2, 2] }).Plan<float>([1, 64, 28, 28]).ToString(), StringComparison.Ordinal);
        Assert.Equal(3, (description with { Kernel = [4, 4], Stride = [2, 2] }).Plan<float>([8, 64, 56, 56]).ToString().Split("Winograd").Length - 1);
        var tiled = description with { Kernel = [5, 5], Sharing = Sharing.Tiled([2, 2]) };
        Assert.Equal(3, tiled.Plan<float>([32, 32, 14, 14]).ToString().Split("Winograd").Length - 1);
        Assert.DoesNotContain("Winograd", tiled.Plan<float>([32, 32, 14, 14], new PlanOptions { Exact = true }).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Winograd", (tiled with { Sharing = Sharing.Tiled([4, 4]) }).Plan<float>([32, 32, 14, 14]).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Workers_need_at_most_8_MiB_whatever_the_batch()
    {
        foreach (var (inputs, outputs, size, batch) in new[] { (512, 512, 7, 1), (512, 512, 14, 256), (64, 64, 224, 64), (2048, 2048, 14, 8), (16, 16, 4096, 1), (256, 1024, 28, 100) })
        {
            var geometry = new ConvolutionDescription { Kernel = [3, 3], Outputs = outputs, Padding = Padding.Same }.Resolve(inputs, [size, size]);
            foreach (var operation in Enum.GetValues<Operation>())
            {
                foreach (var instructions in Enum.GetValues<InstructionSet>())
                {
                    if (WinogradKernels.TryMake<float>(geometry, batch, operation, new PlanOptions { Instructions = instructions }) is not { Algorithm: var algorithm }) continue;
                    Assert.InRange(algorithm.WorkerElements * sizeof(float), 1, 8 << 20);
                    Assert.InRange(algorithm.SharedElements * sizeof(float), 0, (36L * sizeof(float) * inputs * outputs) + (5 << 20));
                }
            }
        }
    }

    private static RandomOperator Convolution(Sizes kernel, int inputs, int outputs, int batch, Sizes size, Padding padding) =>
        new(new ConvolutionDescription { Kernel = kernel, Outputs = outputs, Padding = padding }, [batch, inputs, .. size.AsSpan()], outputs + size[0]);

    /// <summary>Checks every operation and instruction set; returns how many algorithms there were to check.</summary>
    private static int Check<T>(RandomOperator sample)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var made = 0;
        AlgorithmAgreement.Check<T>(sample, Algorithms, sharesRounding: true);
        return made;

        IEnumerable<Algorithm<T>> Algorithms(OperatorGeometry geometry, Operation operation)
        {
            foreach (var set in Enum.GetValues<InstructionSet>())
            {
                if (WinogradKernels.TryMake<T>(geometry, sample.InputShape[0], operation, new PlanOptions { Instructions = set }) is not { Algorithm: var algorithm }) continue;
                made++;
                yield return algorithm;
            }
        }
    }
}
