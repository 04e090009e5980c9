namespace Tessera.Execution.Layers;

/// <summary>The part of a long row of elements that one job does, in pieces that stay in the nearest cache.</summary>
internal struct Chunks
{
    /// <summary>The elements of one piece.</summary>
    public const int Elements = 1024;

    private const long JobElements = 32 * Elements;

    private readonly long end;
    private long next;

    public Chunks(long count, int job)
    {
        next = job * JobElements;
        end = Math.Min(count, next + JobElements);
    }

    /// <summary>The piece that the loop stands at.</summary>
    public (long Start, int Length) Current { get; private set; }

    /// <summary>How many jobs a row of this length is cut into.</summary>
    public static int Jobs(long count) => (int)((count + JobElements - 1) / JobElements);

    public readonly Chunks GetEnumerator() => this;

    public bool MoveNext()
    {
        if (next >= end) return false;
        Current = (next, (int)Math.Min(Elements, end - next));
        next += Elements;
        return true;
    }
}
