using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Shifted;

/// <summary>
/// Sums of products of some rows with numbers at several shifts, lane by lane: sum[r][t] += Σ_s Σ_v row[r][s, v] · run s[shift t + v],
/// where a row is as many stretches, one behind the other, as there are runs (of one plane, or of several examples).
/// Up to 8 rows × 3 shifts stay in registers over all of them, 4 × 3 where there are few registers:
/// <code>
///                     run s, shifts t    ▪ ▪ ▪    three loads, each for all rows
///     row r, stretch s    ▪ ──▸ sum[r]   ▪ ▪ ▪    one load for three multiply-adds
/// </code>
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
    /// <param name="runs">The runs.</param>
    /// <param name="shifts">Shifts.</param>
    /// <param name="shiftCount">How many.</param>
    /// <param name="sums">Sums of row 0, a vector for each shift.</param>
    /// <param name="sumStride">Distance to the sums of the next row.</param>
    public static void Run(T* rows, int* rowStarts, int rowCount, in ShiftedRuns<T> runs, int* shifts, int shiftCount, T* sums, nint sumStride)
    {
        for (int height; rowCount > 0; rowCount -= height, rowStarts += height, sums += height * sumStride)
        {
            height = rowCount >= 8 && TLanes.HasManyRegisters ? 8 : Math.Min(rowCount, 4);
            switch (height)
            {
                case 8: Shifts<Eight>(rows, rowStarts, runs, shifts, shiftCount, sums, sumStride); break;
                case 4: Shifts<Four>(rows, rowStarts, runs, shifts, shiftCount, sums, sumStride); break;
                case 3: Shifts<Three>(rows, rowStarts, runs, shifts, shiftCount, sums, sumStride); break;
                case 2: Shifts<Two>(rows, rowStarts, runs, shifts, shiftCount, sums, sumStride); break;
                default: Shifts<One>(rows, rowStarts, runs, shifts, shiftCount, sums, sumStride); break;
            }
        }
    }

    private static void Shifts<TRows>(T* rows, int* rowStarts, in ShiftedRuns<T> runs, int* shifts, int shiftCount, T* sums, nint sumStride)
        where TRows : unmanaged, ICount
    {
        // Four are two by two: one alone would load each row for a single multiply-add.
        for (int t = 0, width; t < shiftCount; t += width)
        {
            var left = shiftCount - t;
            width = left is 2 or 4 ? 2 : Math.Min(left, 3);
            var to = sums + (t * TLanes.Count);
            if (width == 3) Tile<TRows, Three>(rows, rowStarts, runs, shifts + t, to, sumStride);
            else if (width == 2) Tile<TRows, Two>(rows, rowStarts, runs, shifts + t, to, sumStride);
            else Tile<TRows, One>(rows, rowStarts, runs, shifts + t, to, sumStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TRows, TShifts>(T* rows, int* rowStarts, in ShiftedRuns<T> runs, int* shifts, T* sums, nint sumStride)
        where TRows : unmanaged, ICount
        where TShifts : unmanaged, ICount
    {
        T* g0 = rows + rowStarts[0];
        T* g1 = sizeof(TRows) > 1 ? rows + rowStarts[1] : g0;
        T* g2 = sizeof(TRows) > 2 ? rows + rowStarts[2] : g0;
        T* g3 = sizeof(TRows) > 3 ? rows + rowStarts[3] : g0;
        T* g4 = sizeof(TRows) > 4 ? rows + rowStarts[4] : g0;
        T* g5 = sizeof(TRows) > 5 ? rows + rowStarts[5] : g0;
        T* g6 = sizeof(TRows) > 6 ? rows + rowStarts[6] : g0;
        T* g7 = sizeof(TRows) > 7 ? rows + rowStarts[7] : g0;
        TVector s00 = TLanes.Zero, s01 = s00, s02 = s00, s10 = s00, s11 = s00, s12 = s00;
        TVector s20 = s00, s21 = s00, s22 = s00, s30 = s00, s31 = s00, s32 = s00;
        TVector s40 = s00, s41 = s00, s42 = s00, s50 = s00, s51 = s00, s52 = s00;
        TVector s60 = s00, s61 = s00, s62 = s00, s70 = s00, s71 = s00, s72 = s00;
        var length = (nint)runs.Vectors * TLanes.Count;
        var starts = runs.Starts;
        for (var end = starts + runs.Count; starts < end; starts++)
        {
            T* v0 = runs.Base + *starts + shifts[0];
            T* v1 = sizeof(TShifts) > 1 ? runs.Base + *starts + shifts[1] : v0;
            T* v2 = sizeof(TShifts) > 2 ? runs.Base + *starts + shifts[2] : v0;
            nint i = 0;
            if (sizeof(TRows) == 1 && sizeof(TShifts) == 3)
            {
                // One row's three sums would wait for one another: four vectors at a time have sums of their own.
                for (; i <= length - (4 * TLanes.Count); i += 4 * TLanes.Count)
                {
                    Step(g0 + i, v0 + i, v1 + i, v2 + i, ref s00, ref s01, ref s02);
                    Step(g0 + i + TLanes.Count, v0 + i + TLanes.Count, v1 + i + TLanes.Count, v2 + i + TLanes.Count, ref s10, ref s11, ref s12);
                    Step(g0 + i + (2 * TLanes.Count), v0 + i + (2 * TLanes.Count), v1 + i + (2 * TLanes.Count), v2 + i + (2 * TLanes.Count), ref s20, ref s21, ref s22);
                    Step(g0 + i + (3 * TLanes.Count), v0 + i + (3 * TLanes.Count), v1 + i + (3 * TLanes.Count), v2 + i + (3 * TLanes.Count), ref s30, ref s31, ref s32);
                }
            }

            for (; i < length; i += TLanes.Count)
            {
                var x0 = TLanes.Load(v0 + i);
                var x1 = sizeof(TShifts) > 1 ? TLanes.Load(v1 + i) : x0;
                var x2 = sizeof(TShifts) > 2 ? TLanes.Load(v2 + i) : x0;
                var g = TLanes.Load(g0 + i);
                s00 = TLanes.MultiplyAdd(g, x0, s00);
                if (sizeof(TShifts) > 1) s01 = TLanes.MultiplyAdd(g, x1, s01);
                if (sizeof(TShifts) > 2) s02 = TLanes.MultiplyAdd(g, x2, s02);

                if (sizeof(TRows) > 1)
                {
                    g = TLanes.Load(g1 + i);
                    s10 = TLanes.MultiplyAdd(g, x0, s10);
                    if (sizeof(TShifts) > 1) s11 = TLanes.MultiplyAdd(g, x1, s11);
                    if (sizeof(TShifts) > 2) s12 = TLanes.MultiplyAdd(g, x2, s12);
                }

                if (sizeof(TRows) > 2)
                {
                    g = TLanes.Load(g2 + i);
                    s20 = TLanes.MultiplyAdd(g, x0, s20);
                    if (sizeof(TShifts) > 1) s21 = TLanes.MultiplyAdd(g, x1, s21);
                    if (sizeof(TShifts) > 2) s22 = TLanes.MultiplyAdd(g, x2, s22);
                }

                if (sizeof(TRows) > 3)
                {
                    g = TLanes.Load(g3 + i);
                    s30 = TLanes.MultiplyAdd(g, x0, s30);
                    if (sizeof(TShifts) > 1) s31 = TLanes.MultiplyAdd(g, x1, s31);
                    if (sizeof(TShifts) > 2) s32 = TLanes.MultiplyAdd(g, x2, s32);
                }

                if (sizeof(TRows) > 4)
                {
                    g = TLanes.Load(g4 + i);
                    s40 = TLanes.MultiplyAdd(g, x0, s40);
                    if (sizeof(TShifts) > 1) s41 = TLanes.MultiplyAdd(g, x1, s41);
                    if (sizeof(TShifts) > 2) s42 = TLanes.MultiplyAdd(g, x2, s42);
                }

                if (sizeof(TRows) > 5)
                {
                    g = TLanes.Load(g5 + i);
                    s50 = TLanes.MultiplyAdd(g, x0, s50);
                    if (sizeof(TShifts) > 1) s51 = TLanes.MultiplyAdd(g, x1, s51);
                    if (sizeof(TShifts) > 2) s52 = TLanes.MultiplyAdd(g, x2, s52);
                }

                if (sizeof(TRows) > 6)
                {
                    g = TLanes.Load(g6 + i);
                    s60 = TLanes.MultiplyAdd(g, x0, s60);
                    if (sizeof(TShifts) > 1) s61 = TLanes.MultiplyAdd(g, x1, s61);
                    if (sizeof(TShifts) > 2) s62 = TLanes.MultiplyAdd(g, x2, s62);
                }

                if (sizeof(TRows) > 7)
                {
                    g = TLanes.Load(g7 + i);
                    s70 = TLanes.MultiplyAdd(g, x0, s70);
                    if (sizeof(TShifts) > 1) s71 = TLanes.MultiplyAdd(g, x1, s71);
                    if (sizeof(TShifts) > 2) s72 = TLanes.MultiplyAdd(g, x2, s72);
                }
            }

            g0 += length;
            if (sizeof(TRows) > 1) g1 += length;
            if (sizeof(TRows) > 2) g2 += length;
            if (sizeof(TRows) > 3) g3 += length;
            if (sizeof(TRows) > 4) g4 += length;
            if (sizeof(TRows) > 5) g5 += length;
            if (sizeof(TRows) > 6) g6 += length;
            if (sizeof(TRows) > 7) g7 += length;
        }

        if (sizeof(TRows) == 1)
        {
            s00 = TLanes.Add(TLanes.Add(s00, s10), TLanes.Add(s20, s30));
            s01 = TLanes.Add(TLanes.Add(s01, s11), TLanes.Add(s21, s31));
            s02 = TLanes.Add(TLanes.Add(s02, s12), TLanes.Add(s22, s32));
        }

        Put<TShifts>(s00, s01, s02, sums);
        if (sizeof(TRows) > 1) Put<TShifts>(s10, s11, s12, sums + (1 * sumStride));
        if (sizeof(TRows) > 2) Put<TShifts>(s20, s21, s22, sums + (2 * sumStride));
        if (sizeof(TRows) > 3) Put<TShifts>(s30, s31, s32, sums + (3 * sumStride));
        if (sizeof(TRows) > 4) Put<TShifts>(s40, s41, s42, sums + (4 * sumStride));
        if (sizeof(TRows) > 5) Put<TShifts>(s50, s51, s52, sums + (5 * sumStride));
        if (sizeof(TRows) > 6) Put<TShifts>(s60, s61, s62, sums + (6 * sumStride));
        if (sizeof(TRows) > 7) Put<TShifts>(s70, s71, s72, sums + (7 * sumStride));
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
        if (sizeof(TShifts) > 1) TLanes.Store(TLanes.Add(TLanes.Load(to + TLanes.Count), second), to + TLanes.Count);
        if (sizeof(TShifts) > 2) TLanes.Store(TLanes.Add(TLanes.Load(to + (2 * TLanes.Count)), third), to + (2 * TLanes.Count));
    }
}
