namespace Tessera.Execution.Inference;

/// <summary>Where a value stands in one of its two forms: a part of a block of the arena.</summary>
/// <param name="Block">The block.</param>
/// <param name="Offset">Elements before the first example.</param>
/// <param name="Example">Elements from one example to the next.</param>
internal sealed record TensorPlace(MemoryBlock Block, long Offset, long Example)
{
    /// <summary>Whether it has all examples of the batch, where others have those of the part that runs.</summary>
    public bool IsWhole { get; init; } = true;
}
