namespace Tessera.Kernels;

/// <summary>Work cut into parts of which none is longer than another by more than one, the longer ones first: threads that take part after part then end at about the same time.</summary>
internal static class Shares
{
    /// <summary>
    /// The jobs that work is cut into where there is room, for up to four threads. How kernel gradients are summed, and which algorithm runs, is decided by this number
    /// whatever the threads, so that the bits are the same.
    /// </summary>
    public const int LeastJobs = 8;

    /// <summary>The jobs that so many threads want, where results do not depend on how work is cut: two for each.</summary>
    public static int JobsFor(int threads) => Math.Max(LeastJobs, 2 * threads);

    /// <summary>How many pieces of a size, the last perhaps smaller, make up a count.</summary>
    public static int Up(int count, int size) => (count + size - 1) / size;

    /// <inheritdoc cref="Up(int, int)"/>
    public static long Up(long count, long size) => (count + size - 1) / size;

    /// <summary>The first vector of a panel and how many it has, where <paramref name="vectors"/> are shared out to panels as evenly as they can be, wide and narrow ones in turn.</summary>
    public static (int First, int Width) Panel(int vectors, int panels, int panel)
    {
        int first = vectors * panel / panels, end = vectors * (panel + 1) / panels;
        return (first, end - first);
    }

    /// <summary>The same in lanes: the first of a panel, and how many it has.</summary>
    public static (int Lane, int Width) Panel(int vectors, int panels, int panel, int lanes)
    {
        var (first, width) = Panel(vectors, panels, panel);
        return (first * lanes, width * lanes);
    }

    /// <summary>What a part has of <paramref name="count"/> pieces.</summary>
    public static (int First, int End) Of(long count, int parts, int part)
    {
        var (least, more) = Math.DivRem(count, parts);
        var first = (part * least) + Math.Min(part, more);
        return ((int)first, (int)(first + least + (part < more ? 1 : 0)));
    }
}
