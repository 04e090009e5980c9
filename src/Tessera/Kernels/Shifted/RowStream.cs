using System.Runtime.CompilerServices;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Shifted;

/// <summary>
/// A plane convolved by one kernel, two vectors of columns at a time, streaming down the rows: a row of the source is
/// loaded once for each kernel column and added to all result rows that see it, which wait in registers.
/// <code>
///   source row y ──┬─ · K[2] ──▸ result row y − 2   complete, stored
///                  ├─ · K[1] ──▸ result row y − 1   waits
///                  └─ · K[0] ──▸ result row y       begins at the bias
/// </code>
/// For step 1 along rows, taps in a box without gaps between rows, kernels of up to seven rows.
/// </summary>
internal sealed unsafe class RowStream<TVector, T, TLanes>
    where TVector : struct
    where T : unmanaged
    where TLanes : struct, ILanes<TVector, T>
{
    private const int MostWeights = 64;

    private readonly int height;
    private readonly int width;
    private readonly int[] shifts;
    private readonly int[] order;

    private RowStream(int height, int width, int[] shifts, int[] order)
    {
        this.height = height;
        this.width = width;
        this.shifts = shifts;
        this.order = order;
    }

    /// <summary>The stream of a part whose axes allow for it, or null.</summary>
    public static RowStream<TVector, T, TLanes>? TryMake(ShiftedBox box)
    {
        var axes = box.Part.Axes;
        if (axes.Length != 2 || axes[0].SourceStep != 1 || axes[1].SourceStep != 1) return null;
        int height = axes[0].Taps.Length, width = axes[1].Taps.Length;
        if (height is 0 or > 7 || width == 0 || height * width > MostWeights) return null;
        int[] rows = [.. axes[0].Taps.Select(tap => tap.Offset)], columns = [.. axes[1].Taps.Select(tap => tap.Offset)];
        var rowOrder = Enumerable.Range(0, height).OrderBy(k => rows[k]).ToArray();
        if (rows.Distinct().Count() != height || rows.Max() - rows.Min() != height - 1) return null;
        return new RowStream<TVector, T, TLanes>(
            height,
            width,
            [.. columns.Select(offset => offset - columns.Min())],
            [.. Enumerable.Range(0, width).SelectMany(_ => rowOrder, (j, k) => (k * width) + j)]);
    }

    /// <summary>Convolves one plane.</summary>
    /// <param name="from">The source, laid out from the first tap of the first position.</param>
    /// <param name="pitch">Its distance between rows.</param>
    /// <param name="weights">A weight for each tap, in the order of the part's taps.</param>
    /// <param name="bias">Where every sum begins.</param>
    /// <param name="to">The result.</param>
    /// <param name="toPitch">Its distance between rows.</param>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="length">Their length, at least a vector.</param>
    public void Run(T* from, nint pitch, T* weights, T bias, T* to, nint toPitch, int rows, int length)
    {
        var byColumn = stackalloc T[MostWeights];
        for (var i = 0; i < order.Length; i++) byColumn[i] = weights[order[i]];
        fixed (int* shift = shifts)
        {
            // The last two vectors of a row overlap those before them instead of reaching beyond it.
            var most = 2 * TLanes.Count;
            var second = Math.Min(TLanes.Count, length - TLanes.Count);
            for (var x = 0; x < length; x += most)
            {
                var at = Math.Max(0, Math.Min(x, length - most));
                Strip(from + at, pitch, byColumn, shift, bias, to + at, toPitch, second, rows);
            }
        }
    }

    private void Strip(T* from, nint pitch, T* weights, int* shift, T bias, T* to, nint toPitch, nint second, int rows)
    {
        switch (height)
        {
            case 1: Stream<One>(from, pitch, weights, shift, bias, to, toPitch, second, rows); break;
            case 2: Stream<Two>(from, pitch, weights, shift, bias, to, toPitch, second, rows); break;
            case 3 when width == 3: Three(from, pitch, weights, shift, bias, to, toPitch, second, rows); break;
            case 3: Stream<Three>(from, pitch, weights, shift, bias, to, toPitch, second, rows); break;
            case 4: Stream<Four>(from, pitch, weights, shift, bias, to, toPitch, second, rows); break;
            case 5: Stream<Five>(from, pitch, weights, shift, bias, to, toPitch, second, rows); break;
            case 6: Stream<Six>(from, pitch, weights, shift, bias, to, toPitch, second, rows); break;
            default: Stream<Seven>(from, pitch, weights, shift, bias, to, toPitch, second, rows); break;
        }
    }

    /// <summary>3 × 3, its weights in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Three(T* from, nint pitch, T* weights, int* shift, T bias, T* to, nint toPitch, nint second, int rows)
    {
        TVector w00 = TLanes.Broadcast(weights[0]), w10 = TLanes.Broadcast(weights[1]), w20 = TLanes.Broadcast(weights[2]);
        TVector w01 = TLanes.Broadcast(weights[3]), w11 = TLanes.Broadcast(weights[4]), w21 = TLanes.Broadcast(weights[5]);
        TVector w02 = TLanes.Broadcast(weights[6]), w12 = TLanes.Broadcast(weights[7]), w22 = TLanes.Broadcast(weights[8]);
        var start = TLanes.Broadcast(bias);
        TVector a0 = start, a1 = start, a2 = start, b0 = start, b1 = start, b2 = start;
        T* from0 = from + shift[0], from1 = from + shift[1], from2 = from + shift[2];
        nint at = 0;
        for (var y = -2; y < rows; y++, at += pitch)
        {
            var x = TLanes.Load(from0 + at);
            a0 = TLanes.MultiplyAdd(w20, x, a0);
            a1 = TLanes.MultiplyAdd(w10, x, a1);
            a2 = TLanes.MultiplyAdd(w00, x, start);
            x = TLanes.Load(from0 + at + second);
            b0 = TLanes.MultiplyAdd(w20, x, b0);
            b1 = TLanes.MultiplyAdd(w10, x, b1);
            b2 = TLanes.MultiplyAdd(w00, x, start);
            x = TLanes.Load(from1 + at);
            a0 = TLanes.MultiplyAdd(w21, x, a0);
            a1 = TLanes.MultiplyAdd(w11, x, a1);
            a2 = TLanes.MultiplyAdd(w01, x, a2);
            x = TLanes.Load(from1 + at + second);
            b0 = TLanes.MultiplyAdd(w21, x, b0);
            b1 = TLanes.MultiplyAdd(w11, x, b1);
            b2 = TLanes.MultiplyAdd(w01, x, b2);
            x = TLanes.Load(from2 + at);
            a0 = TLanes.MultiplyAdd(w22, x, a0);
            a1 = TLanes.MultiplyAdd(w12, x, a1);
            a2 = TLanes.MultiplyAdd(w02, x, a2);
            x = TLanes.Load(from2 + at + second);
            b0 = TLanes.MultiplyAdd(w22, x, b0);
            b1 = TLanes.MultiplyAdd(w12, x, b1);
            b2 = TLanes.MultiplyAdd(w02, x, b2);
            if (y >= 0)
            {
                TLanes.Store(a0, to);
                TLanes.Store(b0, to + second);
                to += toPitch;
            }

            (a0, a1, b0, b1) = (a1, a2, b1, b2);
        }
    }

    /// <summary>Any kernel: each weight is broadcast for the two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Stream<TRows>(T* from, nint pitch, T* weights, int* shift, T bias, T* to, nint toPitch, nint second, int rows)
        where TRows : unmanaged, ICount
    {
        var start = TLanes.Broadcast(bias);
        TVector a0 = start, a1 = start, a2 = start, a3 = start, a4 = start, a5 = start, a6 = start;
        TVector b0 = start, b1 = start, b2 = start, b3 = start, b4 = start, b5 = start, b6 = start;
        nint end = width;
        for (var y = 1 - sizeof(TRows); y < rows; y++, from += pitch)
        {
            // Sum i takes the row's products with kernel row last − i.
            var w = weights + sizeof(TRows) - 1;
            for (nint j = 0; j < end; j++, w += sizeof(TRows))
            {
                var x = TLanes.Load(from + shift[j]);
                var z = TLanes.Load(from + shift[j] + second);
                var k = TLanes.Broadcast(w[0]);
                a0 = TLanes.MultiplyAdd(k, x, a0);
                b0 = TLanes.MultiplyAdd(k, z, b0);
                if (sizeof(TRows) > 1)
                {
                    k = TLanes.Broadcast(w[-1]);
                    a1 = TLanes.MultiplyAdd(k, x, a1);
                    b1 = TLanes.MultiplyAdd(k, z, b1);
                }

                if (sizeof(TRows) > 2)
                {
                    k = TLanes.Broadcast(w[-2]);
                    a2 = TLanes.MultiplyAdd(k, x, a2);
                    b2 = TLanes.MultiplyAdd(k, z, b2);
                }

                if (sizeof(TRows) > 3)
                {
                    k = TLanes.Broadcast(w[-3]);
                    a3 = TLanes.MultiplyAdd(k, x, a3);
                    b3 = TLanes.MultiplyAdd(k, z, b3);
                }

                if (sizeof(TRows) > 4)
                {
                    k = TLanes.Broadcast(w[-4]);
                    a4 = TLanes.MultiplyAdd(k, x, a4);
                    b4 = TLanes.MultiplyAdd(k, z, b4);
                }

                if (sizeof(TRows) > 5)
                {
                    k = TLanes.Broadcast(w[-5]);
                    a5 = TLanes.MultiplyAdd(k, x, a5);
                    b5 = TLanes.MultiplyAdd(k, z, b5);
                }

                if (sizeof(TRows) > 6)
                {
                    k = TLanes.Broadcast(w[-6]);
                    a6 = TLanes.MultiplyAdd(k, x, a6);
                    b6 = TLanes.MultiplyAdd(k, z, b6);
                }
            }

            if (y >= 0)
            {
                TLanes.Store(a0, to);
                TLanes.Store(b0, to + second);
                to += toPitch;
            }

            (a0, b0) = sizeof(TRows) > 1 ? (a1, b1) : (start, start);
            (a1, b1) = sizeof(TRows) > 2 ? (a2, b2) : (start, start);
            (a2, b2) = sizeof(TRows) > 3 ? (a3, b3) : (start, start);
            (a3, b3) = sizeof(TRows) > 4 ? (a4, b4) : (start, start);
            (a4, b4) = sizeof(TRows) > 5 ? (a5, b5) : (start, start);
            (a5, b5) = sizeof(TRows) > 6 ? (a6, b6) : (start, start);
            (a6, b6) = (start, start);
        }
    }
}
