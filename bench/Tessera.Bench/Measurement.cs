using Tessera.Bench.Contestants;

namespace Tessera.Bench;

/// <summary>
/// Times contestants by turns, A B C A B C …, so that a machine that slows down slows all of them. A turn is a run that
/// is not counted (caches fill with this contestant's data, another's threads go to sleep) and a few that are.
/// </summary>
internal static class Measurement
{
    private const int LeastRounds = 3;
    private const double SecondsPerTurn = 0.02;
    private const double SecondsOfWarmUp = 0.15;
    private const int MillisecondsOfRest = 10;
    private const double MostSecondsOfRest = 0.5;

    /// <summary>Median seconds of one run for each contestant.</summary>
    public static double[] Interleave(IReadOnlyList<IContestant> contestants, double seconds, int threads, Func<double> clock)
    {
        var times = contestants.Select(_ => new List<double>()).ToArray();
        var runs = contestants.Select(contestant => Math.Clamp((int)(SecondsPerTurn / WarmUp(contestant, clock)), 1, 100)).ToArray();
        var start = Clock.Wall();
        for (var round = 0; round < LeastRounds || Clock.Wall() - start < seconds; round++)
        {
            for (var turn = 0; turn < contestants.Count; turn++)
            {
                if (threads > 1) AwaitIdle();
                contestants[turn].Run();
                for (var run = 0; run < runs[turn]; run++) times[turn].Add(Time(contestants[turn], clock));
            }
        }

        return [.. times.Select(Median)];
    }

    /// <summary>Some contestants' threads spin after their work, on cores that the next one wants: waits until the process has hardly used a processor for a while.</summary>
    private static void AwaitIdle()
    {
        double before, start = Clock.Wall();
        do
        {
            before = Clock.ProcessorTime();
            Thread.Sleep(MillisecondsOfRest);
        }
        while (Clock.ProcessorTime() - before > MillisecondsOfRest * 1e-4 && Clock.Wall() - start < MostSecondsOfRest);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static double WarmUp(IContestant contestant, Func<double> clock)
    {
        // Long enough for the runtime to have compiled what runs often for good.
        var start = Clock.Wall();
        double last;
        var runs = 0;
        do
        {
            last = Time(contestant, clock);
            runs++;
        }
        while (last < 1 && (runs < 3 || Clock.Wall() - start < SecondsOfWarmUp));
        return last;
    }

    private static double Time(IContestant contestant, Func<double> clock)
    {
        var start = clock();
        contestant.Run();
        return clock() - start;
    }
}
