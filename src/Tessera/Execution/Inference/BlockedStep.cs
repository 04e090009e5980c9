using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tessera.Kernels.Blocked;

namespace Tessera.Execution.Inference;

/// <summary>A blocked algorithm, run as a step; parameters are folded and packed when they are taken.</summary>
internal sealed unsafe class BlockedStep<T>(BlockedAlgorithm<T> algorithm, FoldedParameters<T>? parameters, TensorPlace input, TensorPlace? residual, TensorPlace output, Finish<T> finish) : InferenceStep<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int PackStage = -1;

    private BlockedOperands<T> whole;
    private BlockedOperands<T> operands;

    public override string Algorithm => algorithm.Name;

    public override long SharedElements => algorithm.SharedElements;

    public override long WorkerElements => algorithm.WorkerElements;

    public override long PackedElements => algorithm.PackedElements;

    public override void Update()
    {
        if (parameters is null) return;
        parameters.Take();
        Run(PackStage, algorithm.PackJobs);
    }

    public override void Run(int part)
    {
        nint first = (nint)part * Part;
        operands = whole with
        {
            Input = whole.Input + (input.IsWhole ? first * whole.InputExample : 0),
            Residual = whole.Residual == null ? null : whole.Residual + (residual!.IsWhole ? first * whole.ResidualExample : 0),
            Output = whole.Output + (output.IsWhole ? first * whole.OutputExample : 0),
        };
        for (var stage = 0; stage < algorithm.Stages.Length; stage++) Run(stage, algorithm.Stages[stage]);
    }

    protected override void OnBound() => whole = new BlockedOperands<T>
    {
        Input = Memory.At(input),
        InputExample = (nint)input.Example,
        Residual = Memory.At(residual),
        ResidualExample = (nint)(residual?.Example ?? 0),
        Packed = Packed,
        Output = Memory.At(output),
        OutputExample = (nint)output.Example,
        Finish = finish,
    };

    protected override void Execute(int stage, int job, int worker)
    {
        if (stage != PackStage)
        {
            algorithm.Execute(stage, job, operands, Memory.Shared, Memory.Own + (worker * Memory.OwnStride));
            return;
        }

        var folded = new FoldedKernel<T>(parameters!.Kernel is { } kernel ? kernel.Pointer : null, Pointer(parameters.Factors), Pointer(parameters.Bias));
        algorithm.Pack(job, folded, Packed);
    }

    private static T* Pointer(T[] pinned) => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
}
