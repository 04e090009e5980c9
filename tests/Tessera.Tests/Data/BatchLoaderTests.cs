using CsCheck;
using Tessera.Data;
using Xunit;

namespace Tessera.Tests.Data;

public class BatchLoaderTests
{
    [Fact]
    public void An_epoch_brings_every_sample_once_with_its_label()
    {
        Gen.Select(Gen.Int[1, 30], Gen.Int[1, 12], Gen.Bool, Gen.Bool, Gen.Long).Sample(
            (count, size, shuffle, drop, seed) =>
            {
                drop &= size <= count;
                var loader = new BatchLoader<double>(Numbers(count), new BatchOptions { Size = size, Shuffle = shuffle, DropLast = drop, Seed = seed });
                for (var epoch = 0; epoch < 2; epoch++)
                {
                    var seen = Run(loader, epoch, 0);
                    Assert.Equal(loader.BatchesPerEpoch, seen.Count);
                    var samples = seen.SelectMany(batch => batch).ToArray();
                    Assert.Equal(drop ? count / size * size : count, samples.Distinct().Count());
                    Assert.Equal(samples.Length, samples.Distinct().Count());
                    if (!shuffle) Assert.Equal(samples.Order(), samples);
                }
            },
            iter: 100, threads: 1);
    }

    [Fact]
    public void A_run_begun_anywhere_goes_on_as_one_never_interrupted()
    {
        var options = new BatchOptions { Size = 4, Shuffle = true, Seed = 5, Augmentation = new Augmentation(new RandomShift(1)) };
        var whole = new BatchLoader<float>(Numbers(18, 3), options);
        var expected = Enumerable.Range(0, 3).Select(epoch => Inputs(whole, epoch, 0)).ToArray();
        Assert.NotEqual(expected[0], expected[1]);
        for (var epoch = 2; epoch >= 0; epoch--)
        {
            for (var batch = 0; batch <= whole.BatchesPerEpoch; batch++)
                Assert.Equal(expected[epoch].Skip(batch), Inputs(new BatchLoader<float>(Numbers(18, 3), options), epoch, batch));
        }

        // Jumping about with one loader too, over batches that were prepared in vain.
        Assert.Equal(expected[2].Skip(1), Inputs(whole, 2, 1));
        Assert.Equal(expected[0], Inputs(whole, 0, 0));
    }

    [Fact]
    public void The_order_does_not_depend_on_timing()
    {
        var fast = new BatchOptions { Size = 3, Shuffle = true, Seed = 2, Augmentation = new Augmentation(new RandomShift(1)) };
        var expected = Inputs(new BatchLoader<float>(Numbers(20, 3), fast), 0, 0);
        // The same with a background that dawdles, then with a caller who does.
        Assert.Equal(expected, Inputs(new BatchLoader<float>(Numbers(20, 3), fast with { Augmentation = new Augmentation(new RandomShift(1), new Interruption(_ => Thread.Sleep(1))) }), 0, 0));
        Assert.Equal(expected, Inputs(new BatchLoader<float>(Numbers(20, 3), fast), 0, 0, () => Thread.Sleep(2)));
    }

    [Fact]
    public void The_next_batch_is_prepared_while_the_caller_has_the_last()
    {
        using var prepared = new ManualResetEventSlim();
        var callers = Environment.CurrentManagedThreadId;
        var loader = new BatchLoader<float>(Numbers(4), new BatchOptions
        {
            Size = 2,
            Augmentation = new Augmentation(new Interruption(sample =>
            {
                if (sample[0] == 3 && Environment.CurrentManagedThreadId != callers) prepared.Set();
            })),
        });
        loader.Start(0);
        Assert.True(loader.Next());
        Assert.True(prepared.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.Equal([0f, 1], loader.Current.Inputs.ToArray());
        Assert.True(loader.Next());
        Assert.Equal([2f, 3], loader.Current.Inputs.ToArray());
    }

    [Fact]
    public void A_failure_in_the_background_reaches_the_caller_and_keeps_doing_so()
    {
        var loader = new BatchLoader<float>(Numbers(6), new BatchOptions
        {
            Size = 2,
            Augmentation = new Augmentation(new Interruption(sample =>
            {
                if (sample[0] == 3) throw new NotImplementedException("sample 3");
            })),
        });
        loader.Start(0);
        Assert.True(loader.Next());
        Thread.Sleep(5);
        Assert.Equal("sample 3", Assert.Throws<NotImplementedException>(() => loader.Next()).Message);
        Assert.Throws<NotImplementedException>(() => loader.Next());
        Assert.Throws<InvalidOperationException>(() => loader.Current);
        loader.Start(0, 2);
        Assert.True(loader.Next());
        Assert.Equal([4f, 5], loader.Current.Inputs.ToArray());
    }

    [Fact]
    public void A_caller_who_stops_leaves_nothing_running_and_no_memory_held()
    {
        var weak = Abandon();
        for (var attempt = 0; attempt < 200 && weak.IsAlive; attempt++)
        {
            Thread.Sleep(10);
            GC.Collect();
        }

        Assert.False(weak.IsAlive);
    }

    [Fact]
    public void After_the_first_batches_nothing_is_allocated()
    {
        var augmentation = new Augmentation(
            new Normalise([1], [2]), new RandomShift(1), new HorizontalFlip(), new RandomCrop(1), new Cutout(1), new RandomRotation(9));
        var data = Numbers(64, 9).WithSampleShape([1, 3, 3]);
        var loader = new BatchLoader<float>(data, new BatchOptions { Size = 4, Shuffle = true, Augmentation = augmentation });
        var (least, before) = (long.MaxValue, 0L);
        for (var epoch = 0; epoch < 10; epoch++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            Epoch(loader, epoch);
            // The least of several epochs: in any one of them the pool may start a thread on our account.
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);

        // What the background does, on this thread where it can be counted.
        var batch = new Batch<float>(data, 4);
        var (sample, scratch, chosen) = (new float[9], new float[9], (int[])[3, 1, 2, 0]);
        batch.Fill(data, chosen, augmentation, 1, sample, scratch);
        Assert.Equal(0, Allocations.Least(() => batch.Fill(data, chosen, augmentation, 1, sample, scratch)));
    }

    [Fact]
    public void Targets_come_with_their_samples()
    {
        var data = Dataset.Create([1f, 2, 3], [1, 1], [10f, 11, 20, 21, 30, 31], [2]);
        var loader = new BatchLoader<double>(data, new BatchOptions { Size = 2, Shuffle = true });
        loader.Start(0);
        while (loader.Next())
        {
            var (inputs, targets) = (loader.Current.Inputs.ToArray(), loader.Current.Targets.ToArray());
            Assert.Equal(inputs.SelectMany(input => (double[])[input * 10, (input * 10) + 1]), targets);
            Assert.Equal(0, loader.Current.Labels.Length);
            Assert.Equal((nint[])[loader.Current.Count, 1, 1], loader.Current.InputTensor().Lengths.ToArray());
        }
    }

    [Fact]
    public void Options_that_cannot_work_are_refused_before_memory_is_taken()
    {
        Assert.Throws<ArgumentException>(() => new BatchLoader<float>(Numbers(3), new BatchOptions { Size = 0 }));
        Assert.Throws<ArgumentException>(() => new BatchLoader<float>(Numbers(3), new BatchOptions { Size = 4, DropLast = true }));
        Assert.Throws<ArgumentException>(() => new BatchLoader<float>(Numbers(3).Take(0), new BatchOptions { Size = 4 }));
        Assert.Throws<ArgumentException>(() => new BatchLoader<float>(Numbers(3), new BatchOptions { Size = 1, Augmentation = new Augmentation(new RandomShift(1)) }));
        Assert.Equal(1, new BatchLoader<float>(Numbers(3), new BatchOptions { Size = int.MaxValue }).BatchesPerEpoch);
        var loader = new BatchLoader<float>(Numbers(3), new BatchOptions { Size = 2 });
        Assert.Throws<InvalidOperationException>(() => loader.Next());
        Assert.Throws<ArgumentOutOfRangeException>(() => loader.Start(0, 3));
    }

    /// <summary>Samples of [1, width] whose values and labels are their number.</summary>
    private static Dataset Numbers(int count, int width = 1) => Dataset.Create(
        [.. Enumerable.Range(0, count).SelectMany(i => Enumerable.Repeat((float)i, width))], [1, width], [.. Enumerable.Range(0, count)], Dataset.NumberedClasses(count));

    private static List<int[]> Run(BatchLoader<double> loader, int epoch, int batch)
    {
        var batches = new List<int[]>();
        loader.Start(epoch, batch);
        while (loader.Next())
        {
            var current = loader.Current;
            Assert.Equal((epoch, batch++), (current.Epoch, current.Number));
            Assert.Equal(current.Labels.ToArray().Select(label => (double)label), current.Inputs.ToArray());
            Assert.Equal(current.Labels.ToArray(), current.Indices.ToArray());
            batches.Add(current.Labels.ToArray());
        }

        Assert.False(loader.Next());
        return batches;
    }

    private static List<string> Inputs(BatchLoader<float> loader, int epoch, int batch, Action? between = null)
    {
        var inputs = new List<string>();
        loader.Start(epoch, batch);
        while (loader.Next())
        {
            between?.Invoke();
            inputs.Add(string.Join(' ', loader.Current.Inputs.ToArray()) + " of " + string.Join(' ', loader.Current.Labels.ToArray()));
        }

        return inputs;
    }

    private static void Epoch(BatchLoader<float> loader, int epoch)
    {
        loader.Start(epoch);
        while (loader.Next()) Assert.True(loader.Current.Count > 0);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference Abandon()
    {
        var loader = new BatchLoader<float>(Numbers(1000), new BatchOptions { Size = 10, Shuffle = true });
        loader.Start(0);
        loader.Next();
        return new WeakReference(loader);
    }

    /// <summary>Does something of the test's own to every sample.</summary>
    private sealed record Interruption(Interruption.Action Do) : ImageTransform
    {
        public delegate void Action(ReadOnlySpan<float> sample);

        internal override void Check(Sizes shape)
        {
        }

        internal override void Apply(Span<float> sample, Span<float> scratch, Sizes shape, ref RandomSource random) => Do(sample);
    }
}
