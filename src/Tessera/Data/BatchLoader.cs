using System.Runtime.ExceptionServices;

namespace Tessera.Data;

/// <summary>
/// Puts a dataset into batches, and prepares the next one on a thread of the pool while the caller works with the last. The order and the
/// samples depend on the options and on (epoch, batch) alone, not on timing, and a run may begin anywhere. Allocates nothing after the
/// first batches; needs no disposing: a caller who stops leaves at most one batch that is prepared in vain. For one caller at a time.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class BatchLoader<T>
    where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
{
    private readonly Dataset data;
    private readonly BatchOptions options;
    private readonly long seed;
    private readonly Preparation preparation;
    private Batch<T> front;
    private bool started;
    private bool hasCurrent;
    private int epoch;
    private int number;

    /// <summary>A loader over <paramref name="data"/>; memory for two batches is taken here.</summary>
    /// <exception cref="ArgumentException">There are no samples, the size is not positive or too large, no batch would be full, or the augmentation does not suit the samples.</exception>
    public BatchLoader(Dataset data, BatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        if (data.Count == 0) throw new ArgumentException("There are no samples to put into batches.", nameof(data));
        if (options.Size < 1) throw new ArgumentException($"A batch of {options.Size} samples cannot be; use at least 1.", nameof(options));
        if (options.DropLast && options.Size > data.Count)
            throw new ArgumentException($"A batch of {options.Size} is more than all {data.Count} samples, and batches that are not full are to be dropped; use a smaller batch.", nameof(options));
        var size = Math.Min(options.Size, data.Count);
        if (Math.Max(data.SampleShape.Product, data.IsLabelled ? 0 : data.TargetShape.Product) * size > Array.MaxLength)
            throw new ArgumentException($"A batch of {size} samples of {data.SampleShape} does not fit in one array; use a smaller batch.", nameof(options));
        options.Augmentation.Check(data.SampleShape);

        this.data = data;
        this.options = options;
        // Its own numbers: a seed is also used for weights and dropout, with keys of theirs.
        seed = unchecked((long)new RandomSource(options.Seed, 0x6261746368).NextBits());
        BatchesPerEpoch = (data.Count / options.Size) + (options.DropLast || data.Count % options.Size == 0 ? 0 : 1);
        front = new Batch<T>(data, size);
        preparation = new Preparation(this, new Batch<T>(data, size));
    }

    /// <summary>The number of batches in an epoch.</summary>
    public int BatchesPerEpoch { get; }

    /// <summary>The batch that <see cref="Next"/> brought; valid until it is called again.</summary>
    public Batch<T> Current => hasCurrent ? front : throw new InvalidOperationException("There is no batch yet; call Start and Next.");

    /// <summary>Goes to a batch of an epoch, both from 0; <see cref="Next"/> brings it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative, or there is no such batch.</exception>
    public void Start(int epoch, int batch = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch, BatchesPerEpoch);
        this.epoch = epoch;
        number = batch;
        started = true;
        hasCurrent = false;
        if (batch == BatchesPerEpoch) return;
        preparation.Request(epoch, batch);
    }

    /// <summary>Brings the next batch of the epoch to <see cref="Current"/>; false where the epoch has ended.</summary>
    /// <exception cref="InvalidOperationException"><see cref="Start"/> was not called.</exception>
    public bool Next()
    {
        if (!started) throw new InvalidOperationException("Call Start before Next.");
        hasCurrent = false;
        if (number == BatchesPerEpoch) return false;
        front = preparation.Take(epoch, number, front);
        hasCurrent = true;
        number++;
        if (number < BatchesPerEpoch) preparation.Request(epoch, number);
        else preparation.Request(epoch + 1, 0);
        return true;
    }

    /// <summary>
    /// The one batch in the making. Whoever comes first makes it, the pool's thread or the caller who needs it, so that a pool with no
    /// thread to spare delays nobody. A call from the pool that comes too late finds nothing to do, or the next batch, which is as good.
    /// </summary>
    private sealed class Preparation(BatchLoader<T> loader, Batch<T> batch) : IThreadPoolWorkItem
    {
        private readonly object gate = new();
        private readonly int[] order = new int[loader.data.Count];
        private readonly float[] sample = new float[Math.Max(loader.data.SampleShape.Product, loader.data.IsLabelled ? 0 : loader.data.TargetShape.Product)];
        private readonly float[] scratch = new float[loader.data.SampleShape.Product];
        private int orderedEpoch = -1;
        private State state;
        private int epoch;
        private int number;
        private ExceptionDispatchInfo? failure;

        private enum State
        {
            Idle,
            Wanted,
            Running,
            Ready,
        }

        /// <summary>Asks the pool for a batch, unless it is the one in the making.</summary>
        public void Request(int wantedEpoch, int wantedNumber)
        {
            lock (gate)
            {
                if (state != State.Idle && (epoch, number) == (wantedEpoch, wantedNumber)) return;
                AwaitRunning();
                (epoch, number, failure) = (wantedEpoch, wantedNumber, null);
                state = State.Wanted;
            }

            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        /// <summary>The batch that was asked for last, in exchange for one to overwrite.</summary>
        public Batch<T> Take(int wantedEpoch, int wantedNumber, Batch<T> exchange)
        {
            Request(wantedEpoch, wantedNumber);
            Execute();
            lock (gate)
            {
                AwaitRunning();
                failure?.Throw();
                state = State.Idle;
                (batch, exchange) = (exchange, batch);
                return exchange;
            }
        }

        public void Execute()
        {
            lock (gate)
            {
                if (state != State.Wanted) return;
                state = State.Running;
            }

            try
            {
                Fill();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }

            lock (gate)
            {
                state = State.Ready;
                Monitor.PulseAll(gate);
            }
        }

        /// <summary>Waits, inside the lock, for a batch that another thread is filling.</summary>
        private void AwaitRunning()
        {
            while (state == State.Running) Monitor.Wait(gate);
        }

        private void Fill()
        {
            if (orderedEpoch != epoch)
            {
                for (var i = 0; i < order.Length; i++) order[i] = i;
                if (loader.options.Shuffle) new RandomSource(loader.seed, epoch).Shuffle<int>(order);
                orderedEpoch = epoch;
            }

            var start = number * loader.options.Size;
            (batch.Epoch, batch.Number) = (epoch, number);
            batch.Fill(
                loader.data, order.AsSpan(start, Math.Min(loader.options.Size, order.Length - start)), loader.options.Augmentation, loader.seed, sample, scratch);
        }
    }
}
