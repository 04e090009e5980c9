using System.Runtime.CompilerServices;

namespace Tessera.Kernels.Vectors;

/// <content>Tiles of two vectors, as tall as 32 registers allow: six rows of two vectors would load almost as often as they multiply.</content>
internal static unsafe partial class BroadcastProduct<T, TVector, TLanes>
{
    /// <summary>Takes as many rows as fall into tiles of 12 and one of 8, and says how many.</summary>
    private static int TallTiles(T* number, int* rows, int rowCount, T* lanes, in Terms outer, in Terms inner, T* sums, int* sumRows, bool add, T* ahead)
    {
        var r = 0;
        for (; r + 12 <= rowCount; r += 12) TallTile<Twelve>(number, rows + r, lanes, outer, inner, sums, sumRows + r, add, Rest(ahead, r, outer, inner));
        if (r + 8 > rowCount) return r;
        TallTile<Eight>(number, rows + r, lanes, outer, inner, sums, sumRows + r, add, Rest(ahead, r, outer, inner));
        return r + 8;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TallTile<TRows>(T* number, int* rows, T* lanes, in Terms outer, in Terms inner, T* sums, int* sumRows, bool add, T* ahead)
        where TRows : unmanaged, ICount
    {
        T* k0 = number + rows[0];
        T* k1 = number + rows[1];
        T* k2 = number + rows[2];
        T* k3 = number + rows[3];
        T* k4 = number + rows[4];
        T* k5 = number + rows[5];
        T* k6 = number + rows[6];
        T* k7 = number + rows[7];
        T* k8 = sizeof(TRows) > 8 ? number + rows[8] : k0;
        T* k9 = sizeof(TRows) > 8 ? number + rows[9] : k0;
        T* k10 = sizeof(TRows) > 8 ? number + rows[10] : k0;
        T* k11 = sizeof(TRows) > 8 ? number + rows[11] : k0;
        TVector s0Left = TLanes.Zero, s0Right = TLanes.Zero;
        TVector s1Left = TLanes.Zero, s1Right = TLanes.Zero;
        TVector s2Left = TLanes.Zero, s2Right = TLanes.Zero;
        TVector s3Left = TLanes.Zero, s3Right = TLanes.Zero;
        TVector s4Left = TLanes.Zero, s4Right = TLanes.Zero;
        TVector s5Left = TLanes.Zero, s5Right = TLanes.Zero;
        TVector s6Left = TLanes.Zero, s6Right = TLanes.Zero;
        TVector s7Left = TLanes.Zero, s7Right = TLanes.Zero;
        TVector s8Left = TLanes.Zero, s8Right = TLanes.Zero;
        TVector s9Left = TLanes.Zero, s9Right = TLanes.Zero;
        TVector s10Left = TLanes.Zero, s10Right = TLanes.Zero;
        TVector s11Left = TLanes.Zero, s11Right = TLanes.Zero;
        int* innerScalar = inner.Scalar, innerLane = inner.Lane;
        var innerCount = inner.Count;
        for (var o = 0; o < outer.Count; o++)
        {
            nint outerScalar = outer.Scalar[o];
            var outerLanes = lanes + outer.Lane[o];
            if (ahead != null)
            {
                Prefetch.Elements(ahead, sizeof(TRows) * innerCount);
                ahead += sizeof(TRows) * innerCount;
            }

            for (nint i = 0; i < innerCount; i++)
            {
                var at = outerScalar + innerScalar[i];
                var from = outerLanes + innerLane[i];
                var left = TLanes.Load(from);
                var right = TLanes.Load(from + TLanes.Count);
                var k = TLanes.Broadcast(k0[at]);
                s0Left = TLanes.MultiplyAdd(k, left, s0Left);
                s0Right = TLanes.MultiplyAdd(k, right, s0Right);
                k = TLanes.Broadcast(k1[at]);
                s1Left = TLanes.MultiplyAdd(k, left, s1Left);
                s1Right = TLanes.MultiplyAdd(k, right, s1Right);
                k = TLanes.Broadcast(k2[at]);
                s2Left = TLanes.MultiplyAdd(k, left, s2Left);
                s2Right = TLanes.MultiplyAdd(k, right, s2Right);
                k = TLanes.Broadcast(k3[at]);
                s3Left = TLanes.MultiplyAdd(k, left, s3Left);
                s3Right = TLanes.MultiplyAdd(k, right, s3Right);
                k = TLanes.Broadcast(k4[at]);
                s4Left = TLanes.MultiplyAdd(k, left, s4Left);
                s4Right = TLanes.MultiplyAdd(k, right, s4Right);
                k = TLanes.Broadcast(k5[at]);
                s5Left = TLanes.MultiplyAdd(k, left, s5Left);
                s5Right = TLanes.MultiplyAdd(k, right, s5Right);
                k = TLanes.Broadcast(k6[at]);
                s6Left = TLanes.MultiplyAdd(k, left, s6Left);
                s6Right = TLanes.MultiplyAdd(k, right, s6Right);
                k = TLanes.Broadcast(k7[at]);
                s7Left = TLanes.MultiplyAdd(k, left, s7Left);
                s7Right = TLanes.MultiplyAdd(k, right, s7Right);
                if (sizeof(TRows) > 8)
                {
                    k = TLanes.Broadcast(k8[at]);
                    s8Left = TLanes.MultiplyAdd(k, left, s8Left);
                    s8Right = TLanes.MultiplyAdd(k, right, s8Right);
                    k = TLanes.Broadcast(k9[at]);
                    s9Left = TLanes.MultiplyAdd(k, left, s9Left);
                    s9Right = TLanes.MultiplyAdd(k, right, s9Right);
                    k = TLanes.Broadcast(k10[at]);
                    s10Left = TLanes.MultiplyAdd(k, left, s10Left);
                    s10Right = TLanes.MultiplyAdd(k, right, s10Right);
                    k = TLanes.Broadcast(k11[at]);
                    s11Left = TLanes.MultiplyAdd(k, left, s11Left);
                    s11Right = TLanes.MultiplyAdd(k, right, s11Right);
                }
            }
        }

        Put(s0Left, s0Right, sums + sumRows[0], add);
        Put(s1Left, s1Right, sums + sumRows[1], add);
        Put(s2Left, s2Right, sums + sumRows[2], add);
        Put(s3Left, s3Right, sums + sumRows[3], add);
        Put(s4Left, s4Right, sums + sumRows[4], add);
        Put(s5Left, s5Right, sums + sumRows[5], add);
        Put(s6Left, s6Right, sums + sumRows[6], add);
        Put(s7Left, s7Right, sums + sumRows[7], add);
        if (sizeof(TRows) <= 8) return;
        Put(s8Left, s8Right, sums + sumRows[8], add);
        Put(s9Left, s9Right, sums + sumRows[9], add);
        Put(s10Left, s10Right, sums + sumRows[10], add);
        Put(s11Left, s11Right, sums + sumRows[11], add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(TVector left, TVector right, T* to, bool add)
    {
        Put(left, to, add);
        Put(right, to + TLanes.Count, add);
    }
}
