using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>
/// What source channels add to those result channels that see them, over up to three vectors of positions:
/// <code>
///     x [tap]     a channel's planes, shifted by each tap: up to nine taps by three vectors, which stay in registers
///       │
///       ├─▸  sums [row]  +=  Σ_tap  number [row, tap] · x [tap]       for each row that sees the channel, in L1
/// </code>
/// A vector is loaded once for all rows, and a sum once for all taps: so it matters neither which rows they are nor how few.
/// </summary>
internal static unsafe class ConnectedProduct<T, TVector, TLanes>
    where T : unmanaged
    where TVector : struct
    where TLanes : struct, ILanes<TVector, T>
{
    /// <summary>The most taps that stay in registers; six where there are but sixteen of these.</summary>
    public static int MostTaps => TLanes.HasManyRegisters ? 9 : 6;

    /// <summary>The most vectors of positions.</summary>
    public static int MostVectors => TLanes.HasManyRegisters ? 3 : 2;

    /// <summary>Adds the products of some taps of all channels.</summary>
    /// <param name="source">Where channel 0 and its vectors of positions stand, and how many they are.</param>
    /// <param name="shifts">The shift of each tap in a channel's planes.</param>
    /// <param name="taps">How many there are, at most <see cref="MostTaps"/>.</param>
    /// <param name="channels">The channels.</param>
    /// <param name="slots">For each of them its first slot, and behind them the one after the last: a slot is a row that sees the channel.</param>
    /// <param name="count">How many channels there are.</param>
    /// <param name="rows">For each slot where its row's sums begin.</param>
    /// <param name="numbers">The weights, [slot][tap].</param>
    /// <param name="sums">The sums that <paramref name="rows"/> counts from.</param>
    public static void Run(in PlaneVectors<T> source, nint* shifts, int taps, int* channels, int* slots, int count, int* rows, T* numbers, T* sums)
    {
        if (source.Count == 1) Of<One>(source, shifts, taps, channels, slots, count, rows, numbers, sums);
        else if (source.Count == 2) Of<Two>(source, shifts, taps, channels, slots, count, rows, numbers, sums);
        else Of<Three>(source, shifts, taps, channels, slots, count, rows, numbers, sums);
    }

    private static void Of<TColumns>(in PlaneVectors<T> source, nint* shifts, int taps, int* channels, int* slots, int count, int* rows, T* numbers, T* sums)
        where TColumns : unmanaged, ICount
    {
        switch (taps)
        {
            case 1: Add<One, TColumns>(source, shifts, channels, slots, count, rows, numbers, sums); break;
            case 2: Add<Two, TColumns>(source, shifts, channels, slots, count, rows, numbers, sums); break;
            case 3: Add<Three, TColumns>(source, shifts, channels, slots, count, rows, numbers, sums); break;
            case 4: Add<Four, TColumns>(source, shifts, channels, slots, count, rows, numbers, sums); break;
            case 5: Add<Five, TColumns>(source, shifts, channels, slots, count, rows, numbers, sums); break;
            case 6: Add<Six, TColumns>(source, shifts, channels, slots, count, rows, numbers, sums); break;
            case 7: Add<Seven, TColumns>(source, shifts, channels, slots, count, rows, numbers, sums); break;
            case 8: Add<Eight, TColumns>(source, shifts, channels, slots, count, rows, numbers, sums); break;
            default: Add<Nine, TColumns>(source, shifts, channels, slots, count, rows, numbers, sums); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<TTaps, TColumns>(in PlaneVectors<T> source, nint* shifts, int* channels, int* slots, int count, int* rows, T* numbers, T* sums)
        where TTaps : unmanaged, ICount
        where TColumns : unmanaged, ICount
    {
        nint second = source.Second, third = source.Third, next = source.Next;
        var end = channels + count;
        for (; channels < end; channels++, slots++)
        {
            int* row = rows + slots[0], rowEnd = rows + slots[1];
            var plane = source.Plane + (*channels * next);
            var x0 = TLanes.Load(plane + shifts[0]);
            var x1 = sizeof(TTaps) > 1 ? TLanes.Load(plane + shifts[1]) : TLanes.Zero;
            var x2 = sizeof(TTaps) > 2 ? TLanes.Load(plane + shifts[2]) : TLanes.Zero;
            var x3 = sizeof(TTaps) > 3 ? TLanes.Load(plane + shifts[3]) : TLanes.Zero;
            var x4 = sizeof(TTaps) > 4 ? TLanes.Load(plane + shifts[4]) : TLanes.Zero;
            var x5 = sizeof(TTaps) > 5 ? TLanes.Load(plane + shifts[5]) : TLanes.Zero;
            var x6 = sizeof(TTaps) > 6 ? TLanes.Load(plane + shifts[6]) : TLanes.Zero;
            var x7 = sizeof(TTaps) > 7 ? TLanes.Load(plane + shifts[7]) : TLanes.Zero;
            var x8 = sizeof(TTaps) > 8 ? TLanes.Load(plane + shifts[8]) : TLanes.Zero;
            var y0 = sizeof(TColumns) > 1 ? TLanes.Load(plane + second + shifts[0]) : TLanes.Zero;
            var y1 = sizeof(TTaps) > 1 && sizeof(TColumns) > 1 ? TLanes.Load(plane + second + shifts[1]) : TLanes.Zero;
            var y2 = sizeof(TTaps) > 2 && sizeof(TColumns) > 1 ? TLanes.Load(plane + second + shifts[2]) : TLanes.Zero;
            var y3 = sizeof(TTaps) > 3 && sizeof(TColumns) > 1 ? TLanes.Load(plane + second + shifts[3]) : TLanes.Zero;
            var y4 = sizeof(TTaps) > 4 && sizeof(TColumns) > 1 ? TLanes.Load(plane + second + shifts[4]) : TLanes.Zero;
            var y5 = sizeof(TTaps) > 5 && sizeof(TColumns) > 1 ? TLanes.Load(plane + second + shifts[5]) : TLanes.Zero;
            var y6 = sizeof(TTaps) > 6 && sizeof(TColumns) > 1 ? TLanes.Load(plane + second + shifts[6]) : TLanes.Zero;
            var y7 = sizeof(TTaps) > 7 && sizeof(TColumns) > 1 ? TLanes.Load(plane + second + shifts[7]) : TLanes.Zero;
            var y8 = sizeof(TTaps) > 8 && sizeof(TColumns) > 1 ? TLanes.Load(plane + second + shifts[8]) : TLanes.Zero;
            var z0 = sizeof(TColumns) > 2 ? TLanes.Load(plane + third + shifts[0]) : TLanes.Zero;
            var z1 = sizeof(TTaps) > 1 && sizeof(TColumns) > 2 ? TLanes.Load(plane + third + shifts[1]) : TLanes.Zero;
            var z2 = sizeof(TTaps) > 2 && sizeof(TColumns) > 2 ? TLanes.Load(plane + third + shifts[2]) : TLanes.Zero;
            var z3 = sizeof(TTaps) > 3 && sizeof(TColumns) > 2 ? TLanes.Load(plane + third + shifts[3]) : TLanes.Zero;
            var z4 = sizeof(TTaps) > 4 && sizeof(TColumns) > 2 ? TLanes.Load(plane + third + shifts[4]) : TLanes.Zero;
            var z5 = sizeof(TTaps) > 5 && sizeof(TColumns) > 2 ? TLanes.Load(plane + third + shifts[5]) : TLanes.Zero;
            var z6 = sizeof(TTaps) > 6 && sizeof(TColumns) > 2 ? TLanes.Load(plane + third + shifts[6]) : TLanes.Zero;
            var z7 = sizeof(TTaps) > 7 && sizeof(TColumns) > 2 ? TLanes.Load(plane + third + shifts[7]) : TLanes.Zero;
            var z8 = sizeof(TTaps) > 8 && sizeof(TColumns) > 2 ? TLanes.Load(plane + third + shifts[8]) : TLanes.Zero;
            for (; row < rowEnd; row++, numbers += sizeof(TTaps))
            {
                var to = sums + *row;
                var first = TLanes.Load(to);
                var middle = sizeof(TColumns) > 1 ? TLanes.Load(to + TLanes.Count) : first;
                var last = sizeof(TColumns) > 2 ? TLanes.Load(to + (2 * TLanes.Count)) : first;
                var k = TLanes.Broadcast(numbers[0]);
                first = TLanes.MultiplyAdd(k, x0, first);
                if (sizeof(TColumns) > 1) middle = TLanes.MultiplyAdd(k, y0, middle);
                if (sizeof(TColumns) > 2) last = TLanes.MultiplyAdd(k, z0, last);
                if (sizeof(TTaps) > 1)
                {
                    k = TLanes.Broadcast(numbers[1]);
                    first = TLanes.MultiplyAdd(k, x1, first);
                    if (sizeof(TColumns) > 1) middle = TLanes.MultiplyAdd(k, y1, middle);
                    if (sizeof(TColumns) > 2) last = TLanes.MultiplyAdd(k, z1, last);
                }

                if (sizeof(TTaps) > 2)
                {
                    k = TLanes.Broadcast(numbers[2]);
                    first = TLanes.MultiplyAdd(k, x2, first);
                    if (sizeof(TColumns) > 1) middle = TLanes.MultiplyAdd(k, y2, middle);
                    if (sizeof(TColumns) > 2) last = TLanes.MultiplyAdd(k, z2, last);
                }

                if (sizeof(TTaps) > 3)
                {
                    k = TLanes.Broadcast(numbers[3]);
                    first = TLanes.MultiplyAdd(k, x3, first);
                    if (sizeof(TColumns) > 1) middle = TLanes.MultiplyAdd(k, y3, middle);
                    if (sizeof(TColumns) > 2) last = TLanes.MultiplyAdd(k, z3, last);
                }

                if (sizeof(TTaps) > 4)
                {
                    k = TLanes.Broadcast(numbers[4]);
                    first = TLanes.MultiplyAdd(k, x4, first);
                    if (sizeof(TColumns) > 1) middle = TLanes.MultiplyAdd(k, y4, middle);
                    if (sizeof(TColumns) > 2) last = TLanes.MultiplyAdd(k, z4, last);
                }

                if (sizeof(TTaps) > 5)
                {
                    k = TLanes.Broadcast(numbers[5]);
                    first = TLanes.MultiplyAdd(k, x5, first);
                    if (sizeof(TColumns) > 1) middle = TLanes.MultiplyAdd(k, y5, middle);
                    if (sizeof(TColumns) > 2) last = TLanes.MultiplyAdd(k, z5, last);
                }

                if (sizeof(TTaps) > 6)
                {
                    k = TLanes.Broadcast(numbers[6]);
                    first = TLanes.MultiplyAdd(k, x6, first);
                    if (sizeof(TColumns) > 1) middle = TLanes.MultiplyAdd(k, y6, middle);
                    if (sizeof(TColumns) > 2) last = TLanes.MultiplyAdd(k, z6, last);
                }

                if (sizeof(TTaps) > 7)
                {
                    k = TLanes.Broadcast(numbers[7]);
                    first = TLanes.MultiplyAdd(k, x7, first);
                    if (sizeof(TColumns) > 1) middle = TLanes.MultiplyAdd(k, y7, middle);
                    if (sizeof(TColumns) > 2) last = TLanes.MultiplyAdd(k, z7, last);
                }

                if (sizeof(TTaps) > 8)
                {
                    k = TLanes.Broadcast(numbers[8]);
                    first = TLanes.MultiplyAdd(k, x8, first);
                    if (sizeof(TColumns) > 1) middle = TLanes.MultiplyAdd(k, y8, middle);
                    if (sizeof(TColumns) > 2) last = TLanes.MultiplyAdd(k, z8, last);
                }

                TLanes.Store(first, to);
                if (sizeof(TColumns) > 1) TLanes.Store(middle, to + TLanes.Count);
                if (sizeof(TColumns) > 2) TLanes.Store(last, to + (2 * TLanes.Count));
            }
        }
    }
}
