namespace Tessera.Training;

/// <summary>Where a training stands between two steps: everything it needs to go on besides its parameters and the optimiser's state.</summary>
internal sealed class TrainingPosition
{
    /// <summary>The current epoch, from 0.</summary>
    public int Epoch { get; set; }

    /// <summary>Steps made in the current epoch.</summary>
    public int Batch { get; set; }

    /// <summary>Steps made in all.</summary>
    public long Step { get; set; }

    /// <summary>Examples seen in the current epoch.</summary>
    public long Seen { get; set; }

    /// <summary>The sum of their losses.</summary>
    public double LossSum { get; set; }

    /// <summary>How many of them were got right.</summary>
    public long Correct { get; set; }

    /// <summary>Seconds of training so far.</summary>
    public double Seconds { get; set; }

    /// <summary>The epochs that have ended.</summary>
    public List<EpochMetrics> History { get; } = [];

    /// <summary>The same position, to go on from independently.</summary>
    public TrainingPosition Copy()
    {
        var copy = new TrainingPosition { Epoch = Epoch, Batch = Batch, Step = Step, Seen = Seen, LossSum = LossSum, Correct = Correct, Seconds = Seconds };
        copy.History.AddRange(History);
        return copy;
    }

    /// <summary>Goes to the beginning of the next epoch.</summary>
    public void NextEpoch()
    {
        Epoch++;
        Batch = 0;
        Seen = 0;
        LossSum = 0;
        Correct = 0;
    }
}
