using System.Numerics;
using Tessera.Operators;

namespace Tessera.Execution.Layers;

/// <summary>Unpooling by the winners that the max pooling it refers to left in its state.</summary>
internal sealed unsafe class UnpoolingExecution<T>(PoolingPlan<T> plan) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Forward() =>
        plan.InputGradient(null, null, (int*)Memory.ReferenceState, Memory.Inputs[0], Memory.Output, Memory.Workspace, false);

    public override void Backward() =>
        plan.UnpoolGradient((int*)Memory.ReferenceState, Memory.OutputGradient, Memory.InputGradients[0], Memory.Workspace, Memory.Accumulate[0]);
}
