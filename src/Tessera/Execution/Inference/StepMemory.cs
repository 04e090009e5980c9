using System.Numerics;

namespace Tessera.Execution.Inference;

/// <summary>What a step of an inference works with, once memory has been laid out.</summary>
internal sealed unsafe class StepMemory<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The arena that all values stand in.</summary>
    public required byte* Arena { get; init; }

    /// <summary>The workspace that all workers share, and each worker's own.</summary>
    public required T* Shared { get; init; }

    public required T* Own { get; init; }

    public required nint OwnStride { get; init; }

    /// <summary>The workspace of layers that run as they do in training.</summary>
    public required Operators.Workspace<T> Workspace { get; init; }

    /// <summary>What layers are told before a pass.</summary>
    public required PassState Pass { get; init; }

    public required int Threads { get; init; }

    /// <summary>The address of a place.</summary>
    public T* At(TensorPlace? place) => place is null ? null : (T*)(Arena + place.Block.Offset) + place.Offset;
}
