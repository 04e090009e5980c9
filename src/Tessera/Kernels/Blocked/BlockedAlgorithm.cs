namespace Tessera.Kernels.Blocked;

/// <summary>
/// The tensors of one run in blocked form: an example is [⌈C / B⌉, positions, B], B channels side by side in a vector, so that kernels
/// never turn anything round. Lanes beyond C hold finite numbers that nobody reads. Examples may lie further apart than that: the channels of
/// a concatenation are written where they belong.
/// </summary>
internal readonly unsafe struct BlockedOperands<T>
    where T : unmanaged
{
    /// <summary>V, and the distance between examples.</summary>
    public T* Input { get; init; }

    public nint InputExample { get; init; }

    /// <summary>What is added to the result, of its shape, or null.</summary>
    public T* Residual { get; init; }

    public nint ResidualExample { get; init; }

    /// <summary>What <see cref="BlockedAlgorithm{T}.Pack"/> made of the parameters.</summary>
    public T* Packed { get; init; }

    /// <summary>Z, and the distance between examples.</summary>
    public T* Output { get; init; }

    public nint OutputExample { get; init; }

    /// <summary>What becomes of each element at the end.</summary>
    public Finish<T> Finish { get; init; }
}

/// <summary>The parameters of a convolution and the normalisation folded into it: row m of the kernel times factor m, plus bias m.</summary>
internal readonly unsafe struct FoldedKernel<T>(T* kernel, T* factors, T* bias)
    where T : unmanaged
{
    public readonly T* Kernel = kernel;
    public readonly T* Factors = factors;
    public readonly T* Bias = bias;
}

/// <summary>
/// One way to compute one layer of a network for inference, on blocked tensors. Immutable; its jobs may run in any order on any number of threads, and
/// what each computes never depends on how many there are. Parameters are packed once, into memory that whoever runs it keeps.
/// </summary>
internal abstract unsafe class BlockedAlgorithm<T>
    where T : unmanaged
{
    /// <summary>What it is called in a plan's own words.</summary>
    public abstract string Name { get; }

    /// <summary>Elements of what parameters are packed into.</summary>
    public virtual long PackedElements => 0;

    /// <summary>The jobs that packing falls into.</summary>
    public virtual int PackJobs => 0;

    /// <summary>Workspace in elements that all workers share.</summary>
    public virtual long SharedElements => 0;

    /// <summary>Workspace in elements of each worker.</summary>
    public virtual long WorkerElements => 0;

    /// <summary>The jobs of each stage.</summary>
    public abstract int[] Stages { get; }

    /// <summary>Runs one job of packing.</summary>
    public virtual void Pack(int job, in FoldedKernel<T> parameters, T* packed)
    {
    }

    /// <summary>Runs one job.</summary>
    public abstract void Execute(int stage, int job, in BlockedOperands<T> operands, T* shared, T* own);
}
