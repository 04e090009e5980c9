using System.Numerics;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels;

/// <summary>
/// A kernel gradient whose sum is cut into parts, where blocks of the kernel alone would be too few jobs: each part
/// writes a whole kernel of its own into shared workspace, and a second stage adds them. The number of parts is the
/// operator's and their order is fixed, so the bits do not know how many threads there are.
/// <code>
///   part 0 ▸ [ kernel ] ┐
///   part 1 ▸ [ kernel ] ┼─▸ dK, a stretch a job
///   part 2 ▸ [ kernel ] ┘
/// </code>
/// </summary>
/// <param name="parts">How many; where it is 1, that part writes dK itself and there is no second stage.</param>
/// <param name="kernelElements">Elements of a kernel.</param>
internal sealed unsafe class PartialSums<TVector, T, TLanes>(int parts, long kernelElements)
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    /// <summary>Jobs below which a sum is worth cutting.</summary>
    public const int WantedJobs = 8;

    private const int ElementsPerJob = 16384;

    /// <summary>How many parts.</summary>
    public int Parts => parts;

    /// <summary>Workspace for all parts.</summary>
    public long SharedElements => parts > 1 ? parts * kernelElements : 0;

    /// <summary>The stages of an algorithm with some jobs in each part.</summary>
    public int[] Stages(int jobs) => parts > 1
        ? [checked(jobs * parts), checked((int)((kernelElements + ElementsPerJob - 1) / ElementsPerJob))]
        : [jobs];

    /// <summary>Which of some things are a part's.</summary>
    public (int First, int End) Range(int part, int count) => Shares.Of(count, parts, part);

    /// <summary>Where a part's sums go, and whether they are added to what stands there.</summary>
    public T* Kernel(int part, in Operands<T> operands, T* shared, out bool accumulate)
    {
        accumulate = parts == 1 && operands.Accumulate;
        return parts == 1 ? operands.Kernel : shared + (nint)(part * kernelElements);
    }

    /// <summary>One job of the second stage.</summary>
    public void Add(int job, in Operands<T> operands, T* shared)
    {
        var i = (nint)job * ElementsPerJob;
        var end = (nint)Math.Min(kernelElements, i + ElementsPerJob);
        var kernel = operands.Kernel;
        for (; i <= end - TLanes.Count; i += TLanes.Count)
        {
            var sum = TLanes.Load(shared + i);
            for (var part = 1; part < parts; part++) sum = TLanes.Add(sum, TLanes.Load(shared + i + (nint)(part * kernelElements)));
            TLanes.Store(operands.Accumulate ? TLanes.Add(TLanes.Load(kernel + i), sum) : sum, kernel + i);
        }

        for (; i < end; i++)
        {
            var sum = shared[i];
            for (var part = 1; part < parts; part++) sum += shared[i + (nint)(part * kernelElements)];
            kernel[i] = operands.Accumulate ? kernel[i] + sum : sum;
        }
    }
}
