using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels;
using Tessera.Kernels.Dense;
using Tessera.Kernels.Shifted;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Kernels;

/// <summary>Operators by a table, whose direct sums go channel by channel: any rows, any taps, all widths, any number of jobs.</summary>
public class TableTests
{
    [Fact]
    public void Any_number_of_taps_is_cut_into_groups()
    {
        for (var taps = 1; taps <= 20; taps++)
        {
            Check<float>(Table(5, 4, 2, [2, 5, 40 + taps], [taps]));
            Check<double>(Table(3, 6, 1, [1, 3, 25 + taps], [taps]));
        }
    }

    [Fact]
    public void Any_number_of_rows_is_cut_into_blocks()
    {
        foreach (var outputs in (int[])[1, 2, 3, 127, 128, 129, 257]) Check<float>(Table(7, outputs, 3, [1, 7, 3, 19], [2, 3]));
        Check<float>(Table(300, 5, 40, [1, 300, 4, 5], [3, 3]));
    }

    [Fact]
    public void Strides_tiles_dilation_and_flipped_kernels_are_taken_part_by_part()
    {
        var one = Table(6, 9, 3, [3, 6, 11, 18], [3, 4]);
        foreach (var description in new[]
        {
            one.Description with { Stride = [2, 1] },
            one.Description with { Stride = [3, 2], Dilation = [1, 2] },
            one.Description with { Sharing = Sharing.Tiled([2, 3]) },
            one.Description with { Sharing = Sharing.Tiled([3, 2]), Stride = [2, 2], Padding = Padding.Full },
            one.Description with { Dilation = [4, 3], Padding = Padding.Full, Flip = true },
        })
        {
            Check<float>(one with { Description = description });
            Check<double>(one with { Description = description });
        }

        Check<float>(Table(4, 5, 2, [2, 4, 5, 6, 7], [2, 3, 2]));
    }

    [Fact]
    public void Channels_that_nothing_sees_and_outputs_that_see_nothing_stay_so()
    {
        var rows = ConnectionTable.FromRows([[1, 4], [], [4], [1, 2, 4], []]);
        var sample = Table(6, 5, 1, [2, 6, 7, 20], [3, 3]);
        Check<float>(sample with { Description = sample.Description with { Channels = ChannelConnections.Table(rows) } });
        Agreement.Check<float>(sample with { Description = sample.Description with { Channels = ChannelConnections.Table(rows) } }, InstructionSet.Best);
    }

    [Fact]
    public void Workers_need_less_than_8_MiB()
    {
        foreach (var (channels, size, kernel, dilation) in new[] { (64, 224, 3, 1), (512, 56, 3, 1), (1024, 7, 5, 2), (16, 1000, 7, 4) })
        {
            var sample = Table(channels, channels, 8, [4, channels, size, size], [kernel, kernel]);
            var geometry = (sample with { Description = sample.Description with { Dilation = [dilation, dilation] } }).Geometry;
            foreach (var operation in Enum.GetValues<Operation>())
            {
                foreach (var set in Enum.GetValues<InstructionSet>())
                {
                    Assert.InRange(Direct<double>(geometry, 4, operation, new PlanOptions { Instructions = set }).WorkerElements * sizeof(double), 0, 8 << 20);
                }
            }
        }
    }

    [Fact]
    public void Plans_of_many_channels_take_memory_by_pairs()
    {
        const int channels = 50_000;
        var geometry = new ConvolutionDescription { Kernel = [1], Outputs = channels, Channels = ChannelConnections.Table(ConnectionTable.Ring(channels, channels, 2)) }.Resolve(channels, [3]);
        foreach (var operation in new[] { Operation.Forward, Operation.InputGradient })
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.NotNull(Direct<float>(geometry, 1, operation, PlanOptions.Default));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200 * geometry.PairCount);
        }
    }

    [Theory]
    [InlineData(32, true)]
    [InlineData(16, false)]
    [InlineData(4, false)]
    public void A_table_is_a_dense_kernel_with_zeros_for_Winograds_algorithm_where_it_connects_half_of_the_pairs_and_not_a_quarter(int connected, bool winograd)
    {
        var geometry = Table(64, 64, connected, [8, 64, 28, 28], [3, 3]).Geometry;
        foreach (var operation in Enum.GetValues<Operation>())
        {
            Assert.Equal(winograd, KernelChoice.Choose<float>(geometry, 8, operation, PlanOptions.Default).Name.StartsWith("Winograd", StringComparison.Ordinal));
        }
    }

    private static RandomOperator Table(int inputs, int outputs, int connected, Sizes inputShape, Sizes kernel) =>
        new(new ConvolutionDescription { Kernel = kernel, Outputs = outputs, Padding = Padding.Same, Channels = ChannelConnections.Table(ConnectionTable.Random(inputs, outputs, connected, outputs)) }, inputShape, outputs + inputShape[^1]);

    private static void Check<T>(RandomOperator sample)
        where T : unmanaged, IFloatingPointIeee754<T> => AlgorithmAgreement.Check<T>(
            sample,
            (geometry, operation) => from set in Enum.GetValues<InstructionSet>()
                                     from threads in new[] { 1, 24 }
                                     select Direct<T>(geometry, sample.InputShape[0], operation, new PlanOptions { Instructions = set, Threads = threads }));

    private static Algorithm<T> Direct<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        DenseKernels.TryChoose<T>(geometry, batch, operation, options) ?? ShiftedKernels.TryChoose<T>(geometry, batch, operation, options)!;
}
