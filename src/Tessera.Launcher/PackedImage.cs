namespace Tessera.Launcher;

/// <summary>A program that lies packed in a file.</summary>
/// <param name="Level">The level of processors that it needs.</param>
/// <param name="Blocks">Its parts in their order.</param>
internal sealed record PackedImage(int Level, IReadOnlyList<PackedBlock> Blocks)
{
    /// <summary>The program's bytes.</summary>
    public long Length => Blocks.Sum(block => (long)block.Length);
}

/// <summary>A part of a program.</summary>
/// <param name="Offset">Where it lies in the file.</param>
/// <param name="Stored">The bytes that it takes there; as many as its length where it is not packed.</param>
/// <param name="Length">The bytes that it stands for.</param>
internal readonly record struct PackedBlock(long Offset, int Stored, int Length);
