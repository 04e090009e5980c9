using System.Numerics;
using Tessera.Kernels;

namespace Tessera.Execution;

/// <summary>Whether a layer's output may stand where its first input stood.</summary>
internal enum Overlay
{
    /// <summary>It needs memory of its own.</summary>
    None,

    /// <summary>It is the input, unchanged: both may stand there as long as either is read.</summary>
    View,

    /// <summary>It may overwrite the input, once nobody else reads that.</summary>
    Overwrite,
}

/// <summary>
/// A layer made ready for one shape: what it needs of memory, and its two passes. Its work is cut into jobs by its shape
/// alone, so that the bits of a result do not depend on the number of threads.
/// </summary>
internal abstract unsafe class LayerExecution<T> : IParallelWork
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private int stage;
    private int threads = 1;

    /// <summary>Whether the output is the first parameter, unchanged: it then stands in that one's memory.</summary>
    public virtual bool OutputIsParameter => false;

    /// <summary>Whether the output may stand where the first input stands.</summary>
    public virtual Overlay Output => Overlay.None;

    /// <summary>Whether the first input's gradient may stand where the output's stands.</summary>
    public virtual Overlay InputGradient => Overlay.None;

    /// <summary>Whether the backward pass reads the inputs' activations.</summary>
    public virtual bool BackwardReadsInputs => false;

    /// <summary>Whether the backward pass reads the output's activations.</summary>
    public virtual bool BackwardReadsOutput => false;

    /// <summary>Bytes that the forward pass leaves for the backward pass or for a layer that refers to this one.</summary>
    public virtual long StateBytes => 0;

    /// <summary>Elements of the shared workspace that all workers use together.</summary>
    public virtual long SharedElements => 0;

    /// <summary>Elements of the workspace that each worker needs.</summary>
    public virtual long WorkerElements => 0;

    /// <summary>Whether the layer adds a penalty to the loss; its backward pass then adds the penalty's gradient to the inputs'.</summary>
    public virtual bool HasPenalty => false;

    /// <summary>The penalty of the last forward pass.</summary>
    public double Penalty { get; protected set; }

    /// <summary>Where its tensors stand.</summary>
    public LayerMemory<T> Memory { get; private set; } = null!;

    /// <summary>What the execution tells all layers before a pass.</summary>
    protected PassState Pass { get; private set; } = null!;

    /// <summary>Gives the layer its memory.</summary>
    public void Bind(LayerMemory<T> memory, PassState pass, int threads)
    {
        Memory = memory;
        Pass = pass;
        this.threads = threads;
        OnBound();
    }

    /// <summary>Computes the output from the inputs.</summary>
    public abstract void Forward();

    /// <summary>Computes the gradients for the inputs that want one and for the parameters.</summary>
    public abstract void Backward();

    void IParallelWork.Execute(int job, int worker) => Execute(stage, job);

    /// <summary>For a layer that prepares something from its addresses.</summary>
    protected virtual void OnBound()
    {
    }

    /// <summary>Runs one job of a stage.</summary>
    protected virtual void Execute(int stage, int job)
    {
    }

    /// <summary>Runs all jobs of a stage and waits for them.</summary>
    protected void Run(int stage, int jobs)
    {
        this.stage = stage;
        ThreadTeam.Run(this, jobs, threads);
    }
}
