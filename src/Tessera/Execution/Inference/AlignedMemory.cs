using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tessera.Execution.Inference;

/// <summary>Memory that begins at a cache line and never moves, as long as this object lives.</summary>
internal sealed unsafe class AlignedMemory
{
    private readonly Line[] lines;
    private readonly nint offset;

    public AlignedMemory(long bytes)
    {
        // Arrays of bytes end at two gigabytes, arrays of these do not.
        lines = GC.AllocateUninitializedArray<Line>(checked((int)((bytes + Arena.Alignment - 1) / Arena.Alignment) + 1), pinned: true);
        var address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(lines));
        Start = (byte*)((address + Arena.Alignment - 1) & -Arena.Alignment);
        offset = (nint)Start - address;
    }

    /// <summary>The first byte.</summary>
    public byte* Start { get; }

    /// <summary>Some of it, as a reference that keeps the memory alive.</summary>
    public Span<T> Elements<T>(long byteOffset, int count)
        where T : unmanaged
    {
        ref var first = ref Unsafe.As<Line, byte>(ref MemoryMarshal.GetArrayDataReference(lines));
        return MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref Unsafe.AddByteOffset(ref first, offset + (nint)byteOffset)), count);
    }

    [StructLayout(LayoutKind.Sequential, Size = Arena.Alignment)]
    private struct Line;
}
