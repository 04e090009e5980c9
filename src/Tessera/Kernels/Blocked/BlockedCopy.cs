namespace Tessera.Kernels.Blocked;

/// <summary>Copies whole examples to where a concatenation has them, where whoever made them could not write them there.</summary>
internal sealed unsafe class BlockedCopy<T>(int batch, nint elements) : BlockedAlgorithm<T>
    where T : unmanaged
{
    public override string Name => "copy of channels";

    public override int[] Stages { get; } = [batch];

    public override void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own) =>
        new Span<T>(operands.Input + (job * operands.InputExample), checked((int)elements)).CopyTo(new Span<T>(operands.Output + (job * operands.OutputExample), (int)elements));
}
