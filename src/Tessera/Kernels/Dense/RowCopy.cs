using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Short copies inside packing. A stretch shorter than two vectors is two overlapping moves, so that no length needs a
/// loop of single numbers and nothing outside either side is touched.
/// </summary>
internal static unsafe class RowCopy<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged
    where TLanes : struct, ILanes<TVector, T>
{
    /// <summary>to[i] = from[i · step].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(T* from, nint step, T* to, int count)
    {
        if (step == 1) Copy(from, to, count);
        else Gather(from, step, to, count);
    }

    /// <summary>to[i] = from[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(T* from, T* to, int count)
    {
        if (count >= TLanes.Count)
        {
            var last = count - TLanes.Count;
            for (var i = 0; i < last; i += TLanes.Count) TLanes.Store(TLanes.Load(from + i), to + i);
            TLanes.Store(TLanes.Load(from + last), to + last);
            return;
        }

        CopyFew((byte*)from, (byte*)to, count * sizeof(T));
    }

    /// <summary>The least elements, <paramref name="count"/> or a few more, that are one move.</summary>
    public static int MoveFor(int count) => count <= Vector128<T>.Count ? Vector128<T>.Count : count <= Vector256<T>.Count ? Vector256<T>.Count : count;

    /// <summary>Many short copies of the same length, one every <paramref name="step"/> to one every <paramref name="pitch"/>.</summary>
    public static void CopyEach(T* from, nint step, T* to, nint pitch, int count, int copies)
    {
        if (count == Vector256<T>.Count)
        {
            for (var i = 0; i < copies; i++, from += step, to += pitch) Vector256.Load(from).Store(to);
        }
        else if (count == Vector128<T>.Count)
        {
            for (var i = 0; i < copies; i++, from += step, to += pitch) Vector128.Load(from).Store(to);
        }
        else if (count > Vector256<T>.Count && count < 2 * Vector256<T>.Count)
        {
            var last = count - Vector256<T>.Count;
            for (var i = 0; i < copies; i++, from += step, to += pitch)
            {
                var tail = Vector256.Load(from + last);
                Vector256.Load(from).Store(to);
                tail.Store(to + last);
            }
        }
        else
        {
            for (var i = 0; i < copies; i++, from += step, to += pitch) Copy(from, to, count);
        }
    }

    /// <summary>to[0 … count) = 0, where count is a whole number of vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear(T* to, int count)
    {
        for (var i = 0; i < count; i += TLanes.Count) TLanes.Store(TLanes.Zero, to + i);
    }

    private static void Gather(T* from, nint step, T* to, int count)
    {
        var i = 0;
        if (step == 2 && count >= Vector256<T>.Count && TLanes.Count >= Vector256<T>.Count && StridedLoad.Has256)
        {
            for (; i < count; i += Vector256<T>.Count)
            {
                // The last vector lies over the one before instead of reaching beyond it.
                var at = Math.Min(i, count - Vector256<T>.Count);
                StridedLoad.Load256(from + (2 * at), 2).Store(to + at);
            }

            return;
        }

        for (; i <= count - 4; i += 4, from += 4 * step)
        {
            T first = from[0], second = from[step], third = from[2 * step], fourth = from[3 * step];
            to[i] = first;
            to[i + 1] = second;
            to[i + 2] = third;
            to[i + 3] = fourth;
        }

        for (; i < count; i++, from += step) to[i] = *from;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyFew(byte* from, byte* to, int bytes)
    {
        if (bytes >= 32)
        {
            var head = Vector256.Load(from);
            var tail = Vector256.Load(from + bytes - 32);
            head.Store(to);
            tail.Store(to + bytes - 32);
        }
        else if (bytes >= 16)
        {
            var head = Vector128.Load(from);
            var tail = Vector128.Load(from + bytes - 16);
            head.Store(to);
            tail.Store(to + bytes - 16);
        }
        else if (bytes >= 8)
        {
            var head = Unsafe.ReadUnaligned<long>(from);
            var tail = Unsafe.ReadUnaligned<long>(from + bytes - 8);
            Unsafe.WriteUnaligned(to, head);
            Unsafe.WriteUnaligned(to + bytes - 8, tail);
        }
        else if (bytes >= 4)
        {
            Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<int>(from));
        }
    }
}
