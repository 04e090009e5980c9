namespace Tessera.Kernels;

/// <summary>One of the three operations of a linear operator.</summary>
internal enum Operation
{
    Forward,
    KernelGradient,
    InputGradient,
}

/// <summary>
/// The tensors of one run, dense and row-major, by the chapter's letters. Forward reads V, K and b and writes Z; the
/// kernel gradient reads V and G = Z and writes K; the input gradient reads K and G = Z and writes V.
/// </summary>
internal readonly unsafe struct Operands<T>(T* input, T* kernel, T* bias, T* output, bool accumulate, T* packed = null)
    where T : unmanaged
{
    /// <summary>V or its gradient, [N, C, i…].</summary>
    public readonly T* Input = input;

    /// <summary>K or its gradient, [t…, pairs, k…].</summary>
    public readonly T* Kernel = kernel;

    /// <summary>K laid out by <see cref="Algorithm{T}.Pack"/>, or null: then each run lays it out, if it is laid out at all.</summary>
    public readonly T* Packed = packed;

    /// <summary>One bias per output channel that a forward run adds, or null.</summary>
    public readonly T* Bias = bias;

    /// <summary>Z or its gradient G, [N, M, o…].</summary>
    public readonly T* Output = output;

    /// <summary>Whether the result is added to what stands there, instead of replacing it.</summary>
    public readonly bool Accumulate = accumulate;
}

/// <summary>
/// One way to compute one operation of one operator at one batch size. Immutable: everything is decided when it is
/// made. The work is a few stages, each a number of jobs that may run in any order and at once on any number of
/// threads; what each job computes never depends on how many there are, so neither do the bits of the result.
/// </summary>
internal abstract unsafe class Algorithm<T>
    where T : unmanaged
{
    /// <summary>What it is called in a plan's own words, with its blocking.</summary>
    public abstract string Name { get; }

    /// <summary>Workspace in elements that all workers share (a packed kernel).</summary>
    public virtual long SharedElements => 0;

    /// <summary>Workspace in elements that each worker has for itself (panels, tiles).</summary>
    public virtual long WorkerElements => 0;

    /// <summary>The number of jobs of each stage; a stage begins when all jobs of the one before have ended.</summary>
    public abstract IReadOnlyList<int> Stages { get; }

    /// <summary>Whether the first stage reads the kernel alone and lays it out in <see cref="SharedElements"/>, where nothing else goes: a run that is given a packed kernel leaves that stage out.</summary>
    public virtual bool PacksKernelFirst => false;

    /// <summary>Elements of a kernel that is laid out once for many runs; 0 where runs read it where it lies.</summary>
    public virtual long PackedElements => PacksKernelFirst ? SharedElements : 0;

    /// <summary>The number of jobs that lay it out.</summary>
    public virtual int PackingJobs => PacksKernelFirst ? Stages[0] : 0;

    /// <summary>Whether a forward run adds <see cref="Operands{T}.Bias"/>; where not, the plan lays the bias down first.</summary>
    public virtual bool AddsBias => false;

    /// <summary>Runs one job. <paramref name="shared"/> and <paramref name="own"/> are 64-byte aligned and hold anything at the start.</summary>
    public abstract void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own);

    /// <summary>Lays a part of the kernel out for many runs.</summary>
    public virtual void Pack(int job, T* kernel, T* packed, T* own) => Execute(0, job, new Operands<T>(null, kernel, null, null, false), packed, own);
}
