using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tessera.Bench;

/// <summary>What this machine can do at the most, measured in the run that its figures are compared with.</summary>
internal sealed record Machine(int Threads, double PeakGigaflops, int PeakBits, double ReadGigabytesPerSecond)
{
    private const int Repeats = 25;

    /// <summary>Multiply-add peak and memory read bandwidth of <paramref name="threads"/> threads together, by the clock that the contestants are timed with.</summary>
    public static Machine Measure(int threads, Func<double> clock)
    {
        var peak = (Rate: MultiplyAddRate<Lanes128>(threads, clock), Bits: 128);
        if (Vector256.IsHardwareAccelerated) peak = Higher(peak, (MultiplyAddRate<Lanes256>(threads, clock), 256));
        if (Vector512.IsHardwareAccelerated) peak = Higher(peak, (MultiplyAddRate<Lanes512>(threads, clock), 512));
        return new Machine(threads, peak.Rate / 1e9, peak.Bits, ReadRate(threads, clock) / 1e9);
    }

    public override string ToString() =>
        $"{Threads} {(Threads == 1 ? "thread" : "threads")} of {Environment.ProcessorCount}: multiply-add peak {PeakGigaflops:f1} GFLOP/s (float32, vectors of {PeakBits} bits), memory read {ReadGigabytesPerSecond:f1} GB/s";

    private static (double Rate, int Bits) Higher((double Rate, int Bits) left, (double Rate, int Bits) right) => right.Rate > left.Rate ? right : left;

    private static double MultiplyAddRate<TLanes>(int threads, Func<double> clock)
        where TLanes : struct, ILanes<TLanes>
    {
        const int Steps = 1_000_000;
        return threads * 2.0 * Accumulators * TLanes.Count * Steps / Shortest(threads, clock, _ => Chains<TLanes>(Steps));
    }

    private static double ReadRate(int threads, Func<double> clock)
    {
        // Far beyond every cache, and a part of its own for each thread.
        const int Length = 1 << 25;
        var parts = Enumerable.Range(0, threads).Select(_ => new float[Length]).ToArray();
        foreach (var part in parts) part.AsSpan().Fill(1);
        return threads * 4.0 * Length / Shortest(threads, clock, thread => Sum(parts[thread]));
    }

    /// <summary>The least seconds that <paramref name="threads"/> threads, started together, need for their work.</summary>
    private static double Shortest(int threads, Func<double> clock, Func<int, float> work)
    {
        var best = double.PositiveInfinity;
        using var barrier = new Barrier(threads);
        var sink = new float[threads];
        void Take(int thread)
        {
            for (var repeat = 0; repeat < Repeats; repeat++)
            {
                barrier.SignalAndWait();
                var start = clock();
                sink[thread] += work(thread);
                barrier.SignalAndWait();
                if (thread == 0) best = Math.Min(best, clock() - start);
            }
        }

        var others = Enumerable.Range(1, threads - 1).Select(thread => new Thread(() => Take(thread))).ToArray();
        foreach (var other in others) other.Start();
        Take(0);
        foreach (var other in others) other.Join();
        return best;
    }

    private const int Accumulators = 10;

    // Ten chains, in registers alone: enough for two units of five cycles' latency, few enough for sixteen registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Chains<TLanes>(int steps)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes x = TLanes.Fill(0.999f), y = TLanes.Fill(0.001f);
        TLanes a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y;
        for (var step = 0; step < steps; step++)
        {
            a = TLanes.MultiplyAdd(a, x, y);
            b = TLanes.MultiplyAdd(b, x, y);
            c = TLanes.MultiplyAdd(c, x, y);
            d = TLanes.MultiplyAdd(d, x, y);
            e = TLanes.MultiplyAdd(e, x, y);
            f = TLanes.MultiplyAdd(f, x, y);
            g = TLanes.MultiplyAdd(g, x, y);
            h = TLanes.MultiplyAdd(h, x, y);
            i = TLanes.MultiplyAdd(i, x, y);
            j = TLanes.MultiplyAdd(j, x, y);
        }

        return TLanes.First(a) + TLanes.First(b) + TLanes.First(c) + TLanes.First(d) + TLanes.First(e)
            + TLanes.First(f) + TLanes.First(g) + TLanes.First(h) + TLanes.First(i) + TLanes.First(j);
    }

    private static float Sum(float[] values)
    {
        Vector<float> a = default, b = default, c = default, d = default;
        var width = Vector<float>.Count;
        ref var first = ref values[0];
        for (var index = 0; index <= values.Length - (4 * width); index += 4 * width)
        {
            a += Vector.LoadUnsafe(ref first, (nuint)index);
            b += Vector.LoadUnsafe(ref first, (nuint)(index + width));
            c += Vector.LoadUnsafe(ref first, (nuint)(index + (2 * width)));
            d += Vector.LoadUnsafe(ref first, (nuint)(index + (3 * width)));
        }

        return Vector.Sum(a + b + c + d);
    }

    private interface ILanes<TSelf>
        where TSelf : struct, ILanes<TSelf>
    {
        static abstract int Count { get; }

        static abstract TSelf Fill(float value);

        static abstract TSelf MultiplyAdd(TSelf left, TSelf right, TSelf addend);

        static abstract float First(TSelf lanes);
    }

    private readonly record struct Lanes128(Vector128<float> Value) : ILanes<Lanes128>
    {
        public static int Count => Vector128<float>.Count;

        public static Lanes128 Fill(float value) => new(Vector128.Create(value));

        public static Lanes128 MultiplyAdd(Lanes128 left, Lanes128 right, Lanes128 addend) => new(Vector128.FusedMultiplyAdd(left.Value, right.Value, addend.Value));

        public static float First(Lanes128 lanes) => lanes.Value.ToScalar();
    }

    private readonly record struct Lanes256(Vector256<float> Value) : ILanes<Lanes256>
    {
        public static int Count => Vector256<float>.Count;

        public static Lanes256 Fill(float value) => new(Vector256.Create(value));

        public static Lanes256 MultiplyAdd(Lanes256 left, Lanes256 right, Lanes256 addend) => new(Vector256.FusedMultiplyAdd(left.Value, right.Value, addend.Value));

        public static float First(Lanes256 lanes) => lanes.Value.ToScalar();
    }

    private readonly record struct Lanes512(Vector512<float> Value) : ILanes<Lanes512>
    {
        public static int Count => Vector512<float>.Count;

        public static Lanes512 Fill(float value) => new(Vector512.Create(value));

        public static Lanes512 MultiplyAdd(Lanes512 left, Lanes512 right, Lanes512 addend) => new(Vector512.FusedMultiplyAdd(left.Value, right.Value, addend.Value));

        public static float First(Lanes512 lanes) => lanes.Value.ToScalar();
    }
}
