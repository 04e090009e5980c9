using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Tessera.Bench.Contestants;

/// <summary>PyTorch's own convolutions and networks of its own modules. A table is run as a dense kernel with zeros.</summary>
internal sealed class TorchSystem : ISystem
{
    public string Name => "torch";

    public string? Absence => TorchLibrary.Absence;

    public IContestant? Prepare(Workload workload) => workload switch
    {
        TrainingWorkload training => new TorchTraining(training),
        ConvolutionWorkload { Shape: { Unshared: false, Tile: null } } convolution => Convolution(convolution),
        _ => null,
    };

    private static TorchContestant Convolution(ConvolutionWorkload convolution)
    {
        var shape = convolution.Shape;
        var kernel = TorchContestant.Tensor(convolution.DenseKernel(), shape.DenseKernelShape);
        long[] stride = shape.Stride.ToLongs(), padding = shape.Padding.ToLongs(), dilation = shape.Dilation.ToLongs();
        Func<Tensor, Tensor[], Tensor> recipe = shape.Axes switch
        {
            1 => (input, kernels) => functional.conv1d(input, kernels[0], null, stride[0], padding[0], dilation[0], shape.Groups),
            2 => (input, kernels) => functional.conv2d(input, kernels[0], null, stride, padding, dilation, shape.Groups),
            _ => (input, kernels) => functional.conv3d(input, kernels[0], null, stride, padding, dilation, shape.Groups),
        };
        return new TorchContestant(convolution, [kernel], recipe, gradients => convolution.Packed(TorchContestant.Values(gradients[0])));
    }
}
