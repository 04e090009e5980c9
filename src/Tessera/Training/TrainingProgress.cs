namespace Tessera.Training;

/// <summary>How far a training is: reported after every step, and once more at the end of each epoch.</summary>
public readonly record struct TrainingProgress
{
    /// <summary>The epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>The number of epochs that the training is to have.</summary>
    public required int Epochs { get; init; }

    /// <summary>Steps made in this epoch.</summary>
    public required int Batch { get; init; }

    /// <summary>Steps in an epoch.</summary>
    public required int Batches { get; init; }

    /// <summary>Steps made since the training began.</summary>
    public required long Step { get; init; }

    /// <summary>The mean loss of the epoch's examples so far.</summary>
    public required double Loss { get; init; }

    /// <summary>The part of the epoch's examples so far that were got right; null where examples have no labels.</summary>
    public required double? Accuracy { get; init; }

    /// <summary>The rate of the last step.</summary>
    public required double Rate { get; init; }

    /// <summary>Examples a second in this epoch, since training or resuming.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>What the whole epoch came to, validation included; null between.</summary>
    public EpochMetrics? EndOfEpoch { get; init; }
}
