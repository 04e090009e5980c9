using Tessera.Kernels;
using Xunit;

namespace Tessera.Tests.Kernels;

public class ThreadTeamTests
{
    [Fact]
    public void Every_job_runs_once_however_many_threads_there_are_and_whether_they_sleep()
    {
        var random = new RandomSource(3, 0, 0);
        for (var run = 0; run < 1500; run++)
        {
            var work = new Counting(1 + random.NextInt(40));
            ThreadTeam.Run(work, work.Jobs.Length, 1 + (run % 5));
            Assert.All(work.Jobs, static count => Assert.Equal(1, count));
            // Long enough for everybody to sleep, and to be woken by the next run.
            if (run % 50 == 0) Thread.Sleep(2);
        }
    }

    [Fact]
    public void Callers_at_once_and_jobs_that_call_again_all_end()
    {
        Parallel.For(0, 8, _ =>
        {
            for (var run = 0; run < 100; run++)
            {
                var outer = new Counting(6) { Inner = new Counting(5) };
                ThreadTeam.Run(outer, 6, 3);
                Assert.All(outer.Jobs, static count => Assert.Equal(1, count));
                Assert.All(outer.Inner.Jobs, static count => Assert.Equal(6, count));
            }
        });
    }

    [Fact]
    public void A_job_that_throws_is_an_error_of_the_caller_and_the_next_run_is_sound()
    {
        Assert.Contains("job 3", Assert.Throws<InvalidOperationException>(() => ThreadTeam.Run(new Counting(8) { Throws = 3 }, 8, 3)).Message, StringComparison.Ordinal);
        var after = new Counting(8);
        ThreadTeam.Run(after, 8, 3);
        Assert.All(after.Jobs, static count => Assert.Equal(1, count));
    }

    private sealed class Counting(int jobs) : IParallelWork
    {
        public int[] Jobs { get; } = new int[jobs];

        public Counting? Inner { get; init; }

        public int Throws { get; init; } = -1;

        public void Execute(int job, int worker)
        {
            if (job == Throws) throw new InvalidOperationException($"job {job}");
            Interlocked.Increment(ref Jobs[job]);
            if (Inner is not null) ThreadTeam.Run(Inner, Inner.Jobs.Length, 3);
        }
    }
}
