using Tessera.Kernels;

namespace Tessera.Operators;

/// <summary>The vector instructions that kernels may use.</summary>
public enum InstructionSet
{
    /// <summary>The best that this processor has.</summary>
    Best,

    /// <summary>At most 256-bit vectors with fused multiply-add (AVX2), where the processor has them.</summary>
    Avx2,

    /// <summary>Nothing beyond what every .NET platform has: the path of machines without AVX2.</summary>
    Portable,
}

/// <summary>How a plan is to be executed. The results' bits do not depend on the number of threads; they may differ in rounding between instruction sets.</summary>
public sealed record PlanOptions
{
    private const int MostThreads = 1024;

    /// <summary>All threads, best instructions, fast kernels.</summary>
    public static PlanOptions Default { get; } = new();

    /// <summary>The most threads that one run uses, the caller's among them; 0 for as many as there are processors.</summary>
    public int Threads { get; init; }

    /// <summary>The vector instructions that kernels may use.</summary>
    public InstructionSet Instructions { get; init; }

    /// <summary>
    /// Whether every sum is taken term by term, as the equations say. Otherwise Winograd's algorithm may compute kernels of 2 to 6
    /// and a few more elements on each of the last two axes, and rows of strided forward passes two by two, with fewer multiplications, where it is faster: its rounding errors
    /// are two to five times as large (at most 64 ε times the largest Σ|a||b| of all results), and a number that is infinite or
    /// not a number spreads to results that read the six by six inputs around it.
    /// </summary>
    public bool Exact { get; init; }

    /// <summary>Whether to run the slow reference kernels, which sum in double and follow the equations word for word.</summary>
    public bool UseReference { get; init; }

    /// <summary>The one operation that a plan is made for; null for all three. Choosing the others takes as long and may need more workspace.</summary>
    internal Operation? Only { get; init; }

    /// <summary>The number of threads with 0 resolved.</summary>
    internal int ResolvedThreads => Threads == 0 ? Environment.ProcessorCount : Threads;

    /// <summary>The jobs that work is cut into, where results do not depend on how.</summary>
    internal int WantedJobs => Shares.JobsFor(ResolvedThreads);

    /// <summary>These options, if they can be followed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number of threads is negative or absurd.</exception>
    internal PlanOptions Checked()
    {
        if (Threads is >= 0 and <= MostThreads) return this;
        throw new ArgumentOutOfRangeException(nameof(Threads), Threads, $"plan options: {Threads} threads; give 1 to {MostThreads}, or 0 for all processors.");
    }
}
