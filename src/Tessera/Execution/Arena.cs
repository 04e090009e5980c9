using Tessera.Kernels;

namespace Tessera.Execution;

/// <summary>Lays blocks out so that no two that are needed at one time overlap: largest first, each at the lowest free place.</summary>
internal static class Arena
{
    /// <summary>Blocks begin at multiples of this: a cache line, and a whole vector of any width.</summary>
    public const int Alignment = AlignedMemory.LineBytes;

    /// <summary>Gives every block its offset.</summary>
    /// <returns>The size of the arena in bytes.</returns>
    public static long Layout(IEnumerable<MemoryBlock> blocks)
    {
        var placed = new List<MemoryBlock>();
        long size = 0;
        foreach (var block in blocks.OrderByDescending(static block => block.Bytes).ThenBy(static block => block.First))
        {
            long offset = 0;
            foreach (var other in placed.Where(other => other.First <= block.Last && block.First <= other.Last))
            {
                if (offset + RoundUp(block.Bytes) <= other.Offset) break;
                offset = Math.Max(offset, other.Offset + RoundUp(other.Bytes));
            }

            block.Offset = offset;
            size = Math.Max(size, offset + RoundUp(block.Bytes));
            placed.Insert(~placed.BinarySearch(block, ByOffset), block);
        }

        return size;
    }

    private static Comparer<MemoryBlock> ByOffset { get; } = Comparer<MemoryBlock>.Create(static (a, b) =>
        a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : 1);

    private static long RoundUp(long bytes) => checked(bytes + Alignment - 1) / Alignment * Alignment;
}
