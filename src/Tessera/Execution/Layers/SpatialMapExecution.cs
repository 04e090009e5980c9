using System.Numerics;
using Tessera.Operators;

namespace Tessera.Execution.Layers;

/// <summary>A fixed map of planes (upsampling, resizing, border padding), run as a layer.</summary>
internal sealed unsafe class SpatialMapExecution<T>(SpatialMapPlan<T> plan) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override long WorkerElements => plan.WorkerElements;

    public override void Forward() => plan.Forward(Memory.Inputs[0], Memory.Output, Memory.Workspace);

    public override void Backward() => plan.InputGradient(Memory.OutputGradient, Memory.InputGradients[0], Memory.Workspace, Memory.Accumulate[0]);
}
