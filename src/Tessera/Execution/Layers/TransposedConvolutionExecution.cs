using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Operators;

namespace Tessera.Execution.Layers;

/// <summary>
/// The transpose of a convolution's plan, run as a layer: its forward pass is the plan's input gradient, its backward
/// pass the plan's forward pass, and its kernel gradient the plan's with the two tensors in each other's place. The bias is
/// one for each channel of the output, which may have more axes than the plan's input (where that is flat).
/// </summary>
internal sealed unsafe class TransposedConvolutionExecution<T>(ConvolutionPlan<T> plan, Sizes output, bool hasBias) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int BiasStage = 0;
    private const int BiasGradientStage = 1;

    private readonly int batch = output[0];
    private readonly int channels = output[1];
    private readonly int plane = (int)output.From(2).Product;

    public override bool BackwardReadsInputs => true;

    public override long SharedElements => plan.SharedElements;

    public override long WorkerElements => plan.WorkerElements;

    public override void Forward()
    {
        if (hasBias) Run(BiasStage, channels);
        plan.InputGradient(Memory.Parameters[0], Memory.Inputs[0], Memory.Output, Memory.Workspace, hasBias);
    }

    public override void Backward()
    {
        plan.KernelGradient(Memory.OutputGradient, Memory.Inputs[0], Memory.ParameterGradients[0], null, Memory.Workspace, Memory.AccumulateKernel);
        if (hasBias) Run(BiasGradientStage, channels);
        if (Memory.InputGradients[0] != null)
        {
            plan.Forward(Memory.OutputGradient, Memory.Parameters[0], null, Memory.InputGradients[0], Memory.Workspace, Memory.Accumulate[0]);
        }
    }

    protected override void Execute(int stage, int c)
    {
        var sum = T.Zero;
        for (var n = 0; n < batch; n++)
        {
            var at = (((long)n * channels) + c) * plane;
            if (stage == BiasStage) new Span<T>(Memory.Output + at, plane).Fill(Memory.Parameters[1][c]);
            else sum += TensorPrimitives.Sum(new ReadOnlySpan<T>(Memory.OutputGradient + at, plane));
        }

        if (stage == BiasGradientStage) Memory.ParameterGradients[1][c] = sum;
    }
}
