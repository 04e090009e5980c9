using System.Runtime.InteropServices;

namespace Tessera.Kernels;

/// <summary>
/// What one thread gives and one other waits for. Who waits looks again and again for some ten microseconds, which is longer than most steps of a network need, and
/// then sleeps until it is woken. It never yields: a thread that yields on the processor of the one it works for can stay there for seconds beside an idle one, since the system
/// takes both for too warm to be moved, while one that is woken is put on an idle processor.
/// </summary>
#pragma warning disable CA1001 // It lives as long as the process.
internal sealed class Signal
#pragma warning restore CA1001
{
    private const int Looks = 2000;

    private readonly ManualResetEventSlim wake = new(false, 0);
    private Cell given;
    private int sleeps;

    /// <summary>Gives it; what was written before is seen by the one who waits.</summary>
    public void Give()
    {
        Interlocked.Exchange(ref given.Value, 1);
        if (Volatile.Read(ref sleeps) != 0 && Interlocked.Exchange(ref sleeps, 0) != 0) wake.Set();
    }

    /// <summary>Takes it back, unless the other has it already.</summary>
    /// <returns>Whether the other never had it.</returns>
    public bool TakeBack() => Interlocked.CompareExchange(ref given.Value, 0, 1) == 1;

    /// <summary>Returns when it is given, and takes it.</summary>
    public void Await()
    {
        while (true)
        {
            for (var look = 0; look < Looks; look++)
            {
                if (Volatile.Read(ref given.Value) != 0 && TakeBack()) return;
                Thread.SpinWait(1);
            }

            // Who gives it sees that somebody sleeps, or who sleeps sees that it is given; where both are seen, the exchange decides who acts on it.
            Interlocked.Exchange(ref sleeps, 1);
            if (Volatile.Read(ref given.Value) != 0 && Interlocked.Exchange(ref sleeps, 0) != 0) continue;
            wake.Wait();
            wake.Reset();
        }
    }

    /// <summary>A line of the cache to itself: the one who waits reads it all the time.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Cell
    {
        [FieldOffset(64)]
        public int Value;
    }
}
