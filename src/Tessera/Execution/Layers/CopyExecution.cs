using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Copying;
using Tessera.Operators;

namespace Tessera.Execution.Layers;

/// <summary>A layer that copies elements to other places: permute, slice, gather, expand and their like. Backward runs the map's adjoint.</summary>
/// <param name="map">Which element is copied where.</param>
/// <param name="fill">What stands where nothing is copied to.</param>
/// <param name="options">How the network is executed.</param>
internal sealed unsafe class CopyExecution<T>(CopyMap map, double fill, ExecutionOptions options) : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = 0;
    private const int BackwardStage = 1;

    private readonly StridedCopy<T> forward = new(map, T.CreateSaturating(fill), options.Instructions != InstructionSet.Portable);

    private readonly StridedCopy<T>? backward = options.Training ? new(map.Transposed(), T.Zero, options.Instructions != InstructionSet.Portable) : null;

    public override void Forward() => Run(ForwardStage, forward.Jobs);

    public override void Backward() => Run(BackwardStage, backward!.Jobs);

    protected override void Execute(int stage, int job)
    {
        if (stage == ForwardStage) forward.Execute(job, Memory.Inputs[0], Memory.Output, add: false);
        else backward!.Execute(job, Memory.OutputGradient, Memory.InputGradients[0], Memory.Accumulate[0]);
    }
}
