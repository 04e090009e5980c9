using TorchSharp;
using static TorchSharp.torch;

namespace Tessera.Bench.Contestants;

/// <summary>
/// One way to say an operator in PyTorch: a function from the input and the kernels as that way keeps them (made before the
/// clock starts) to the output. Gradients come from autograd; for a single gradient the graph of one forward pass is
/// kept and the backward call alone is timed, with nothing else asking for a gradient.
/// </summary>
internal sealed class TorchContestant : IContestant
{
    private readonly ConvolutionWorkload workload;
    private readonly Func<Tensor, Tensor[], Tensor> recipe;
    private readonly Func<Tensor[], float[]> kernelGradientInOrder;
    private readonly Tensor input;
    private readonly Tensor[] kernels;
    private readonly Tensor outputGradient;
    private readonly Tensor[] wanted;
    private Tensor? output;
    private IList<Tensor> gradients = [];

    /// <param name="workload">The operation and its numbers.</param>
    /// <param name="kernels">The kernel as the recipe keeps it.</param>
    /// <param name="recipe">The forward pass.</param>
    /// <param name="kernelGradientInOrder">Gradients of <paramref name="kernels"/> in the library's layout.</param>
    public TorchContestant(ConvolutionWorkload workload, Tensor[] kernels, Func<Tensor, Tensor[], Tensor> recipe, Func<Tensor[], float[]> kernelGradientInOrder)
    {
        this.workload = workload;
        this.kernels = kernels;
        this.recipe = recipe;
        this.kernelGradientInOrder = kernelGradientInOrder;
        set_num_threads(workload.Threads);
        input = Tensor(workload.Input, workload.Shape.InputShape);
        outputGradient = Tensor(workload.OutputGradient, workload.Shape.OutputShape);
        wanted = workload.Operation switch
        {
            Operation.KernelGradient => kernels,
            Operation.InputGradient => [input],
            Operation.ForwardBackward => [.. kernels, input],
            _ => [],
        };
        foreach (var tensor in wanted) tensor.requires_grad_();
        if (workload.Operation is Operation.KernelGradient or Operation.InputGradient) Forward();
    }

    public static Tensor Tensor(float[] values, Sizes sizes) => tensor(values, sizes.ToLongs());

    public void Run()
    {
        if (workload.Operation is Operation.Forward or Operation.ForwardBackward) Forward();
        if (workload.Operation == Operation.Forward) return;
        foreach (var gradient in gradients) gradient.Dispose();
        var keepGraph = workload.Operation != Operation.ForwardBackward;
        gradients = autograd.grad([output!], wanted, [outputGradient], retain_graph: keepGraph);
    }

    public IReadOnlyList<float[]> Results() => workload.Operation switch
    {
        Operation.Forward => [Values(output!)],
        Operation.KernelGradient => [kernelGradientInOrder([.. gradients])],
        Operation.InputGradient => [Values(gradients[0])],
        _ => [Values(output!), kernelGradientInOrder([.. gradients.Take(kernels.Length)]), Values(gradients[^1])],
    };

    public static float[] Values(Tensor tensor)
    {
        using var plain = tensor.detach().contiguous();
        return plain.data<float>().ToArray();
    }

    public void Dispose()
    {
        foreach (var tensor in gradients.Concat(kernels)) tensor.Dispose();
        output?.Dispose();
        input.Dispose();
        outputGradient.Dispose();
    }

    private void Forward()
    {
        output?.Dispose();
        using var scope = NewDisposeScope();
        output = recipe(input, kernels).DetachFromDisposeScope();
    }
}
