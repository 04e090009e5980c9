using System.Numerics;
using Tessera.Kernels;
using Tessera.Kernels.Dense;
using Tessera.Operators;

namespace Tessera.Execution.Layers;

/// <summary>A stack of matrix products, run as a layer.</summary>
internal sealed unsafe class MatrixProductExecution<T>(ProductStack stack, PlanOptions options) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Algorithm<T> forward = stack.Algorithm<T>(Operation.Forward, options);
    private readonly Algorithm<T> left = stack.Algorithm<T>(Operation.InputGradient, options);
    private readonly Algorithm<T> right = stack.Algorithm<T>(Operation.KernelGradient, options);

    public override bool BackwardReadsInputs => true;

    public override long WorkerElements => Math.Max(forward.WorkerElements, Math.Max(left.WorkerElements, right.WorkerElements));

    public override void Forward() =>
        Memory.Workspace.Run(forward, new Operands<T>(Memory.Inputs[0], Memory.Inputs[1], null, Memory.Output, false));

    public override void Backward()
    {
        if (Memory.InputGradients[0] != null)
        {
            Memory.Workspace.Run(left, new Operands<T>(Memory.InputGradients[0], Memory.Inputs[1], null, Memory.OutputGradient, Memory.Accumulate[0]));
        }

        if (Memory.InputGradients[1] != null)
        {
            Memory.Workspace.Run(right, new Operands<T>(Memory.Inputs[0], Memory.InputGradients[1], null, Memory.OutputGradient, Memory.Accumulate[1]));
        }
    }
}
