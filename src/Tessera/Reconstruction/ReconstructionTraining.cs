namespace Tessera.Reconstruction;

/// <summary>How a reconstruction model goes through its data: what all of them have in common. Immutable and comparable; every setting has a default that trains.</summary>
public sealed record ReconstructionTraining
{
    /// <summary>Passes over the training data, from 1; a belief net makes as many for each of its machines.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Examples in one step, from 1; those that do not fill a last step of an epoch are left out of that epoch.</summary>
    public int BatchSize { get; init; } = 50;

    /// <summary>What all random choices are made from: initial weights, order, augmentation, sampling.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The most threads; 0 for as many as there are processors. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Whether every sum of a convolution is taken term by term: see <see cref="Operators.PlanOptions.Exact"/>. The result's bits depend on it.</summary>
    public bool Exact { get; init; }

    /// <summary>Throws where a setting makes no sense.</summary>
    /// <exception cref="ArgumentException">The message names the setting, its value and what it must be.</exception>
    public void Check()
    {
        Require(Epochs >= 1, nameof(Epochs), Epochs, "1 or more");
        Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "1 or more");
        Require(Threads >= 0, nameof(Threads), Threads, "1 or more, or 0 for all processors");
    }

    private static void Require(bool holds, string setting, double value, string wanted)
    {
        if (!holds) throw Setting.Wrong("training", setting, value, wanted);
    }
}
