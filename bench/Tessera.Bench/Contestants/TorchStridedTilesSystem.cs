using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Tessera.Bench.Contestants;

/// <summary>
/// The recipe for tiled weights in PyTorch: for each of the t² kernels a convolution with stride t over the input shifted by its
/// place in the tile; the outputs are interleaved by a pixel shuffle and cut to size.
/// </summary>
internal sealed class TorchStridedTilesSystem : ISystem
{
    public string Name => "torch-strided";

    public string? Absence => TorchLibrary.Absence;

    public IContestant? Prepare(Workload workload)
    {
        if (workload is not ConvolutionWorkload { Shape: { Tile: { } tile, Axes: 2 } shape } convolution
            || tile[0] != tile[1] || shape.Stride != Sizes.Repeat(1, 2) || shape.Dilation != Sizes.Repeat(1, 2))
        {
            return null;
        }

        var kernels = new Tensor[tile.Product];
        var size = (int)shape.DenseKernelShape.Product;
        for (var place = 0; place < kernels.Length; place++)
        {
            kernels[place] = TorchContestant.Tensor(convolution.Kernel.AsSpan(place * size, size).ToArray(), shape.DenseKernelShape);
        }

        return new TorchContestant(
            convolution,
            kernels,
            (input, leaves) => Forward(input, leaves, shape, tile[0]),
            gradients => [.. gradients.SelectMany(TorchContestant.Values)]);
    }

    private static Tensor Forward(Tensor input, Tensor[] kernels, Shape shape, int tile)
    {
        long rows = (shape.Output[0] + tile - 1) / tile;
        long columns = (shape.Output[1] + tile - 1) / tile;
        // Every kernel gets as many outputs as the one with most of them; what that adds is cut off at the end.
        var padded = functional.pad(
            input,
            [shape.Padding[1], shape.Padding[1] + (columns * tile) - shape.Output[1], shape.Padding[0], shape.Padding[0] + (rows * tile) - shape.Output[0]]);
        var outputs = new Tensor[kernels.Length];
        for (var place = 0; place < kernels.Length; place++)
        {
            var shifted = padded
                .narrow(2, place / tile, ((rows - 1) * tile) + shape.Kernel[0])
                .narrow(3, place % tile, ((columns - 1) * tile) + shape.Kernel[1]);
            outputs[place] = functional.conv2d(shifted, kernels[place], null, [tile, tile], null, null, shape.Groups);
        }

        var image = functional.pixel_shuffle(stack(outputs, 2).view(shape.Batch, -1, rows, columns), tile);
        return image.narrow(2, 0, shape.Output[0]).narrow(3, 0, shape.Output[1]).contiguous();
    }
}
