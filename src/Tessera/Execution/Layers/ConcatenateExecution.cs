using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Copying;
using Tessera.Operators;

namespace Tessera.Execution.Layers;

/// <summary>Copies each input into its part of the output; gradients go back the same way, input after input, for one value may be several inputs.</summary>
internal sealed unsafe class ConcatenateExecution<T> : LayerExecution<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int ForwardStage = -1;

    private readonly StridedCopy<T>[] forward;
    private readonly StridedCopy<T>[] backward;
    private readonly int[] firstJob;

    /// <param name="maps">Where each input goes.</param>
    /// <param name="options">How the network is executed.</param>
    public ConcatenateExecution(IReadOnlyList<CopyMap> maps, ExecutionOptions options)
    {
        var vectors = options.Instructions != InstructionSet.Portable;
        forward = [.. maps.Select(map => new StridedCopy<T>(map, T.Zero, vectors))];
        backward = options.Training ? [.. maps.Select(map => new StridedCopy<T>(map.Transposed(), T.Zero, vectors))] : [];
        firstJob = new int[forward.Length + 1];
        for (var i = 0; i < forward.Length; i++) firstJob[i + 1] = firstJob[i] + forward[i].Jobs;
    }

    public override void Forward() => Run(ForwardStage, firstJob[^1]);

    public override void Backward()
    {
        for (var i = 0; i < backward.Length; i++)
        {
            if (Memory.InputGradients[i] != null) Run(i, backward[i].Jobs);
        }
    }

    protected override void Execute(int stage, int job)
    {
        if (stage != ForwardStage)
        {
            backward[stage].Execute(job, Memory.OutputGradient, Memory.InputGradients[stage], Memory.Accumulate[stage]);
            return;
        }

        var i = 0;
        while (job >= firstJob[i + 1]) i++;
        forward[i].Execute(job - firstJob[i], Memory.Inputs[i], Memory.Output, add: false);
    }
}
