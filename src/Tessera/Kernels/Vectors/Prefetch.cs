using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Tessera.Kernels.Vectors;

/// <summary>Asks for memory before it is needed, where the order in which it will be needed is none that the processor guesses.</summary>
internal static unsafe class Prefetch
{
    private const int LineBytes = 64;
    private const int AheadBytes = 16 * 1024;

    /// <summary>Asks for the two cache lines that a stream will come to some time from now, which need not exist. So far ahead, because the processor alone has too few lines on their way to use all of memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ahead<T>(T* from)
        where T : unmanaged
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0((byte*)from + AheadBytes);
        Sse.Prefetch0((byte*)from + AheadBytes + LineBytes);
    }

    /// <summary>Asks for the cache lines of some rows that are too short for the processor to see what comes next.</summary>
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

    /// <summary>Asks for lines at equal distances that will be written: a store to a line that is far away holds up all stores behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Lines<T>(T* to, nint distance, int count)
        where T : unmanaged
    {
        if (!Sse.IsSupported) return;
        for (; count > 0; count--, to += distance) Sse.Prefetch0(to);
    }

    /// <summary>Asks for some elements, which need not exist, into the second-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Elements<T>(T* from, long count)
        where T : unmanaged
    {
        if (!Sse.IsSupported) return;
        var end = (byte*)(from + count);
        for (var line = (byte*)from; line < end; line += LineBytes) Sse.Prefetch1(line);
    }

    /// <summary>
    /// Asks for a share of the rows that all channels of some examples have at one place, into the second-level cache: such rows are pages
    /// apart, and who turns them round would wait for each. With a share at every position that is computed before, they come in meanwhile.
    /// </summary>
    /// <param name="from">The row of channel 0 of the first example.</param>
    /// <param name="channelStride">Distance between channels.</param>
    /// <param name="exampleStride">Distance between examples.</param>
    /// <param name="channels">The channels [First, End) that are needed.</param>
    /// <param name="examples">How many examples.</param>
    /// <param name="length">Length of each row.</param>
    /// <param name="share">Which share, from 0.</param>
    /// <param name="shares">How many shares there are.</param>
    public static void Share<T>(T* from, long channelStride, long exampleStride, (int First, int End) channels, int examples, int length, int share, int shares)
        where T : unmanaged
    {
        if (!Sse.IsSupported) return;
        long count = channels.End - channels.First;
        var end = channels.First + (int)(count * (share + 1) / shares);
        for (var c = channels.First + (int)(count * share / shares); c < end; c++)
        {
            var row = from + (c * channelStride);
            for (var n = 0; n < examples; n++, row += exampleStride)
            {
                var last = (byte*)(row + length);
                for (var line = (byte*)((nint)row & -LineBytes); line < last; line += LineBytes) Sse.Prefetch1(line);
            }
        }
    }
}
