namespace Tessera.Training;

/// <summary>What a training came to.</summary>
public sealed record TrainingResult
{
    /// <summary>Why it ended.</summary>
    public required TrainingOutcome Outcome { get; init; }

    /// <summary>Every epoch that ended, those before an interruption among them.</summary>
    public required IReadOnlyList<EpochMetrics> Epochs { get; init; }

    /// <summary>The best epoch, from 1; 0 where none has ended.</summary>
    public required int BestEpoch { get; init; }

    /// <summary>Whether the trainer's parameters are now those of the best epoch.</summary>
    public required bool HoldsBest { get; init; }

    /// <summary>Steps made in all.</summary>
    public required long Steps { get; init; }

    /// <summary>Seconds that training took in all, validation and checkpoints included, interruptions not.</summary>
    public required double Seconds { get; init; }

    /// <summary>Training examples a second in this run, validation and checkpoints included.</summary>
    public required double ImagesPerSecond { get; init; }
}
