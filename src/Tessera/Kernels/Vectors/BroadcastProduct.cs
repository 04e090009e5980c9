using System.Runtime.CompilerServices;

namespace Tessera.Kernels.Vectors;

/// <summary>The terms of a sum: term i takes its number at Scalar[i] and its vectors at Lane[i], both relative to a base.</summary>
internal readonly unsafe struct Terms(int* scalar, int* lane, int count)
{
    public readonly int* Scalar = scalar;
    public readonly int* Lane = lane;
    public readonly int Count = count;
}

/// <summary>
/// A product whose terms lie anywhere in memory, which unshared and shifted kernels are made of:
/// <code>
/// sum[r][v] = Σ_o Σ_i number[row r + outer o + inner i] · lanes[outer o + inner i + v]
///
///            v: lanes          one number per row and term, broadcast,
///        r ┌─────────┐         times vectors that stand side by side
///          │ 6 × 4   │
///          └─────────┘         stays in registers over all terms; 12 × 2 where a row has no more (6 × 2 or 2 × 4 where there are but 16 registers)
/// </code>
/// Unshared forward: rows are outputs, terms are connected channels (outer) and taps (inner), lanes the batch. Input gradient:
/// rows are inputs of the patch, terms are outputs, lanes the batch. Kernel gradient: rows are outputs, terms are
/// examples, lanes are the patch. Shifted planes: lanes are positions, terms are channels and taps.
/// </summary>
internal static unsafe partial class BroadcastProduct<T, TVector, TLanes>
    where T : unmanaged
    where TVector : struct
    where TLanes : struct, ILanes<TVector, T>
{
    /// <summary>The most rows of a tile.</summary>
    public const int TileRows = 12;

    /// <summary>Any number of rows and whole vectors: cuts them into tiles.</summary>
    /// <param name="number">Base of the numbers.</param>
    /// <param name="rows">Where each row's numbers begin.</param>
    /// <param name="rowCount">How many rows.</param>
    /// <param name="lanes">Base of the vectors.</param>
    /// <param name="outer">Outer terms.</param>
    /// <param name="inner">Inner terms.</param>
    /// <param name="sums">Base of the results.</param>
    /// <param name="sumRows">Where each row's results begin.</param>
    /// <param name="vectors">How many vectors each row has.</param>
    /// <param name="add">Whether to add to the results.</param>
    /// <param name="ahead">Numbers that will be needed next, as many as this product has, fetched a few with every outer term where there is more than one vector; none if null.</param>
    public static void Run(T* number, int* rows, int rowCount, T* lanes, in Terms outer, in Terms inner, T* sums, int* sumRows, int vectors, bool add, T* ahead = null)
    {
        var v = 0;
        if (TLanes.HasManyRegisters || rowCount <= 2)
        {
            for (; v + 4 <= vectors; v += 4, lanes += 4 * TLanes.Count, sums += 4 * TLanes.Count)
            {
                Columns<Four>(number, rows, rowCount, lanes, outer, inner, sums, sumRows, add, ahead);
                ahead = null;
            }
        }

        for (; v + 2 <= vectors; v += 2, lanes += 2 * TLanes.Count, sums += 2 * TLanes.Count)
        {
            var tall = TLanes.HasManyRegisters ? TallTiles(number, rows, rowCount, lanes, outer, inner, sums, sumRows, add, ahead) : 0;
            Columns<Two>(number, rows + tall, rowCount - tall, lanes, outer, inner, sums, sumRows + tall, add, Rest(ahead, tall, outer, inner));
            ahead = null;
        }

        if (v < vectors) Columns<One>(number, rows, rowCount, lanes, outer, inner, sums, sumRows, add, ahead);
    }

    /// <summary>What is fetched ahead from row <paramref name="row"/> on.</summary>
    private static T* Rest(T* ahead, int row, in Terms outer, in Terms inner) => ahead == null ? null : ahead + ((long)row * outer.Count * inner.Count);

    private static void Columns<TColumns>(T* number, int* rows, int rowCount, T* lanes, in Terms outer, in Terms inner, T* sums, int* sumRows, bool add, T* ahead)
        where TColumns : unmanaged, ICount
    {
        var r = 0;
        for (; r + 6 <= rowCount; r += 6) Tile<Six, TColumns>(number, rows + r, lanes, outer, inner, sums, sumRows + r, add, Rest(ahead, r, outer, inner));
        if (r + 4 <= rowCount)
        {
            Tile<Four, TColumns>(number, rows + r, lanes, outer, inner, sums, sumRows + r, add, Rest(ahead, r, outer, inner));
            r += 4;
        }

        switch (rowCount - r)
        {
            case 3:
                Tile<Three, TColumns>(number, rows + r, lanes, outer, inner, sums, sumRows + r, add, Rest(ahead, r, outer, inner));
                break;
            case 2:
                Tile<Two, TColumns>(number, rows + r, lanes, outer, inner, sums, sumRows + r, add, Rest(ahead, r, outer, inner));
                break;
            case 1:
                Tile<One, TColumns>(number, rows + r, lanes, outer, inner, sums, sumRows + r, add, Rest(ahead, r, outer, inner));
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TRows, TColumns>(T* number, int* rows, T* lanes, in Terms outer, in Terms inner, T* sums, int* sumRows, bool add, T* ahead)
        where TRows : unmanaged, ICount
        where TColumns : unmanaged, ICount
    {
        T* k0 = number + rows[0];
        T* k1 = sizeof(TRows) > 1 ? number + rows[1] : k0;
        T* k2 = sizeof(TRows) > 2 ? number + rows[2] : k0;
        T* k3 = sizeof(TRows) > 3 ? number + rows[3] : k0;
        T* k4 = sizeof(TRows) > 4 ? number + rows[4] : k0;
        T* k5 = sizeof(TRows) > 4 ? number + rows[5] : k0;
        TVector s00 = TLanes.Zero, s01 = TLanes.Zero, s02 = TLanes.Zero, s03 = TLanes.Zero;
        TVector s10 = TLanes.Zero, s11 = TLanes.Zero, s12 = TLanes.Zero, s13 = TLanes.Zero;
        TVector s20 = TLanes.Zero, s21 = TLanes.Zero, s22 = TLanes.Zero, s23 = TLanes.Zero;
        TVector s30 = TLanes.Zero, s31 = TLanes.Zero, s32 = TLanes.Zero, s33 = TLanes.Zero;
        TVector s40 = TLanes.Zero, s41 = TLanes.Zero, s42 = TLanes.Zero, s43 = TLanes.Zero;
        TVector s50 = TLanes.Zero, s51 = TLanes.Zero, s52 = TLanes.Zero, s53 = TLanes.Zero;
        int* innerScalar = inner.Scalar, innerLane = inner.Lane;
        var innerCount = inner.Count;
        for (var o = 0; o < outer.Count; o++)
        {
            nint outerScalar = outer.Scalar[o];
            var outerLanes = lanes + outer.Lane[o];
            if (sizeof(TColumns) > 1 && ahead != null)
            {
                Prefetch.Elements(ahead, sizeof(TRows) * innerCount);
                ahead += sizeof(TRows) * innerCount;
            }

            for (nint i = 0; i < innerCount; i++)
            {
                var at = outerScalar + innerScalar[i];
                var from = outerLanes + innerLane[i];
                var x0 = TLanes.Load(from);
                var x1 = sizeof(TColumns) > 1 ? TLanes.Load(from + TLanes.Count) : x0;
                var x2 = sizeof(TColumns) > 2 ? TLanes.Load(from + (2 * TLanes.Count)) : x0;
                var x3 = sizeof(TColumns) > 2 ? TLanes.Load(from + (3 * TLanes.Count)) : x0;
                var k = TLanes.Broadcast(k0[at]);
                s00 = TLanes.MultiplyAdd(k, x0, s00);
                if (sizeof(TColumns) > 1) s01 = TLanes.MultiplyAdd(k, x1, s01);
                if (sizeof(TColumns) > 2) s02 = TLanes.MultiplyAdd(k, x2, s02);
                if (sizeof(TColumns) > 2) s03 = TLanes.MultiplyAdd(k, x3, s03);
                if (sizeof(TRows) > 1)
                {
                    k = TLanes.Broadcast(k1[at]);
                    s10 = TLanes.MultiplyAdd(k, x0, s10);
                    if (sizeof(TColumns) > 1) s11 = TLanes.MultiplyAdd(k, x1, s11);
                    if (sizeof(TColumns) > 2) s12 = TLanes.MultiplyAdd(k, x2, s12);
                    if (sizeof(TColumns) > 2) s13 = TLanes.MultiplyAdd(k, x3, s13);
                }

                if (sizeof(TRows) > 2)
                {
                    k = TLanes.Broadcast(k2[at]);
                    s20 = TLanes.MultiplyAdd(k, x0, s20);
                    if (sizeof(TColumns) > 1) s21 = TLanes.MultiplyAdd(k, x1, s21);
                    if (sizeof(TColumns) > 2) s22 = TLanes.MultiplyAdd(k, x2, s22);
                    if (sizeof(TColumns) > 2) s23 = TLanes.MultiplyAdd(k, x3, s23);
                }

                if (sizeof(TRows) > 3)
                {
                    k = TLanes.Broadcast(k3[at]);
                    s30 = TLanes.MultiplyAdd(k, x0, s30);
                    if (sizeof(TColumns) > 1) s31 = TLanes.MultiplyAdd(k, x1, s31);
                    if (sizeof(TColumns) > 2) s32 = TLanes.MultiplyAdd(k, x2, s32);
                    if (sizeof(TColumns) > 2) s33 = TLanes.MultiplyAdd(k, x3, s33);
                }

                if (sizeof(TRows) > 4)
                {
                    k = TLanes.Broadcast(k4[at]);
                    s40 = TLanes.MultiplyAdd(k, x0, s40);
                    if (sizeof(TColumns) > 1) s41 = TLanes.MultiplyAdd(k, x1, s41);
                    if (sizeof(TColumns) > 2) s42 = TLanes.MultiplyAdd(k, x2, s42);
                    if (sizeof(TColumns) > 2) s43 = TLanes.MultiplyAdd(k, x3, s43);
                    k = TLanes.Broadcast(k5[at]);
                    s50 = TLanes.MultiplyAdd(k, x0, s50);
                    if (sizeof(TColumns) > 1) s51 = TLanes.MultiplyAdd(k, x1, s51);
                    if (sizeof(TColumns) > 2) s52 = TLanes.MultiplyAdd(k, x2, s52);
                    if (sizeof(TColumns) > 2) s53 = TLanes.MultiplyAdd(k, x3, s53);
                }
            }
        }

        Put<TColumns>(s00, s01, s02, s03, sums + sumRows[0], add);
        if (sizeof(TRows) > 1) Put<TColumns>(s10, s11, s12, s13, sums + sumRows[1], add);
        if (sizeof(TRows) > 2) Put<TColumns>(s20, s21, s22, s23, sums + sumRows[2], add);
        if (sizeof(TRows) > 3) Put<TColumns>(s30, s31, s32, s33, sums + sumRows[3], add);
        if (sizeof(TRows) <= 4) return;
        Put<TColumns>(s40, s41, s42, s43, sums + sumRows[4], add);
        Put<TColumns>(s50, s51, s52, s53, sums + sumRows[5], add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TColumns>(TVector first, TVector second, TVector third, TVector fourth, T* to, bool add)
        where TColumns : unmanaged, ICount
    {
        Put(first, to, add);
        if (sizeof(TColumns) > 1) Put(second, to + TLanes.Count, add);
        if (sizeof(TColumns) <= 2) return;
        Put(third, to + (2 * TLanes.Count), add);
        Put(fourth, to + (3 * TLanes.Count), add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(TVector vector, T* to, bool add) => TLanes.Store(add ? TLanes.Add(vector, TLanes.Load(to)) : vector, to);
}
