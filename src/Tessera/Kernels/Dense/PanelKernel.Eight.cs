using System.Runtime.CompilerServices;

namespace Tessera.Kernels.Dense;

// Panels of eight rows: 24 sums in 32 registers.
internal static unsafe partial class PanelKernel<TVector, T, TLanes>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightByThree(in PanelProduct<T> p)
    {
        nint second = p.RightSecond, third = p.RightThird;
        T* a0 = Row(p, 0, p.Left);
        T* a1 = Row(p, 1, a0);
        T* a2 = Row(p, 2, a1);
        T* a3 = Row(p, 3, a2);
        T* a4 = Row(p, 4, a3);
        T* a5 = Row(p, 5, a4);
        T* a6 = Row(p, 6, a5);
        T* a7 = Row(p, 7, a6);
        TVector c00 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[0]), c01 = c00, c02 = c00;
        TVector c10 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[1]), c11 = c10, c12 = c10;
        TVector c20 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[2]), c21 = c20, c22 = c20;
        TVector c30 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[3]), c31 = c30, c32 = c30;
        TVector c40 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[4]), c41 = c40, c42 = c40;
        TVector c50 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[5]), c51 = c50, c52 = c50;
        TVector c60 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[6]), c61 = c60, c62 = c60;
        TVector c70 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[7]), c71 = c70, c72 = c70;
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
                a = TLanes.Broadcast(a4[k]);
                c40 = TLanes.MultiplyAdd(a, b0, c40);
                c41 = TLanes.MultiplyAdd(a, b1, c41);
                c42 = TLanes.MultiplyAdd(a, b2, c42);
                a = TLanes.Broadcast(a5[k]);
                c50 = TLanes.MultiplyAdd(a, b0, c50);
                c51 = TLanes.MultiplyAdd(a, b1, c51);
                c52 = TLanes.MultiplyAdd(a, b2, c52);
                a = TLanes.Broadcast(a6[k]);
                c60 = TLanes.MultiplyAdd(a, b0, c60);
                c61 = TLanes.MultiplyAdd(a, b1, c61);
                c62 = TLanes.MultiplyAdd(a, b2, c62);
                a = TLanes.Broadcast(a7[k]);
                c70 = TLanes.MultiplyAdd(a, b0, c70);
                c71 = TLanes.MultiplyAdd(a, b1, c71);
                c72 = TLanes.MultiplyAdd(a, b2, c72);
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
        c = ResultRow(p, 4, c);
        Finish(c, p.Add, c40, c41, c42);
        c = ResultRow(p, 5, c);
        Finish(c, p.Add, c50, c51, c52);
        c = ResultRow(p, 6, c);
        Finish(c, p.Add, c60, c61, c62);
        c = ResultRow(p, 7, c);
        Finish(c, p.Add, c70, c71, c72);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightByTwo(in PanelProduct<T> p)
    {
        var second = p.RightSecond;
        T* a0 = Row(p, 0, p.Left);
        T* a1 = Row(p, 1, a0);
        T* a2 = Row(p, 2, a1);
        T* a3 = Row(p, 3, a2);
        T* a4 = Row(p, 4, a3);
        T* a5 = Row(p, 5, a4);
        T* a6 = Row(p, 6, a5);
        T* a7 = Row(p, 7, a6);
        TVector c00 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[0]), c01 = c00;
        TVector c10 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[1]), c11 = c10;
        TVector c20 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[2]), c21 = c20;
        TVector c30 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[3]), c31 = c30;
        TVector c40 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[4]), c41 = c40;
        TVector c50 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[5]), c51 = c50;
        TVector c60 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[6]), c61 = c60;
        TVector c70 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[7]), c71 = c70;
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
                a = TLanes.Broadcast(a4[k]);
                c40 = TLanes.MultiplyAdd(a, b0, c40);
                c41 = TLanes.MultiplyAdd(a, b1, c41);
                a = TLanes.Broadcast(a5[k]);
                c50 = TLanes.MultiplyAdd(a, b0, c50);
                c51 = TLanes.MultiplyAdd(a, b1, c51);
                a = TLanes.Broadcast(a6[k]);
                c60 = TLanes.MultiplyAdd(a, b0, c60);
                c61 = TLanes.MultiplyAdd(a, b1, c61);
                a = TLanes.Broadcast(a7[k]);
                c70 = TLanes.MultiplyAdd(a, b0, c70);
                c71 = TLanes.MultiplyAdd(a, b1, c71);
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
        c = ResultRow(p, 4, c);
        Finish(c, p.Add, c40, c41);
        c = ResultRow(p, 5, c);
        Finish(c, p.Add, c50, c51);
        c = ResultRow(p, 6, c);
        Finish(c, p.Add, c60, c61);
        c = ResultRow(p, 7, c);
        Finish(c, p.Add, c70, c71);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightByOne(in PanelProduct<T> p)
    {
        T* a0 = Row(p, 0, p.Left);
        T* a1 = Row(p, 1, a0);
        T* a2 = Row(p, 2, a1);
        T* a3 = Row(p, 3, a2);
        T* a4 = Row(p, 4, a3);
        T* a5 = Row(p, 5, a4);
        T* a6 = Row(p, 6, a5);
        T* a7 = Row(p, 7, a6);
        TVector c00 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[0]);
        TVector c10 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[1]);
        TVector c20 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[2]);
        TVector c30 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[3]);
        TVector c40 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[4]);
        TVector c50 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[5]);
        TVector c60 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[6]);
        TVector c70 = p.Bias == null ? TLanes.Zero : TLanes.Broadcast(p.Bias[7]);
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
                a = TLanes.Broadcast(a4[k]);
                c40 = TLanes.MultiplyAdd(a, b0, c40);
                a = TLanes.Broadcast(a5[k]);
                c50 = TLanes.MultiplyAdd(a, b0, c50);
                a = TLanes.Broadcast(a6[k]);
                c60 = TLanes.MultiplyAdd(a, b0, c60);
                a = TLanes.Broadcast(a7[k]);
                c70 = TLanes.MultiplyAdd(a, b0, c70);
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
        c = ResultRow(p, 4, c);
        Finish(c, p.Add, c40);
        c = ResultRow(p, 5, c);
        Finish(c, p.Add, c50);
        c = ResultRow(p, 6, c);
        Finish(c, p.Add, c60);
        c = ResultRow(p, 7, c);
        Finish(c, p.Add, c70);
    }
}
