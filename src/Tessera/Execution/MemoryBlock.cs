namespace Tessera.Execution;

/// <summary>A piece of memory that is needed from one time of the schedule to another, both included.</summary>
internal sealed class MemoryBlock(long bytes, int first)
{
    /// <summary>Its size.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>The time of its first write.</summary>
    public int First { get; private set; } = first;

    /// <summary>The time of its last read or write.</summary>
    public int Last { get; private set; } = first;

    /// <summary>Where it stands, in bytes from the beginning of the arena.</summary>
    public long Offset { get; set; } = -1;

    /// <summary>Keeps it up to a time.</summary>
    public void Extend(int time)
    {
        First = Math.Min(First, time);
        Last = Math.Max(Last, time);
    }
}
