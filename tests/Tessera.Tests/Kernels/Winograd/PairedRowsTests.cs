using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CsCheck;
using Tessera.Connections;
using Tessera.Kernels;
using Tessera.Kernels.Vectors;
using Tessera.Kernels.Winograd;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Kernels.Winograd;

/// <summary>Rows of results two by two against the reference, whether they would be chosen or not.</summary>
public class PairedRowsTests
{
    [Fact]
    public void Agrees_with_the_reference_on_random_strided_operators()
    {
        var made = 0;
        (from sample in RandomOperator.Of(null, SharingKind.Shared)
         where sample.Description.Kernel.Count > 1
         from height in Gen.Int[2, 9]
         from stride in Gen.Int[2, 4]
         from dilation in Gen.Frequency((4, Gen.Const(1)), (1, Gen.Int[2, 3]))
         let rows = sample.Description.Kernel.Count - 2
         let description = sample.Description with
         {
             Kernel = With(sample.Description.Kernel, rows, height),
             Stride = With(sample.Description.Stride, rows, stride),
             Dilation = With(sample.Description.Dilation, rows, dilation),
         }
         where RandomOperator.IsSmall(description, sample.InputShape)
         select sample with { Description = description }).Sample(
            sample =>
            {
                made += Check<float>(sample);
                made += Check<double>(sample);
            },
            iter: 250,
            threads: 1);
        Assert.True(made > 150, $"only {made} algorithms were made");
    }

    [Theory]
    [InlineData(3, 2)]
    [InlineData(7, 2)]
    [InlineData(5, 3)]
    [InlineData(9, 4)]
    public void Any_numbers_of_channels_rows_and_columns_are_cut_into_panels_and_boxes(int kernel, int stride)
    {
        foreach (var (inputs, outputs, batch, height, width) in new[] { (1, 1, 1, 9, 10), (3, 70, 1, 24, 11), (7, 40, 2, 13, 9), (33, 49, 1, 11, 12), (8, 150, 1, 10, 8), (512, 3, 1, 9, 9), (5, 20, 3, 9, 230), (40, 17, 1, 12, 260) })
        {
            var sample = new RandomOperator(new ConvolutionDescription { Kernel = [kernel, 3], Outputs = outputs, Stride = [stride, 2], Padding = Padding.Same }, [batch, inputs, height, width], outputs + height);
            Assert.True(Check<float>(sample) > 0);
        }
    }

    [Fact]
    public void A_kernel_of_megabytes_is_read_for_several_pairs_at_once()
    {
        var sample = new RandomOperator(new ConvolutionDescription { Kernel = [3, 3], Outputs = 160, Stride = [2, 2], Padding = Padding.Same }, [1, 256, 7, 9], 1);
        Assert.True(Check<float>(sample) > 0);
    }

    [Theory]
    [InlineData(3, 2, 1, 5)]
    [InlineData(5, 2, 1, 8)]
    [InlineData(7, 2, 1, 11)]
    [InlineData(7, 3, 1, 11)]
    [InlineData(4, 2, 2, 6)]
    [InlineData(2, 1, 1, 3)]
    public void Taps_a_stride_apart_share_a_product(int kernel, int stride, int dilation, int products)
    {
        var geometry = new ConvolutionDescription { Kernel = [kernel], Outputs = 1, Stride = [stride], Dilation = [dilation] }.Resolve(1, [40]);
        Assert.Equal(products, PairedAxis.TryPair(TapAxis.Forward(geometry.Axes[0])[0])!.Products);
    }

    [Fact]
    public void Taps_that_are_no_stride_apart_have_no_pairs()
    {
        var geometry = new ConvolutionDescription { Kernel = [3], Outputs = 1, Stride = [3] }.Resolve(1, [40]);
        Assert.Null(PairedAxis.TryPair(TapAxis.Forward(geometry.Axes[0])[0]));
    }

    [Fact]
    public void Is_chosen_where_it_pays_and_never_for_exactness()
    {
        var first = new ConvolutionDescription { Kernel = [7, 7], Outputs = 64, Stride = [2, 2], Padding = Padding.Same };
        var later = first with { Kernel = [3, 3], Outputs = 128 };
        foreach (var (description, inputs, size) in new[] { (first, 3, 224), (later, 128, 56) })
        {
            Assert.Contains("Forward: rows in pairs", description.Plan<float>([1, inputs, size, size]).ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("rows in pairs", description.Plan<float>([1, inputs, size, size], new PlanOptions { Exact = true }).ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Workers_need_at_most_4_MiB_whatever_the_batch()
    {
        foreach (var (inputs, outputs, size, batch) in new[] { (512, 512, 14, 1), (64, 64, 224, 64), (2048, 2048, 14, 8), (3, 64, 2048, 4), (256, 1024, 28, 100) })
        {
            var geometry = new ConvolutionDescription { Kernel = [3, 3], Outputs = outputs, Stride = [2, 2], Padding = Padding.Same }.Resolve(inputs, [size, size]);
            foreach (var algorithm in Made<float>(geometry, batch)) Assert.InRange(algorithm.WorkerElements * sizeof(float), 1, 4 << 20);
        }
    }

    private static Sizes With(Sizes sizes, int axis, int size) => [.. sizes.AsSpan()[..axis], size, .. sizes.AsSpan()[(axis + 1)..]];

    /// <summary>Checks the forward pass with every instruction set; returns how many algorithms there were to check.</summary>
    private static int Check<T>(RandomOperator sample)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var made = 0;
        AlgorithmAgreement.Check<T>(sample, Algorithms, sharesRounding: true);
        return made;

        IEnumerable<Algorithm<T>> Algorithms(OperatorGeometry geometry, Operation operation)
        {
            foreach (var algorithm in operation == Operation.Forward ? Made<T>(geometry, sample.InputShape[0]) : [])
            {
                made++;
                yield return algorithm;
            }
        }
    }

    private static IEnumerable<Algorithm<T>> Made<T>(OperatorGeometry geometry, int batch)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (PairedRowsConvolution<Vector128<T>, T, Lanes128<T>>.TryMake(geometry, batch) is { Fits: true } narrow) yield return narrow;
        if (Vector256.IsHardwareAccelerated && Fma.IsSupported && PairedRowsConvolution<Vector256<T>, T, Lanes256<T>>.TryMake(geometry, batch) is { Fits: true } wide) yield return wide;
        if (Vector512.IsHardwareAccelerated && PairedRowsConvolution<Vector512<T>, T, Lanes512<T>>.TryMake(geometry, batch) is { Fits: true } widest) yield return widest;
    }
}
