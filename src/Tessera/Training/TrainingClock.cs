using System.Diagnostics;

namespace Tessera.Training;

/// <summary>How long a run takes and how many examples it gets through.</summary>
internal sealed class TrainingClock(double secondsBefore)
{
    private readonly long start = Stopwatch.GetTimestamp();
    private long epochStart;
    private long runCount;
    private long epochCount;

    /// <summary>Seconds of training in all, those before this run among them.</summary>
    public double Seconds => secondsBefore + Since(start);

    /// <summary>Examples a second in this run.</summary>
    public double RunRate => runCount / Math.Max(1e-9, Since(start));

    /// <summary>Examples a second in this epoch of this run.</summary>
    public double EpochRate => epochCount / Math.Max(1e-9, Since(epochStart));

    public void StartEpoch()
    {
        epochStart = Stopwatch.GetTimestamp();
        epochCount = 0;
    }

    public void Count(int examples)
    {
        runCount += examples;
        epochCount += examples;
    }

    private static double Since(long timestamp) => Stopwatch.GetElapsedTime(timestamp).TotalSeconds;
}
