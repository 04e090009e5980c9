namespace Tessera.Tests;

/// <summary>What a piece of work leaves on the managed heap.</summary>
internal static class Allocations
{
    /// <summary>
    /// The fewest bytes that the calling thread allocated in one of five attempts: what every run allocates is in all of them; what the
    /// runtime allocates once, when it compiles a method again or a thread first blocks, is not.
    /// </summary>
    public static long Least(Action work)
    {
        var least = long.MaxValue;
        for (var attempt = 0; attempt < 5 && least > 0; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    /// <summary>
    /// The fewest bytes that the process allocated, on any thread, in one of eight attempts: another thread may allocate meanwhile; what does so each
    /// time is found. For collections of tests that run alone.
    /// </summary>
    public static long LeastOfProcess(Action work)
    {
        long least = long.MaxValue;
        for (var attempt = 0; attempt < 8 && least > 0; attempt++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            work();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return least;
    }
}
