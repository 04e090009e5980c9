using System.Numerics;
using Tessera.Kernels;

namespace Tessera.Execution.Inference;

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
