using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>The original sizes that a transpose may be told.</summary>
public class LegalSizeTests
{
    [Fact]
    public void Legal_input_sizes_are_exactly_those_whose_forward_gives_the_output() => Gen.Select(Gen.Int[1, 6], Gen.Int[1, 5], Gen.Int[1, 4], Gen.Int[0, 5], Gen.Int[0, 5], Gen.Int[0, 4]).Sample(
        (kernel, stride, dilation, low, high, rule) =>
        {
            var description = new ConvolutionDescription
            {
                Kernel = [kernel],
                Outputs = 1,
                Stride = [stride],
                Dilation = [dilation],
                Padding = rule switch { 0 => Padding.Valid, 1 => Padding.Same, 2 => Padding.SameLower, 3 => Padding.Full, _ => Padding.Explicit([low], [high]) },
            };
            var byOutput = Enumerable.Range(1, 90).ToLookup(input => OutputSize(description, input));
            for (var output = 0; output <= 8; output++) Assert.Equal(output == 0 ? [] : byOutput[output], description.LegalInputSizes(0, output));
        },
        iter: 300,
        threads: 1);

    [Fact]
    public void A_transpose_to_any_other_size_is_an_error_that_lists_the_legal_ones()
    {
        var description = new ConvolutionDescription { Kernel = [3, 3], Outputs = 2, Stride = [2, 3], Padding = Padding.Same };
        Assert.Equal([1, 1, 7, 11], description.PlanTranspose<float>([1, 2, 4, 4], 1, [7, 11]).InputShape);
        Assert.Equal(
            "decoder: no forward pass from input size 9 gives output size 4 on axis 1; legal original sizes are 10, 11, 12. (Parameter 'inputSize')",
            Assert.Throws<ArgumentException>(() => description.PlanTranspose<float>([1, 2, 4, 4], 1, [8, 9], name: "decoder")).Message);
        Assert.Equal(
            "transposed convolution: no forward pass from input size 1 gives output size 2 on axis 0; legal original sizes are 101 to 200. (Parameter 'inputSize')",
            Assert.Throws<ArgumentException>(() => (description with { Kernel = [1], Stride = [100], Padding = Padding.Valid }).PlanTranspose<float>([1, 2, 2], 1, [1])).Message);
        Assert.Equal(
            "transposed convolution: no forward pass from input size 5 gives output size 1 on axis 0; no input gives output 1 with kernel 3 and padding full; use less padding. (Parameter 'inputSize')",
            Assert.Throws<ArgumentException>(() => (description with { Kernel = [3], Stride = [], Padding = Padding.Full }).PlanTranspose<float>([1, 2, 1], 1, [5])).Message);
        Assert.Equal(
            "transposed convolution: the gradient has 3 channels but the operator's outputs are 2; give a gradient of 2 channels. (Parameter 'outputShape')",
            Assert.Throws<ArgumentException>(() => description.PlanTranspose<float>([1, 3, 4, 4], 1, [8, 9])).Message);
    }

    [Fact]
    public void Under_same_with_stride_two_the_transposes_from_4_to_7_and_to_8_differ_in_alignment()
    {
        var description = new ConvolutionDescription { Kernel = [3], Outputs = 1, Stride = [2], Padding = Padding.Same };
        Assert.Equal([10, 100, 0, 0, 0, 0, 0], Transpose(7));
        Assert.Equal([1, 10, 100, 0, 0, 0, 0, 0], Transpose(8));

        float[] Transpose(int size)
        {
            var values = new float[size];
            description.PlanTranspose<float>([1, 1, 4], 1, [size]).InputGradient(Tensor.Create([1f, 10, 100], [1, 1, 3]), Tensor.Create([1f, 0, 0, 0], [1, 1, 4]), new TensorSpan<float>(values, [1, 1, size]));
            return values;
        }
    }

    [Fact]
    public void Legal_sizes_of_a_huge_stride_take_no_memory()
    {
        var sizes = new ConvolutionDescription { Kernel = [1], Outputs = 1, Stride = [500_000_000] }.LegalInputSizes(0, 1);
        Assert.Equal((500_000_000, 1, 500_000_000), (sizes.Count, sizes[0], sizes[^1]));
        Assert.Empty(new ConvolutionDescription { Kernel = [1], Outputs = 1, Stride = [500_000_000] }.LegalInputSizes(0, int.MaxValue));
    }

    private static int OutputSize(ConvolutionDescription description, int input)
    {
        try
        {
            return description.Resolve(1, [input]).OutputSize[0];
        }
        catch (ArgumentException)
        {
            return 0;
        }
    }
}
