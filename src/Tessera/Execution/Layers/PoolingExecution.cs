using System.Numerics;
using Tessera.Networks;
using Tessera.Operators;

namespace Tessera.Execution.Layers;

/// <summary>A pooling's plan, run as a layer. Max keeps its winners where a backward pass or an unpooling will ask for them.</summary>
internal sealed unsafe class PoolingExecution<T> : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly PoolingPlan<T> plan;

    public PoolingExecution(PoolingDescription description, string name, LayerContext context)
    {
        plan = description.Plan<T>(context.Inputs[0], context.Options.ToPlanOptions(), name);
        var keepsWinners = description.Kind == PoolingKind.Max && (context.Options.Training || context.IsReferenced);
        StateBytes = keepsWinners ? plan.OutputShape.Product * sizeof(int) : 0;
    }

    public override bool BackwardReadsInputs => plan.Description.Kind == PoolingKind.Lp;

    public override bool BackwardReadsOutput => plan.Description.Kind == PoolingKind.Lp;

    public override long StateBytes { get; }

    public override void Forward() => plan.Forward(Memory.Inputs[0], Memory.Output, (int*)Memory.State, Memory.Workspace);

    public override void Backward() => plan.InputGradient(
        Memory.Inputs[0], Memory.Output, (int*)Memory.State, Memory.OutputGradient, Memory.InputGradients[0], Memory.Workspace, Memory.Accumulate[0]);
}
