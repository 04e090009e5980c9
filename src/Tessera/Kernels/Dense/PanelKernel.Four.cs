using System.Runtime.CompilerServices;

namespace Tessera.Kernels.Dense;

// Panels of four rows: 12 sums in 16 registers, and the rest of a panel of eight.
internal static unsafe partial class PanelKernel<TVector, T, TLanes>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByThree(in PanelProduct<T> p)
    {
        nint second = p.RightSecond, third = p.RightThird;
        T* a0 = Row(p, 0, p.Left);
        T* a1 = Row(p, 1, a0);
        T* a2 = Row(p, 2, a1);
        T* a3 = Row(p, 3, a2);
        TVector c00 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[0]), c01 = c00, c02 = c00;
        TVector c10 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[1]), c11 = c10, c12 = c10;
        TVector c20 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[2]), c21 = c20, c22 = c20;
        TVector c30 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[3]), c31 = c30, c32 = c30;
        nint k = 0, step = p.LeftStep;
        var b = p.Right;
        for (var run = 0; run < p.Runs; run++)
        {
            if (p.RunOffsets != null) b = p.Right + p.RunOffsets[run];
            if (p.LeftOffsets != null) k = p.LeftOffsets[run];
            var pitch = p.RightPitch;
            for (var end = k + (p.RunLength * step); k < end; k += step)
            {
                TVector b0 = TLanes.Load(b), b1 = TLanes.Load(b + second), b2 = TLanes.Load(b + third);
                b += pitch;
                var a = TLanes.Broadcast(a0[k]);
                c00 = TLanes.MultiplyAdd(a, b0, c00);
                c01 = TLanes.MultiplyAdd(a, b1, c01);
                c02 = TLanes.MultiplyAdd(a, b2, c02);
                a = TLanes.Broadcast(a1[k]);
                c10 = TLanes.MultiplyAdd(a, b0, c10);
                c11 = TLanes.MultiplyAdd(a, b1, c11);
                c12 = TLanes.MultiplyAdd(a, b2, c12);
                a = TLanes.Broadcast(a2[k]);
                c20 = TLanes.MultiplyAdd(a, b0, c20);
                c21 = TLanes.MultiplyAdd(a, b1, c21);
                c22 = TLanes.MultiplyAdd(a, b2, c22);
                a = TLanes.Broadcast(a3[k]);
                c30 = TLanes.MultiplyAdd(a, b0, c30);
                c31 = TLanes.MultiplyAdd(a, b1, c31);
                c32 = TLanes.MultiplyAdd(a, b2, c32);
            }
        }

        T* c = ResultRow(p, 0, p.Result);
        Finish(c, p.Add, c00, c01, c02);
        c = ResultRow(p, 1, c);
        Finish(c, p.Add, c10, c11, c12);
        c = ResultRow(p, 2, c);
        Finish(c, p.Add, c20, c21, c22);
        c = ResultRow(p, 3, c);
        Finish(c, p.Add, c30, c31, c32);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByTwo(in PanelProduct<T> p)
    {
        var second = p.RightSecond;
        T* a0 = Row(p, 0, p.Left);
        T* a1 = Row(p, 1, a0);
        T* a2 = Row(p, 2, a1);
        T* a3 = Row(p, 3, a2);
        TVector c00 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[0]), c01 = c00;
        TVector c10 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[1]), c11 = c10;
        TVector c20 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[2]), c21 = c20;
        TVector c30 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[3]), c31 = c30;
        nint k = 0, step = p.LeftStep;
        var b = p.Right;
        for (var run = 0; run < p.Runs; run++)
        {
            if (p.RunOffsets != null) b = p.Right + p.RunOffsets[run];
            if (p.LeftOffsets != null) k = p.LeftOffsets[run];
            var pitch = p.RightPitch;
            for (var end = k + (p.RunLength * step); k < end; k += step)
            {
                TVector b0 = TLanes.Load(b), b1 = TLanes.Load(b + second);
                b += pitch;
                var a = TLanes.Broadcast(a0[k]);
                c00 = TLanes.MultiplyAdd(a, b0, c00);
                c01 = TLanes.MultiplyAdd(a, b1, c01);
                a = TLanes.Broadcast(a1[k]);
                c10 = TLanes.MultiplyAdd(a, b0, c10);
                c11 = TLanes.MultiplyAdd(a, b1, c11);
                a = TLanes.Broadcast(a2[k]);
                c20 = TLanes.MultiplyAdd(a, b0, c20);
                c21 = TLanes.MultiplyAdd(a, b1, c21);
                a = TLanes.Broadcast(a3[k]);
                c30 = TLanes.MultiplyAdd(a, b0, c30);
                c31 = TLanes.MultiplyAdd(a, b1, c31);
            }
        }

        T* c = ResultRow(p, 0, p.Result);
        Finish(c, p.Add, c00, c01);
        c = ResultRow(p, 1, c);
        Finish(c, p.Add, c10, c11);
        c = ResultRow(p, 2, c);
        Finish(c, p.Add, c20, c21);
        c = ResultRow(p, 3, c);
        Finish(c, p.Add, c30, c31);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByOne(in PanelProduct<T> p)
    {
        T* a0 = Row(p, 0, p.Left);
        T* a1 = Row(p, 1, a0);
        T* a2 = Row(p, 2, a1);
        T* a3 = Row(p, 3, a2);
        TVector c00 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[0]);
        TVector c10 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[1]);
        TVector c20 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[2]);
        TVector c30 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[3]);
        nint k = 0, step = p.LeftStep;
        var b = p.Right;
        for (var run = 0; run < p.Runs; run++)
        {
            if (p.RunOffsets != null) b = p.Right + p.RunOffsets[run];
            if (p.LeftOffsets != null) k = p.LeftOffsets[run];
            var pitch = p.RightPitch;
            for (var end = k + (p.RunLength * step); k < end; k += step)
            {
                TVector b0 = TLanes.Load(b);
                b += pitch;
                var a = TLanes.Broadcast(a0[k]);
                c00 = TLanes.MultiplyAdd(a, b0, c00);
                a = TLanes.Broadcast(a1[k]);
                c10 = TLanes.MultiplyAdd(a, b0, c10);
                a = TLanes.Broadcast(a2[k]);
                c20 = TLanes.MultiplyAdd(a, b0, c20);
                a = TLanes.Broadcast(a3[k]);
                c30 = TLanes.MultiplyAdd(a, b0, c30);
            }
        }

        T* c = ResultRow(p, 0, p.Result);
        Finish(c, p.Add, c00);
        c = ResultRow(p, 1, c);
        Finish(c, p.Add, c10);
        c = ResultRow(p, 2, c);
        Finish(c, p.Add, c20);
        c = ResultRow(p, 3, c);
        Finish(c, p.Add, c30);
    }
}
