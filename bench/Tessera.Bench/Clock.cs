using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tessera.Bench;

/// <summary>Ways to tell the time, in seconds from some moment on.</summary>
internal static partial class Clock
{
    private const int ThreadProcessorTimeClock = 3;

    /// <summary>The time on the wall.</summary>
    public static double Wall() => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    /// <summary>
    /// The time that the calling thread has had a processor (Linux): what a contestant of one thread needs on a machine that is
    /// busy with other work. It knows nothing of other threads.
    /// </summary>
    public static double ThreadProcessorTime()
    {
        if (GetTime(ThreadProcessorTimeClock, out var time) != 0) throw new PlatformNotSupportedException("The processor time of a thread cannot be read here.");
        return time.Seconds + (time.Nanoseconds * 1e-9);
    }

    /// <summary>The time that all threads of the process have had processors.</summary>
    public static double ProcessorTime() => Environment.CpuUsage.TotalTime.TotalSeconds;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpecification time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpecification
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
