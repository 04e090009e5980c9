using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>What a description that does not fit is told, word for word.</summary>
public class DescriptionCheckTests
{
    private static readonly ConvolutionDescription Plain = new() { Kernel = [3, 3], Outputs = 4 };

    [Fact]
    public void A_kernel_that_does_not_fit_is_told_both_sizes_and_two_ways_out()
    {
        Says("conv2: kernel 5 does not fit input 4 with padding 0 on axis 1; pad by 1 more or use a kernel of at most 4.", Plain with { Kernel = [3, 5] }, "conv2");
        Says("convolution: kernel 3 with dilation 2 (reaching over 5) does not fit input 4 with padding 0 on axis 0; pad by 1 more or use a kernel of at most 2.", Plain with { Dilation = [2, 1] });
    }

    [Fact]
    public void Lists_of_another_length_than_the_kernel_are_told()
    {
        Says("convolution: the kernel has no axes; give one size per spatial axis, such as [3, 3].", Plain with { Kernel = [] });
        Says("convolution: the stride 2 has 1 axes but the kernel 3×3 has 2; give one number per spatial axis.", Plain with { Stride = [2] });
        Says("convolution: the dilation 1×1×1 has 3 axes but the kernel 3×3 has 2; give one number per spatial axis.", Plain with { Dilation = [1, 1, 1] });
        Says("convolution: the padding 1 has 1 axes but the kernel 3×3 has 2; give one number per spatial axis.", Plain with { Padding = Padding.Symmetric([1]) });
        Says("convolution: the tile 2 has 1 axes but the kernel 3×3 has 2; give one number per spatial axis.", Plain with { Sharing = Sharing.Tiled([2]) });
        Says("convolution: the input 4×4 has 2 axes but the kernel 3 has 1; give one number per spatial axis.", Plain with { Kernel = [3] });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void Sizes_below_one_are_told(int size)
    {
        Says($"convolution: kernel {size} on axis 0; it must be at least 1.", Plain with { Kernel = [size, 3] });
        Says($"convolution: stride {size} on axis 1; it must be at least 1.", Plain with { Stride = [1, size] });
        Says($"convolution: dilation {size} on axis 1; it must be at least 1.", Plain with { Dilation = [1, size] });
        Says($"convolution: {size} outputs; at least 1 output channel is needed.", Plain with { Outputs = size });
        Says($"sharing: tile {size} on axis 0; a tile is at least 1 (which shares everywhere). (Parameter 'tile')", () => Sharing.Tiled([size]));
        Says($"convolution: {size} input channels; at least 1 is needed.", () => Plain.Resolve(size, [4, 4]));
        Says($"convolution: input {size} on axis 0; it must be at least 1.", () => Plain.Resolve(1, [size, 4]));
        Says($"convolution: a batch of {size}; it must be at least 1.", () => Plain.Plan<float>([size, 1, 4, 4]));
    }

    [Fact]
    public void Negative_padding_is_told() =>
        Says("padding: (0, -1) on axis 1 is negative; amounts count zeros, so give 0 or more. (Parameter 'low')", () => Padding.Explicit([1, 0], [1, -1]));

    [Fact]
    public void Channels_that_do_not_match_are_told()
    {
        Says("convolution: 3 groups do not divide 2 input channels evenly; both 2 inputs and 4 outputs must be multiples of the groups.", Plain with { Channels = ChannelConnections.Groups(3) });
        Says("convolution: 2 groups do not divide 3 output channels evenly; both 2 inputs and 3 outputs must be multiples of the groups.", Plain with { Outputs = 3, Channels = ChannelConnections.Depthwise });
        Says("convolution: the connection table has 16 rows but there are 4 outputs; give one row per output.", Plain with { Channels = ChannelConnections.Table(ConnectionTable.LeNet5) });
        Says("convolution: the connection table names input channel 5 but the input has 2 channels (0 to 1).", Plain with { Outputs = 16, Channels = ChannelConnections.Table(ConnectionTable.LeNet5) });
        Says("convolution: the connection table connects nothing; give at least one (output, input) pair.", Plain with { Channels = ChannelConnections.Table(ConnectionTable.FromRows([[], [], [], []])) });
    }

    [Fact]
    public void A_tensor_of_another_shape_is_told_before_anything_is_computed()
    {
        var plan = Plain.Plan<float>([1, 2, 4, 4]);
        var (v, k, z) = (Zeros(plan.InputShape), Zeros(plan.KernelShape), Zeros(plan.OutputShape));
        Says("kernel: its shape is 1×4×2×2 but the plan takes 4×2×3×3; give that shape or make another plan. (Parameter 'kernel')", () => plan.Forward(v, z, default, z));
        Says("bias: its shape is 1×4×2×2 but the plan takes 4; give that shape or make another plan. (Parameter 'bias')", () => plan.Forward(v, k, z, z));
        Says("bias: the operator has none; describe it with a bias or pass default. (Parameter 'bias')", () => (Plain with { Bias = BiasSharing.None }).Plan<float>([1, 2, 4, 4]).Forward(v, k, z, z));
        Says("convolution: the shape 2×4×4 has 3 axes; a kernel 3×3 takes 4: batch, channels and 2 spatial.", () => Plain.Plan<float>([2, 4, 4]));
        Says("input: its elements are not dense in row-major order; pass a dense copy (Tensor.Create or ToDenseTensor). (Parameter 'input')", () => plan.Forward(new TensorSpan<float>(new float[64], [1, 2, 4, 4], [0, 32, 8, 1]), k, default, z));
    }

    [Fact]
    public void An_output_that_overlaps_what_is_read_is_told()
    {
        var plan = new ConvolutionDescription { Kernel = [1], Outputs = 1 }.Plan<float>([1, 1, 4]);
        var memory = new float[10];
        var kernel = Tensor.Create([1f], [1, 1, 1]);
        Says("output: it overlaps the input in memory; give it memory of its own. (Parameter 'output')", () => plan.Forward(new TensorSpan<float>(memory.AsSpan(0, 4), [1, 1, 4]), kernel, default, new TensorSpan<float>(memory.AsSpan(3, 4), [1, 1, 4])));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1_000_000)]
    public void Impossible_numbers_of_threads_are_told(int threads) =>
        Says($"plan options: {threads} threads; give 1 to 1024, or 0 for all processors. (Parameter 'Threads')\nActual value was {threads}.", () => Plain.Plan<float>([1, 2, 4, 4], new PlanOptions { Threads = threads }));

    private static Tensor<float> Zeros(Sizes shape) => Tensor.CreateFromShape<float>(shape.ToLengths());

    private static void Says(string message, ConvolutionDescription description, string name = "convolution") => Says(message, () => description.Resolve(2, [4, 4], name));

    private static void Says(string message, Action action) => Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(action).Message);
}
