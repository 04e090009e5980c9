using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tessera.Kernels;

namespace Tessera.Operators;

/// <summary>
/// The memory that runs of a plan work in: made once by the plan, used by one run at a time, collected like any
/// object. Several threads may run one plan at once, each with a workspace of its own.
/// </summary>
public sealed unsafe class Workspace<T> : IParallelWork
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int Alignment = 64;

    private readonly T[] memory;
    private readonly T* shared;
    private readonly T* firstWorker;
    private readonly long sharedElements;
    private readonly long workerStride;
    private readonly int threads;
    private Algorithm<T>? algorithm;
    private Operands<T> operands;
    private int stage;
    private bool packs;
    private int inUse;

    internal Workspace(long sharedElements, long workerElements, int threads)
    {
        this.sharedElements = RoundUp(sharedElements);
        workerStride = RoundUp(workerElements);
        this.threads = threads;
        var slack = Alignment / sizeof(T);
        memory = GC.AllocateUninitializedArray<T>(checked((int)(this.sharedElements + (workerStride * threads) + slack)), pinned: true);
        var start = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(memory));
        shared = (T*)((start + Alignment - 1) & -Alignment);
        firstWorker = shared + this.sharedElements;
    }

    /// <summary>The size of this workspace in bytes.</summary>
    public long Bytes => (long)memory.Length * sizeof(T);

    /// <summary>What all workers share, for layers whose work is no algorithm of an operator.</summary>
    internal T* Shared => shared;

    /// <summary>All of it, so that tests can put there what no kernel may rely on.</summary>
    internal Span<T> Memory => memory;

    /// <summary>Runs all stages of an algorithm; the operands stay where they are until it returns.</summary>
    internal void Run(Algorithm<T> algorithm, in Operands<T> operands) => Run(algorithm, operands, pack: false);

    /// <summary>Lays a kernel out in <paramref name="packed"/>, of the algorithm's <see cref="Algorithm{T}.PackedElements"/>.</summary>
    internal void Pack(Algorithm<T> algorithm, T* kernel, T* packed) => Run(algorithm, new Operands<T>(null, kernel, null, null, false, packed), pack: true);

    private void Run(Algorithm<T> algorithm, in Operands<T> operands, bool pack)
    {
        if (algorithm.SharedElements > sharedElements || algorithm.WorkerElements > workerStride)
        {
            throw new ArgumentException("workspace: it was made for another plan; use the one that this plan's CreateWorkspace gives.", nameof(algorithm));
        }

        if (Interlocked.Exchange(ref inUse, 1) != 0)
        {
            throw new InvalidOperationException("workspace: two runs use it at once; give each thread a workspace of its own.");
        }

        try
        {
            this.algorithm = algorithm;
            this.operands = operands;
            packs = pack;
            if (pack)
            {
                ThreadTeam.Run(this, algorithm.PackingJobs, threads);
                return;
            }

            for (stage = IsPacked ? 1 : 0; stage < algorithm.Stages.Count; stage++) ThreadTeam.Run(this, algorithm.Stages[stage], threads);
        }
        finally
        {
            Volatile.Write(ref inUse, 0);
        }
    }

    void IParallelWork.Execute(int job, int worker)
    {
        var own = firstWorker + (worker * workerStride);
        if (packs) algorithm!.Pack(job, operands.Kernel, operands.Packed, own);
        else algorithm!.Execute(stage, job, operands, IsPacked ? operands.Packed : shared, own);
    }

    /// <summary>Whether what the first stage would lay out is there already.</summary>
    private bool IsPacked => operands.Packed != null && algorithm!.PacksKernelFirst;

    private static long RoundUp(long elements)
    {
        var line = Alignment / sizeof(T);
        return (elements + line - 1) / line * line;
    }
}
