using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Tessera.Kernels.Vectors;

/// <summary>Asks for memory before it is needed, where the order in which it will be needed is none that the processor guesses.</summary>
internal static unsafe class Prefetch
{
    private const int LineBytes = 64;

    /// <summary>Asks for some elements, which need not exist, into the second-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Elements<T>(T* from, long count)
        where T : unmanaged
    {
        if (!Sse.IsSupported) return;
        var end = (byte*)(from + count);
        for (var line = (byte*)from; line < end; line += LineBytes) Sse.Prefetch1(line);
    }
}
