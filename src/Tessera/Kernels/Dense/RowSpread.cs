using System.Numerics;
using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>Sums carried from a micro-kernel's scratch into the rows of a result.</summary>
internal static unsafe class RowSpread<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    /// <summary>to[i · step] = from[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* from, T* to, nint step, int count)
    {
        if (step == 1)
        {
            RowCopy<TVector, T, TLanes>.Copy(from, to, count);
            return;
        }

        for (var i = 0; i < count; i++, to += step) *to = from[i];
    }

    /// <summary>to[i · step] += from[i].</summary>
    public static void Add(T* from, T* to, nint step, int count)
    {
        var i = 0;
        if (step == 1)
        {
            for (; i <= count - TLanes.Count; i += TLanes.Count) TLanes.Store(TLanes.Add(TLanes.Load(to + i), TLanes.Load(from + i)), to + i);
        }

        for (to += i * step; i < count; i++, to += step) *to += from[i];
    }
}
