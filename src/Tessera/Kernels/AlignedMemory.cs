using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tessera.Kernels;

/// <summary>Memory that begins at a cache line and never moves, as long as this object lives.</summary>
internal sealed unsafe class AlignedMemory
{
    /// <summary>Where it begins, in bytes: a cache line, and a vector of 512 bits.</summary>
    public const int LineBytes = 64;

    private readonly Line[] lines;
    private readonly nint offset;

    public AlignedMemory(long bytes)
    {
        // Arrays of bytes end at two gigabytes, arrays of these do not.
        lines = GC.AllocateUninitializedArray<Line>(checked((int)((bytes + LineBytes - 1) / LineBytes) + 1), pinned: true);
        var address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(lines));
        Start = (byte*)((address + LineBytes - 1) & -LineBytes);
        offset = (nint)Start - address;
    }

    /// <summary>What it takes.</summary>
    public long Bytes => (long)lines.Length * LineBytes;

    /// <summary>The first byte.</summary>
    public byte* Start { get; }

    /// <summary>Some of it, as a reference that keeps the memory alive.</summary>
    public Span<T> Elements<T>(long byteOffset, int count)
        where T : unmanaged
    {
        ref var first = ref Unsafe.As<Line, byte>(ref MemoryMarshal.GetArrayDataReference(lines));
        return MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref Unsafe.AddByteOffset(ref first, offset + (nint)byteOffset)), count);
    }

    [StructLayout(LayoutKind.Sequential, Size = LineBytes)]
    private struct Line;
}
