using System.Globalization;
using System.Numerics;
using Tessera.Data;
using Tessera.Execution;
using Tessera.Kernels;
using Tessera.Networks;
using Tessera.Operators;

namespace Tessera.Training;

/// <summary>
/// Trains a network on a dataset. Everything is checked and all memory is taken when it is made; a step allocates nothing. The bits of the
/// result depend on the description and the data alone, not on threads, and not on where a training was interrupted and resumed.
/// For one caller at a time.
/// </summary>
public sealed class Trainer<T> : ITraining<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private const long SplitKey = 0x73706C6974;

    private readonly NetworkDescription network;
    private readonly TrainingDescription training;
    private readonly TrainerOptions options;
    private readonly Dataset data;
    private readonly Dataset? validation;
    private readonly BatchLoader<T> loader;
    private readonly FlatExecution<T> whole;
    private readonly FlatExecution<T>? rest;
    private readonly OptimiserState<T> optimiser;
    private readonly Evaluator<T>? evaluator;
    private readonly NetworkParameters<T>? best;
    private readonly int batchSize;
    private readonly EpochLoop<T> loop;
    private bool restoredBest;

    /// <summary>A training at its beginning, of a network on samples as they are; see the other constructor.</summary>
    public Trainer(NetworkDescription network, TrainingDescription training, Dataset data, TrainerOptions? options = null)
        : this(new ModelDescription(network, training, new DataDescription()), data, options)
    {
    }

    /// <summary>A training at its beginning, with new parameters from the description's seed.</summary>
    /// <param name="model">The network, how it is trained, and what is done to samples. Where the network ends in the softmax or sigmoid of its cross-entropy, the loss is computed from what goes in there.</param>
    /// <param name="data">What to train on, and to keep back for validation.</param>
    /// <param name="options">Things of this run.</param>
    /// <exception cref="ArgumentException">A setting makes no sense, or network, loss and data do not fit; the message names both sides and a way out.</exception>
    /// <exception cref="DirectoryNotFoundException">The checkpoint's folder does not exist.</exception>
    public Trainer(ModelDescription model, Dataset data, TrainerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        training = model.Training;
        training.Check();
        CheckpointFile.CheckFolder(options?.CheckpointPath);
        this.options = options ?? new TrainerOptions();
        network = LossHead.ForLoss(model.Network, training.Loss);
        DataFit.Check(data, network, training.Loss, training.Target, model.Data.IsNormalised, "training data");
        (this.data, validation) = Split(data, model.Data.IsNormalised);
        if (training.Measure == QualityMeasure.Accuracy && !data.IsLabelled)
            throw new ArgumentException("training: Measure is Accuracy, but the examples have targets and no labels; measure the loss.", nameof(model));

        batchSize = Math.Min(training.BatchSize, this.data.Count);
        Model = model with { Data = model.Data.MeasuredOn(this.data) };
        loader = new BatchLoader<T>(this.data, new BatchOptions { Size = batchSize, Shuffle = true, Seed = training.Seed, Augmentation = Model.Data.ForTraining });
        training.Schedule.Check(loader.BatchesPerEpoch, training.Epochs);
        loop = new EpochLoop<T>(loader, this.options.CheckpointPath, this);

        Parameters = NetworkParameters<T>.Create(model.Network, training.Seed);
        var shared = Parameters.For(network);
        whole = Compile(shared, batchSize);
        rest = this.data.Count % batchSize == 0 ? null : Compile(shared, this.data.Count % batchSize);
        optimiser = new OptimiserState<T>(training.Optimiser, shared, new PlanOptions { Threads = training.Threads }.ResolvedThreads);
        if (training.KeepBest) best = Parameters.Clone();
        if (validation is not null)
        {
            var plan = new PlanOptions { Threads = training.Threads, Instructions = this.options.Instructions, Exact = training.Exact };
            evaluator = new Evaluator<T>(model.Network, Parameters, training.Loss, Math.Min(training.BatchSize, validation.Count), Model.Data.Normalisation, plan) { Target = training.Target };
        }
    }

    /// <summary>The model as it was given, with its normalisation measured where it asks for that, and with the data's class names.</summary>
    public ModelDescription Model { get; }

    /// <summary>The network's parameters, which training changes.</summary>
    public NetworkParameters<T> Parameters { get; }

    /// <summary>The number of examples that steps are made with.</summary>
    public int TrainingCount => data.Count;

    /// <summary>The number of examples that are validated with; 0 without validation.</summary>
    public int ValidationCount => validation?.Count ?? 0;

    /// <summary>The epochs that have ended.</summary>
    public IReadOnlyList<EpochMetrics> History => Position.History;

    /// <summary>Goes to where the training in a checkpoint stood; what follows has the same bits as if it had never stopped.</summary>
    /// <param name="path">A checkpoint of a training with the same network, data, seed, batch size, loss, kind of optimiser and precision; epochs, rates and threads may differ.</param>
    /// <exception cref="InvalidDataException">The file is no checkpoint, is damaged, or is of another training; the message says which.</exception>
    public void Resume(string path)
    {
        var checkpoint = Checkpoint.Open(path);
        loop.Position = checkpoint.Restore(Parameters, best, optimiser, loader.BatchesPerEpoch, Model, Samples);
        restoredBest = false;
    }

    /// <summary>
    /// Goes to where a training of the same network stands, from which this one differs in the sharing of convolutions alone: the same step,
    /// and parameters that compute the same. What the optimiser remembers of a parameter that is untied starts anew: see <see cref="OptimiserState{T}.UntieFrom"/>.
    /// A checkpoint does not know of that, so that a training that was untied cannot be interrupted and resumed.
    /// </summary>
    internal void UntieFrom(Trainer<T> start)
    {
        SharingOfNetwork.Convert(start.Parameters, Parameters);
        optimiser.UntieFrom(start.optimiser);
        loop.Position = start.Position.Copy();
        restoredBest = false;
    }

    /// <summary>Writes a checkpoint from which a training can go on; once it has ended with its best parameters, these alone.</summary>
    /// <exception cref="IOException">The file cannot be written; an old one stands.</exception>
    public void Save(string path)
    {
        if (restoredBest) Checkpoint.Save(path, Model, Parameters);
        else Checkpoint.Save(path, Model, Parameters, Position.History.Count == 0 ? null : best, optimiser, Position, Samples);
    }

    /// <summary>
    /// Trains to the end, or until it no longer gets better, or until the caller cancels: then the step that runs is finished, a checkpoint is
    /// written where the options name one, and the next call goes on.
    /// </summary>
    /// <param name="progress">Told of every step and every epoch, on this thread.</param>
    /// <param name="cancellation">Asked after every step.</param>
    /// <exception cref="TrainingDivergedException">The loss or the gradients are not finite; the last checkpoint stands.</exception>
    /// <exception cref="IOException">The checkpoint cannot be written.</exception>
    public TrainingResult Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default) => RunTo(training.Epochs, progress, cancellation);

    /// <summary>The same up to an epoch before the last: rates are those of the whole training.</summary>
    internal TrainingResult RunTo(int epochs, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        var clock = new TrainingClock(Position.Seconds);
        if (!loop.Run(GoesOn, clock, progress, cancellation)) return loop.Result(TrainingOutcome.Cancelled, clock, training.Measure, false);
        var at = TrainingHistory.Best(Position.History, training.Measure);
        if (best is not null && at >= 0)
        {
            Parameters.CopyFrom(best);
            restoredBest = true;
        }

        return loop.Result(Position.Epoch < training.Epochs ? TrainingOutcome.StoppedEarly : TrainingOutcome.Completed, clock, training.Measure, restoredBest || at == Position.History.Count - 1);

        bool GoesOn() => Position.Epoch < epochs && !TrainingHistory.ShouldStop(Position.History, training.Measure, training.EarlyStopping);
    }

    double ITraining<T>.Step(Batch<T> batch)
    {
        var execution = batch.Count == batchSize ? whole : rest!;
        execution.Network.Step = Position.Step;
        var output = execution.Forward(batch.Inputs.Span);
        var labels = training.Target == TrainingTarget.Given ? batch.Labels.Span : [];
        var loss = execution.Network.Penalty + (labels.IsEmpty
            ? training.Loss.Evaluate<T>(execution.Network.OutputShape, output, (training.Target == TrainingTarget.Input ? batch.Inputs : batch.Targets).Span, execution.OutputGradient)
            : training.Loss.Evaluate(execution.Network.OutputShape, output, labels, execution.OutputGradient));
        if (!double.IsFinite(loss)) throw Diverged("the loss", loss, execution.Network.FindNonFinite(), Position.Step + 1);
        Position.Correct += Classification.CountCorrect(output, labels, training.Loss);
        execution.Backward();
        double scale = 1;
        if (training.ClipNorm is { } most)
        {
            var norm = optimiser.GradientNorm(execution.Network.Gradients);
            if (!double.IsFinite(norm)) throw Diverged("the norm of the gradients", norm, execution.Network.FindNonFinite(), Position.Step + 1);
            if (norm > most) scale = most / norm;
        }

        optimiser.Step(execution.Network.Gradients, Rate(Position.Step), scale);
        return loss;
    }

    Evaluation? ITraining<T>.Validate(CancellationToken cancellation)
    {
        if (validation is null) return null;
        var validated = evaluator!.Evaluate(validation, cancellation);
        return double.IsFinite(validated.Loss) ? validated : throw Diverged("the validation loss", validated.Loss, null, Position.Step);
    }

    void ITraining<T>.EpochEnded()
    {
        if (TrainingHistory.Best(Position.History, training.Measure) == Position.Epoch) best?.CopyFrom(Parameters);
    }

    int ITraining<T>.Epochs => training.Epochs;

    double? ITraining<T>.Accuracy => data.IsLabelled && training.Target == TrainingTarget.Given ? Position.Correct / (double)Position.Seen : null;

    double ITraining<T>.Rate => Rate(Position.Step - 1);

    private TrainingPosition Position => loop.Position;

    private (long Training, long Validation) Samples => (data.Count, ValidationCount);

    private double Rate(long step) => training.Schedule.Rate(training.Optimiser.LearningRate, step, loader.BatchesPerEpoch, training.Epochs);

    private (Dataset Training, Dataset? Validation) Split(Dataset all, bool isNormalised)
    {
        if (options.Validation is { } given)
        {
            if (training.ValidationFraction > 0)
                throw new ArgumentException("training: validation data is given, and ValidationFraction wants a part of the training data as well; leave one of them out.");
            DataFit.Check(given, network, training.Loss, training.Target, isNormalised, "validation data");
            return (all, given);
        }

        if (training.ValidationFraction == 0) return (all, null);
        return all.Split(training.ValidationFraction, unchecked((long)new RandomSource(training.Seed, SplitKey).NextBits()));
    }

    private FlatExecution<T> Compile(NetworkParameters<T> parameters, int batch)
    {
        try
        {
            var how = new ExecutionOptions { Training = true, Threads = training.Threads, Instructions = options.Instructions, Exact = training.Exact, Seed = training.Seed };
            return new FlatExecution<T>(new NetworkExecution<T>(network, parameters, batch, how));
        }
        catch (ArgumentException exception) when (batch != batchSize)
        {
            throw new ArgumentException(
                $"training: with batches of {batchSize} the last one of the {data.Count} training samples has {batch}: {exception.Message} Another batch size leaves another last batch.", exception);
        }
    }

    void ITraining<T>.CheckParameters()
    {
        foreach (var parameter in Parameters)
        {
            if (VectorLoops.AllFinite<T>(parameter.Span)) continue;
            var broken = parameter.Span.ToArray().First(value => !T.IsFinite(value));
            throw Diverged($"an element of '{parameter.Name}'", double.CreateTruncating(broken), whole.Network.FindNonFinite(), Position.Step);
        }
    }

    /// <param name="what">What is not finite.</param>
    /// <param name="value">Its value.</param>
    /// <param name="layer">The first layer that broke, if known.</param>
    /// <param name="step">The step, from 1.</param>
    private TrainingDivergedException Diverged(string what, double value, string? layer, long step)
    {
        var place = layer switch
        {
            null => "",
            NetworkDescription.InputName => " The samples themselves are not finite.",
            _ => $" The first activations that are not finite are those of layer '{layer}'.",
        };
        var (epoch, batch) = Math.DivRem(step - 1, loader.BatchesPerEpoch);
        var clip = training.ClipNorm is null ? "clip the gradients (ClipNorm = 1), " : "";
        return new TrainingDivergedException(
            string.Create(CultureInfo.InvariantCulture, $"training: {what} is {value} at step {step} (epoch {epoch + 1}, batch {batch + 1}).{place} Try a lower learning rate (it was {Rate(Math.Max(0, step - 2))}), {clip}warm up over some hundred steps, or normalise the samples."),
            step,
            layer);
    }
}
