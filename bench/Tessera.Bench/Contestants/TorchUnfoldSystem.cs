using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Tessera.Bench.Contestants;

/// <summary>
/// The two recipes for unshared weights in PyTorch, both over an unfolded input [N, C·k, L] with a column per output position:
/// an einsum with positions last, as unfold leaves them, and a batched matrix product with the weights laid out a matrix per position.
/// </summary>
internal sealed class TorchUnfoldSystem(bool batchedProduct) : ISystem
{
    public string Name => batchedProduct ? "torch-bmm" : "torch-einsum";

    public string? Absence => TorchLibrary.Absence;

    public IContestant? Prepare(Workload workload)
    {
        if (workload is not ConvolutionWorkload { Shape: { Unshared: true, Axes: 2, Groups: 1 } shape } convolution) return null;
        long positions = shape.Output.Product;
        long window = shape.InputChannels * shape.Kernel.Product;
        // From [positions, M, window], the library's order.
        long[] order = batchedProduct ? [0, 2, 1] : [1, 2, 0];
        long[] back = batchedProduct ? [0, 2, 1] : [2, 0, 1];
        using var plain = tensor(convolution.Kernel, [positions, shape.OutputChannels, window]);
        var kernel = plain.permute(order).contiguous();
        return new TorchContestant(
            convolution,
            [kernel],
            batchedProduct ? (input, kernels) => Product(Columns(input, shape), kernels[0], shape) : (input, kernels) => Einsum(Columns(input, shape), kernels[0], shape),
            gradients => TorchContestant.Values(gradients[0].permute(back)));
    }

    private static Tensor Columns(Tensor input, Shape shape) => functional.unfold(
        input,
        (shape.Kernel[0], shape.Kernel[1]),
        (shape.Dilation[0], shape.Dilation[1]),
        (shape.Padding[0], shape.Padding[1]),
        (shape.Stride[0], shape.Stride[1]));

    private static Tensor Einsum(Tensor columns, Tensor kernel, Shape shape) =>
        Image(einsum("nkl,mkl->nml", columns, kernel), shape);

    private static Tensor Product(Tensor columns, Tensor kernel, Shape shape) =>
        Image(bmm(columns.permute(2, 0, 1), kernel).permute(1, 2, 0).contiguous(), shape);

    private static Tensor Image(Tensor values, Shape shape) =>
        values.reshape(shape.Batch, shape.OutputChannels, shape.Output[0], shape.Output[1]);
}
