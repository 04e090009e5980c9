using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Shifted;

/// <summary>
/// Sums of products of some rows with one run of numbers at several shifts, lane by lane:
/// sum[r][t] += Σ_v row[r][v] · run[shift t + v]. Up to 4 rows × 3 shifts stay in registers.
/// </summary>
internal static unsafe class ShiftedProduct<T, TVector, TLanes>
    where T : unmanaged
    where TVector : struct
    where TLanes : struct, ILanes<TVector, T>
{
    /// <summary>Any number of rows and shifts.</summary>
    /// <param name="rows">Base of the rows.</param>
    /// <param name="rowStarts">Where each begins.</param>
    /// <param name="rowCount">How many.</param>
    /// <param name="run">The run.</param>
    /// <param name="shifts">Shifts.</param>
    /// <param name="shiftCount">How many.</param>
    /// <param name="vectors">Vectors of a row.</param>
    /// <param name="sums">Sums of row 0, a vector for each shift.</param>
    /// <param name="sumStride">Distance to the sums of the next row.</param>
    public static void Run(T* rows, int* rowStarts, int rowCount, T* run, int* shifts, int shiftCount, int vectors, T* sums, long sumStride)
    {
        for (; rowCount >= 4; rowCount -= 4, rowStarts += 4, sums += 4 * sumStride) Shifts<Four>(rows, rowStarts, run, shifts, shiftCount, vectors, sums, sumStride);
        if (rowCount == 3) Shifts<Three>(rows, rowStarts, run, shifts, shiftCount, vectors, sums, sumStride);
        else if (rowCount == 2) Shifts<Two>(rows, rowStarts, run, shifts, shiftCount, vectors, sums, sumStride);
        else if (rowCount == 1) Shifts<One>(rows, rowStarts, run, shifts, shiftCount, vectors, sums, sumStride);
    }

    private static void Shifts<TRows>(T* rows, int* rowStarts, T* run, int* shifts, int shiftCount, int vectors, T* sums, long sumStride)
        where TRows : unmanaged, ICount
    {
        var t = 0;
        for (; t + 3 <= shiftCount; t += 3) Tile<TRows, Three>(rows, rowStarts, run, shifts + t, vectors, sums + (t * TLanes.Count), sumStride);
        for (; t < shiftCount; t++) Tile<TRows, One>(rows, rowStarts, run, shifts + t, vectors, sums + (t * TLanes.Count), sumStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TRows, TShifts>(T* rows, int* rowStarts, T* run, int* shifts, int vectors, T* sums, long sumStride)
        where TRows : unmanaged, ICount
        where TShifts : unmanaged, ICount
    {
        T* g0 = rows + rowStarts[0];
        T* g1 = sizeof(TRows) > 1 ? rows + rowStarts[1] : g0;
        T* g2 = sizeof(TRows) > 2 ? rows + rowStarts[2] : g0;
        T* g3 = sizeof(TRows) > 3 ? rows + rowStarts[3] : g0;
        T* v0 = run + shifts[0];
        T* v1 = sizeof(TShifts) > 1 ? run + shifts[1] : v0;
        T* v2 = sizeof(TShifts) > 1 ? run + shifts[2] : v0;
        TVector s00 = TLanes.Zero, s01 = s00, s02 = s00, s10 = s00, s11 = s00, s12 = s00;
        TVector s20 = s00, s21 = s00, s22 = s00, s30 = s00, s31 = s00, s32 = s00;
        nint end = (nint)vectors * TLanes.Count;
        nint i = 0;
        if (sizeof(TRows) == 1 && sizeof(TShifts) > 1)
        {
            // One row's three sums would wait for one another: four vectors at a time have sums of their own.
            for (; i <= end - (4 * TLanes.Count); i += 4 * TLanes.Count)
            {
                Step(g0 + i, v0 + i, v1 + i, v2 + i, ref s00, ref s01, ref s02);
                Step(g0 + i + TLanes.Count, v0 + i + TLanes.Count, v1 + i + TLanes.Count, v2 + i + TLanes.Count, ref s10, ref s11, ref s12);
                Step(g0 + i + (2 * TLanes.Count), v0 + i + (2 * TLanes.Count), v1 + i + (2 * TLanes.Count), v2 + i + (2 * TLanes.Count), ref s20, ref s21, ref s22);
                Step(g0 + i + (3 * TLanes.Count), v0 + i + (3 * TLanes.Count), v1 + i + (3 * TLanes.Count), v2 + i + (3 * TLanes.Count), ref s30, ref s31, ref s32);
            }

            s00 = TLanes.Add(TLanes.Add(s00, s10), TLanes.Add(s20, s30));
            s01 = TLanes.Add(TLanes.Add(s01, s11), TLanes.Add(s21, s31));
            s02 = TLanes.Add(TLanes.Add(s02, s12), TLanes.Add(s22, s32));
        }

        for (; i < end; i += TLanes.Count)
        {
            var x0 = TLanes.Load(v0 + i);
            var x1 = sizeof(TShifts) > 1 ? TLanes.Load(v1 + i) : x0;
            var x2 = sizeof(TShifts) > 1 ? TLanes.Load(v2 + i) : x0;
            var g = TLanes.Load(g0 + i);
            s00 = TLanes.MultiplyAdd(g, x0, s00);
            if (sizeof(TShifts) > 1) s01 = TLanes.MultiplyAdd(g, x1, s01);
            if (sizeof(TShifts) > 1) s02 = TLanes.MultiplyAdd(g, x2, s02);
            if (sizeof(TRows) > 1)
            {
                g = TLanes.Load(g1 + i);
                s10 = TLanes.MultiplyAdd(g, x0, s10);
                if (sizeof(TShifts) > 1) s11 = TLanes.MultiplyAdd(g, x1, s11);
                if (sizeof(TShifts) > 1) s12 = TLanes.MultiplyAdd(g, x2, s12);
            }

            if (sizeof(TRows) > 2)
            {
                g = TLanes.Load(g2 + i);
                s20 = TLanes.MultiplyAdd(g, x0, s20);
                if (sizeof(TShifts) > 1) s21 = TLanes.MultiplyAdd(g, x1, s21);
                if (sizeof(TShifts) > 1) s22 = TLanes.MultiplyAdd(g, x2, s22);
            }

            if (sizeof(TRows) > 3)
            {
                g = TLanes.Load(g3 + i);
                s30 = TLanes.MultiplyAdd(g, x0, s30);
                if (sizeof(TShifts) > 1) s31 = TLanes.MultiplyAdd(g, x1, s31);
                if (sizeof(TShifts) > 1) s32 = TLanes.MultiplyAdd(g, x2, s32);
            }
        }

        Put<TShifts>(s00, s01, s02, sums);
        if (sizeof(TRows) > 1) Put<TShifts>(s10, s11, s12, sums + sumStride);
        if (sizeof(TRows) > 2) Put<TShifts>(s20, s21, s22, sums + (2 * sumStride));
        if (sizeof(TRows) > 3) Put<TShifts>(s30, s31, s32, sums + (3 * sumStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(T* row, T* shift0, T* shift1, T* shift2, ref TVector first, ref TVector second, ref TVector third)
    {
        var g = TLanes.Load(row);
        first = TLanes.MultiplyAdd(g, TLanes.Load(shift0), first);
        second = TLanes.MultiplyAdd(g, TLanes.Load(shift1), second);
        third = TLanes.MultiplyAdd(g, TLanes.Load(shift2), third);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TShifts>(TVector first, TVector second, TVector third, T* to)
        where TShifts : unmanaged, ICount
    {
        TLanes.Store(TLanes.Add(TLanes.Load(to), first), to);
        if (sizeof(TShifts) == 1) return;
        TLanes.Store(TLanes.Add(TLanes.Load(to + TLanes.Count), second), to + TLanes.Count);
        TLanes.Store(TLanes.Add(TLanes.Load(to + (2 * TLanes.Count)), third), to + (2 * TLanes.Count));
    }
}
