using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Tessera.Kernels.Dense;

/// <summary>Asks for memory before it is needed, where rows are too short for the processor to see what comes next.</summary>
internal static unsafe class Prefetch
{
    private const int LineBytes = 64;

    /// <summary>The cache lines of some rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Rows<T>(T* from, nint stride, int rows, int length)
        where T : unmanaged
    {
        if (!Sse.IsSupported) return;
        for (var row = 0; row < rows; row++, from += stride)
        {
            for (var at = 0; at < length; at += LineBytes / sizeof(T)) Sse.Prefetch0(from + at);
        }
    }
}
