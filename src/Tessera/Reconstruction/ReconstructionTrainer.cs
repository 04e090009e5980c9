using System.Globalization;
using System.Numerics;
using Tessera.Data;
using Tessera.Training;

namespace Tessera.Reconstruction;

/// <summary>
/// Trains a reconstruction model on a dataset, whose labels and targets it never looks at. The bits of the result depend on the model's
/// description and the data alone, not on threads, and not on where a training was interrupted and resumed. For one caller at a time.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class ReconstructionTrainer<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Dataset data;
    private readonly Dataset? validation;
    private readonly string? checkpointPath;
    private readonly BatchLoader<T> loader;
    private readonly ReconstructionError<T>? validator;
    private TrainingPosition position = new();

    /// <summary>A training at its beginning, with new parameters from the description's seed.</summary>
    /// <param name="model">The model, how it is trained, and what is done to samples.</param>
    /// <param name="data">What to train on.</param>
    /// <param name="options">Things of this run.</param>
    /// <exception cref="ArgumentException">A setting makes no sense, or model and data do not fit; the message has a way out.</exception>
    /// <exception cref="DirectoryNotFoundException">The checkpoint's folder does not exist.</exception>
    public ReconstructionTrainer(ReconstructionModel model, Dataset data, TrainerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        model.Check();
        DataFit.CheckSamples(data, model.InputShape, "training data");
        validation = options?.Validation;
        CheckpointFile.CheckFolder(options?.CheckpointPath);
        if (validation is not null) DataFit.CheckSamples(validation, model.InputShape, "validation data");
        checkpointPath = options?.CheckpointPath;
        this.data = data;
        Model = model with { Data = model.Data.MeasuredOn(data) };
        var batch = Math.Min(model.Schedule.BatchSize, data.Count);
        loader = new BatchLoader<T>(data, new BatchOptions { Size = batch, Shuffle = true, DropLast = true, Seed = model.Schedule.Seed, Augmentation = Model.Data.ForTraining });
        Learner = Model.CreateLearner<T>(batch);
        if (validation is not null) validator = new ReconstructionError<T>(Learner, Model.Data.ForInference);
    }

    /// <summary>The model as it was given, with its normalisation measured where it asks for that, and with the data's class names.</summary>
    public ReconstructionModel Model { get; }

    /// <summary>The model at work, for batches of the training's size; training changes it.</summary>
    public IReconstructor<T> Reconstructor => Learner;

    /// <summary>The number of examples that are trained on.</summary>
    public int TrainingCount => data.Count;

    /// <summary>The number of elements that training changes.</summary>
    public long ParameterCount => Learner.Parameters.Sum(static tensor => tensor.Shape.Product);

    /// <summary>The epochs that have ended; the loss is the mean square of what reconstruction misses of an element.</summary>
    public IReadOnlyList<EpochMetrics> History => position.History;

    internal ILearner<T> Learner { get; }

    private int Epochs => Model.Schedule.Epochs * Learner.Stages;

    /// <summary>Goes to where the training in a checkpoint stood; what follows has the same bits as if it had never stopped.</summary>
    /// <exception cref="InvalidDataException">The file is no checkpoint, is damaged, or is of another training; the message says which.</exception>
    public void Resume(string path) => position = ReconstructionCheckpoint.Open(path).Restore(Learner, loader.BatchesPerEpoch, Model, Samples);

    /// <summary>Writes a checkpoint from which a training can go on.</summary>
    /// <exception cref="IOException">The file cannot be written; an old one stands.</exception>
    public void Save(string path) => ReconstructionCheckpoint.Save(path, Model, Learner, position, Samples);

    /// <summary>Trains to the end, or until the caller cancels: then the step that runs is finished, a checkpoint is written where the options name one, and the next call goes on.</summary>
    /// <param name="progress">Told of every step and every epoch, on this thread.</param>
    /// <param name="cancellation">Asked after every step.</param>
    /// <exception cref="TrainingDivergedException">What reconstruction misses is not finite; the last checkpoint stands.</exception>
    /// <exception cref="IOException">The checkpoint cannot be written.</exception>
    public TrainingResult Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        var clock = new TrainingClock(position.Seconds);
        while (position.Epoch < Epochs)
        {
            clock.StartEpoch();
            loader.Start(position.Epoch, position.Batch);
            while (!cancellation.IsCancellationRequested && loader.Next())
            {
                Step(loader.Current);
                clock.Count(loader.Current.Count);
                position.Seconds = clock.Seconds;
                progress?.Report(Progress(clock, null));
            }

            var ended = position.Batch == loader.BatchesPerEpoch ? EndEpoch(clock, progress, cancellation) : null;
            if (checkpointPath is not null) Save(checkpointPath);
            if (ended is null) return Result(TrainingOutcome.Cancelled, clock);
        }

        return Result(TrainingOutcome.Completed, clock);
    }

    private int Stage => Math.Min(position.Epoch / Model.Schedule.Epochs, Learner.Stages - 1);

    private (long Training, long Validation) Samples => (data.Count, validation?.Count ?? 0);

    private void Step(Batch<T> batch)
    {
        var missed = Learner.Learn(batch.Inputs.Span, Stage, position.Step);
        if (!double.IsFinite(missed))
        {
            var (epoch, number) = Math.DivRem(position.Step, loader.BatchesPerEpoch);
            throw new TrainingDivergedException(
                string.Create(CultureInfo.InvariantCulture, $"training: what the reconstruction misses is {missed} at step {position.Step + 1} (epoch {epoch + 1}, batch {number + 1}). Try a lower learning rate, or normalise the samples."), position.Step + 1, null);
        }

        position.LossSum += missed * batch.Count;
        position.Seen += batch.Count;
        position.Batch++;
        position.Step++;
    }

    /// <summary>Validates and goes to the next epoch; null where the caller cancelled, and then nothing has changed.</summary>
    private EpochMetrics? EndEpoch(TrainingClock clock, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        double? validated = null;
        try
        {
            if (validation is not null) validated = validator!.Of(validation, Stage, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }

        position.Seconds = clock.Seconds;
        var metrics = new EpochMetrics
        {
            Epoch = position.Epoch + 1,
            Loss = position.LossSum / position.Seen,
            ValidationLoss = validated,
            Rate = Model.LearningRate,
            Seconds = position.Seconds,
        };
        position.History.Add(metrics);
        // Told last: whatever the caller does, the epoch has ended.
        var told = Progress(clock, metrics);
        position.NextEpoch();
        progress?.Report(told);
        return metrics;
    }

    private TrainingProgress Progress(TrainingClock clock, EpochMetrics? endOfEpoch) => new()
    {
        Epoch = position.Epoch + 1,
        Epochs = Epochs,
        Batch = position.Batch,
        Batches = loader.BatchesPerEpoch,
        Step = position.Step,
        Loss = position.LossSum / position.Seen,
        Accuracy = null,
        Rate = Model.LearningRate,
        ImagesPerSecond = clock.EpochRate,
        EndOfEpoch = endOfEpoch,
    };

    private TrainingResult Result(TrainingOutcome outcome, TrainingClock clock)
    {
        position.Seconds = clock.Seconds;
        return new TrainingResult
        {
            Outcome = outcome,
            Epochs = [.. position.History],
            BestEpoch = TrainingHistory.Best(position.History, QualityMeasure.Loss) + 1,
            HoldsBest = false,
            Steps = position.Step,
            Seconds = position.Seconds,
            ImagesPerSecond = clock.RunRate,
        };
    }
}
