using System.Numerics;

namespace Tessera.Kernels.Copying;

/// <summary>A strided copy as an operator's algorithm, from input to output, or the adjoint's way from the output's gradient to the input's.</summary>
internal sealed unsafe class CopyAlgorithm<T>(StridedCopy<T> copy, bool adjoint) : Algorithm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override string Name => adjoint ? "transposed strided copy" : "strided copy";

    public override IReadOnlyList<int> Stages { get; } = [copy.Jobs];

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        if (adjoint) copy.Execute(job, operands.Output, operands.Input, operands.Accumulate);
        else copy.Execute(job, operands.Input, operands.Output, add: false);
    }
}
