using System.Numerics;
using Tessera.Operators;

namespace Tessera.Execution.Layers;

/// <summary>A convolution's plan, run as a layer.</summary>
internal sealed unsafe class ConvolutionExecution<T>(ConvolutionPlan<T> plan) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override bool BackwardReadsInputs => true;

    public override long SharedElements => plan.SharedElements;

    public override long WorkerElements => plan.WorkerElements;

    public override void Forward() =>
        plan.Forward(Memory.Inputs[0], Memory.Parameters[0], plan.HasBias ? Memory.Parameters[1] : null, Memory.Output, Memory.Workspace, false);

    public override void Backward()
    {
        plan.KernelGradient(Memory.Inputs[0], Memory.OutputGradient, Memory.ParameterGradients[0], null, Memory.Workspace, Memory.AccumulateKernel);
        if (plan.HasBias) plan.BiasGradient(Memory.OutputGradient, Memory.ParameterGradients[1], Memory.Workspace, false);
        if (Memory.InputGradients[0] != null)
        {
            plan.InputGradient(Memory.Parameters[0], Memory.OutputGradient, Memory.InputGradients[0], Memory.Workspace, Memory.Accumulate[0]);
        }
    }
}
