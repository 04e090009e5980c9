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
public sealed class ReconstructionTrainer<T> : ITraining<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Dataset data;
    private readonly Dataset? validation;
    private readonly BatchLoader<T> loader;
    private readonly ReconstructionError<T>? validator;
    private readonly EpochLoop<T> loop;

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
        this.data = data;
        Model = model with { Data = model.Data.MeasuredOn(data) };
        var batch = Math.Min(model.Schedule.BatchSize, data.Count);
        loader = new BatchLoader<T>(data, new BatchOptions { Size = batch, Shuffle = true, DropLast = true, Seed = model.Schedule.Seed, Augmentation = Model.Data.ForTraining });
        Learner = Model.CreateLearner<T>(batch);
        loop = new EpochLoop<T>(loader, options?.CheckpointPath, this);
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
    public IReadOnlyList<EpochMetrics> History => loop.Position.History;

    internal ILearner<T> Learner { get; }

    /// <summary>Goes to where the training in a checkpoint stood; what follows has the same bits as if it had never stopped.</summary>
    /// <exception cref="InvalidDataException">The file is no checkpoint, is damaged, or is of another training; the message says which.</exception>
    public void Resume(string path) => loop.Position = ReconstructionCheckpoint.Open(path).Restore(Learner, loader.BatchesPerEpoch, Model, Samples);

    /// <summary>Writes a checkpoint from which a training can go on.</summary>
    /// <exception cref="IOException">The file cannot be written; an old one stands.</exception>
    public void Save(string path) => ReconstructionCheckpoint.Save(path, Model, Learner, loop.Position, Samples);

    /// <summary>Trains to the end, or until the caller cancels: then the step that runs is finished, a checkpoint is written where the options name one, and the next call goes on.</summary>
    /// <param name="progress">Told of every step and every epoch, on this thread.</param>
    /// <param name="cancellation">Asked after every step.</param>
    /// <exception cref="TrainingDivergedException">What reconstruction misses is not finite; the last checkpoint stands.</exception>
    /// <exception cref="IOException">The checkpoint cannot be written.</exception>
    public TrainingResult Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        var clock = new TrainingClock(loop.Position.Seconds);
        var ended = loop.Run(() => loop.Position.Epoch < Epochs, clock, progress, cancellation);
        return loop.Result(ended ? TrainingOutcome.Completed : TrainingOutcome.Cancelled, clock, QualityMeasure.Loss, false);
    }

    int ITraining<T>.Epochs => Epochs;

    double? ITraining<T>.Accuracy => null;

    double ITraining<T>.Rate => Model.LearningRate;

    private int Epochs => Model.Schedule.Epochs * Learner.Stages;

    private int Stage => Math.Min(loop.Position.Epoch / Model.Schedule.Epochs, Learner.Stages - 1);

    private (long Training, long Validation) Samples => (data.Count, validation?.Count ?? 0);

    double ITraining<T>.Step(Batch<T> batch)
    {
        var step = loop.Position.Step;
        var missed = Learner.Learn(batch.Inputs.Span, Stage, step);
        if (double.IsFinite(missed)) return missed;
        var (epoch, number) = Math.DivRem(step, loader.BatchesPerEpoch);
        throw new TrainingDivergedException(
            string.Create(CultureInfo.InvariantCulture, $"training: what the reconstruction misses is {missed} at step {step + 1} (epoch {epoch + 1}, batch {number + 1}). Try a lower learning rate, or normalise the samples."), step + 1, null);
    }

    void ITraining<T>.CheckParameters()
    {
        // A parameter that is not finite shows in what the next step misses.
    }

    Evaluation? ITraining<T>.Validate(CancellationToken cancellation) =>
        validation is null ? null : new Evaluation(validator!.Of(validation, Stage, cancellation), null, null, validation.Count);

    void ITraining<T>.EpochEnded()
    {
    }
}
