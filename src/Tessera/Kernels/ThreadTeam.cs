namespace Tessera.Kernels;

/// <summary>Work that falls into jobs, each of which may run on any thread.</summary>
internal interface IParallelWork
{
    /// <summary>Runs one job; <paramref name="worker"/> numbers the thread, from 0, and no two at once have the same.</summary>
    void Execute(int job, int worker);
}

/// <summary>
/// The process's fork and join: background threads that wait for work and share its jobs with the caller. A run
/// allocates nothing. A caller who finds the team at work (another thread, or a job that calls again) does all jobs
/// itself; since jobs do not depend on who runs them, the result is the same.
/// </summary>
#pragma warning disable CA1001 // It lives as long as the process.
internal sealed class ThreadTeam
#pragma warning restore CA1001
{
    private static readonly ThreadTeam Team = new();

    private readonly List<Signal> starts = [];
    private readonly Signal finished = new();
    private IParallelWork? current;
    private int busy;
    private int jobCount;
    private int nextJob;
    private int running;
    private Exception? failure;

    /// <summary>Runs all jobs on at most <paramref name="threads"/> threads, the caller's among them, and returns when all have ended.</summary>
    public static void Run(IParallelWork work, int jobs, int threads)
    {
        threads = Math.Min(threads, jobs);
        if (threads <= 1 || Interlocked.CompareExchange(ref Team.busy, 1, 0) != 0)
        {
            for (var job = 0; job < jobs; job++) work.Execute(job, 0);
            return;
        }

        try
        {
            Team.Share(work, jobs, threads);
        }
        finally
        {
            Volatile.Write(ref Team.busy, 0);
        }
    }

    private void Share(IParallelWork work, int jobs, int threads)
    {
        while (starts.Count < threads - 1) AddThread();
        current = work;
        jobCount = jobs;
        nextJob = 0;
        failure = null;
        running = threads;
        for (var thread = 0; thread < threads - 1; thread++) starts[thread].Give();
        TakeJobs(0);
        // A thread that has not begun, because the system has let it have no processor, is not waited for.
        for (var thread = 0; thread < threads - 1; thread++)
        {
            if (starts[thread].TakeBack()) Interlocked.Decrement(ref running);
        }

        if (Interlocked.Decrement(ref running) != 0) finished.Await();
        current = null;
        if (failure is not null) throw new InvalidOperationException("A parallel job failed: " + failure.Message, failure);
    }

    private void AddThread()
    {
        var start = new Signal();
        starts.Add(start);
        var worker = starts.Count;
        new Thread(() => Serve(start, worker)) { IsBackground = true, Name = $"Tessera {worker}" }.Start();
    }

    private void Serve(Signal start, int worker)
    {
        while (true)
        {
            start.Await();
            TakeJobs(worker);
            if (Interlocked.Decrement(ref running) == 0) finished.Give();
        }
    }

    private void TakeJobs(int worker)
    {
        try
        {
            for (var job = Interlocked.Increment(ref nextJob) - 1; job < jobCount; job = Interlocked.Increment(ref nextJob) - 1)
            {
                current!.Execute(job, worker);
            }
        }
#pragma warning disable CA1031 // Whatever a job throws must reach the caller, not end the process.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref failure, exception, null);
            Interlocked.Exchange(ref nextJob, jobCount);
        }
    }
}
