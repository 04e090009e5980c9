using System.Numerics;
using Tessera.Data;

namespace Tessera.Training;

/// <summary>
/// Takes a training through its epochs: steps, validation, history, progress and checkpoints, in an order in which an interruption anywhere loses
/// nothing and changes no bit. It keeps where the training stands.
/// </summary>
/// <param name="loader">The batches.</param>
/// <param name="checkpointPath">The file to write after each epoch and on cancellation; null for none.</param>
/// <param name="training">What is the training's own.</param>
internal sealed class EpochLoop<T>(BatchLoader<T> loader, string? checkpointPath, ITraining<T> training)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Where the training stands.</summary>
    public TrainingPosition Position { get; set; } = new();

    /// <summary>Goes on while it is told to, or until the caller cancels: then the step that runs is finished.</summary>
    /// <param name="goesOn">Asked before each epoch.</param>
    /// <param name="clock">What has been measured.</param>
    /// <param name="progress">Told of every step and every epoch, on this thread.</param>
    /// <param name="cancellation">Asked after every step.</param>
    /// <returns>Whether it came to an end; false where the caller cancelled.</returns>
    public bool Run(Func<bool> goesOn, TrainingClock clock, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        while (goesOn())
        {
            clock.StartEpoch();
            loader.Start(Position.Epoch, Position.Batch);
            while (!cancellation.IsCancellationRequested && loader.Next())
            {
                Step(loader.Current);
                clock.Count(loader.Current.Count);
                Position.Seconds = clock.Seconds;
                progress?.Report(Progress(clock, null));
            }

            training.CheckParameters();
            var ended = Position.Batch == loader.BatchesPerEpoch && EndEpoch(clock, progress, cancellation);
            if (checkpointPath is not null) training.Save(checkpointPath);
            if (!ended) return false;
        }

        return true;
    }

    /// <summary>What the training has come to.</summary>
    public TrainingResult Result(TrainingOutcome outcome, TrainingClock clock, QualityMeasure measure, bool holdsBest)
    {
        Position.Seconds = clock.Seconds;
        return new TrainingResult
        {
            Outcome = outcome,
            Epochs = [.. Position.History],
            BestEpoch = TrainingHistory.Best(Position.History, measure) + 1,
            HoldsBest = holdsBest,
            Steps = Position.Step,
            Seconds = Position.Seconds,
            ImagesPerSecond = clock.RunRate,
        };
    }

    private void Step(Batch<T> batch)
    {
        Position.LossSum += training.Step(batch) * batch.Count;
        Position.Seen += batch.Count;
        Position.Batch++;
        Position.Step++;
    }

    /// <summary>Validates and goes to the next epoch; false where the caller cancelled, and then nothing has changed.</summary>
    private bool EndEpoch(TrainingClock clock, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        Evaluation? validated;
        try
        {
            validated = training.Validate(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }

        Position.Seconds = clock.Seconds;
        var metrics = new EpochMetrics
        {
            Epoch = Position.Epoch + 1,
            Loss = Position.LossSum / Position.Seen,
            Accuracy = training.Accuracy,
            ValidationLoss = validated?.Loss,
            ValidationAccuracy = validated?.Accuracy,
            Rate = training.Rate,
            Seconds = Position.Seconds,
        };
        Position.History.Add(metrics);
        training.EpochEnded();
        // Told last: whatever the caller does, the epoch has ended.
        var told = Progress(clock, metrics);
        Position.NextEpoch();
        progress?.Report(told);
        return true;
    }

    private TrainingProgress Progress(TrainingClock clock, EpochMetrics? endOfEpoch) => new()
    {
        Epoch = Position.Epoch + 1,
        Epochs = training.Epochs,
        Batch = Position.Batch,
        Batches = loader.BatchesPerEpoch,
        Step = Position.Step,
        Loss = Position.LossSum / Position.Seen,
        Accuracy = training.Accuracy,
        Rate = training.Rate,
        ImagesPerSecond = clock.EpochRate,
        EndOfEpoch = endOfEpoch,
    };
}
