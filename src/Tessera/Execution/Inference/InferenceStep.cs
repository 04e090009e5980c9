using System.Numerics;
using Tessera.Kernels;

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

/// <summary>One step of an inference: one or several layers, or a change of form between them.</summary>
internal abstract unsafe class InferenceStep<T> : IParallelWork
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private int stage;

    /// <summary>The layers that it runs; empty for a change of form.</summary>
    public required IReadOnlyList<string> Layers { get; init; }

    /// <summary>How, in words.</summary>
    public abstract string Algorithm { get; }

    /// <summary>Elements of the workspace that all workers share.</summary>
    public virtual long SharedElements => 0;

    /// <summary>Elements of each worker's workspace.</summary>
    public virtual long WorkerElements => 0;

    /// <summary>Elements of memory for parameters in the form that the step wants.</summary>
    public virtual long PackedElements => 0;

    /// <summary>Where everything stands.</summary>
    protected StepMemory<T> Memory { get; private set; } = null!;

    /// <summary>The memory for parameters.</summary>
    protected T* Packed { get; private set; }

    public void Bind(StepMemory<T> memory, T* packed)
    {
        Memory = memory;
        Packed = packed;
        OnBound();
    }

    /// <summary>Takes the parameters as they are now.</summary>
    public virtual void Update()
    {
    }

    /// <summary>The examples that a run computes: a part of the batch, or all of it.</summary>
    public int Part { get; set; }

    /// <summary>Runs it for a part of the batch, by its number.</summary>
    public abstract void Run(int part);

    void IParallelWork.Execute(int job, int worker) => Execute(stage, job, worker);

    protected virtual void OnBound()
    {
    }

    protected abstract void Execute(int stage, int job, int worker);

    protected void Run(int stage, int jobs)
    {
        this.stage = stage;
        ThreadTeam.Run(this, jobs, Memory.Threads);
    }
}
