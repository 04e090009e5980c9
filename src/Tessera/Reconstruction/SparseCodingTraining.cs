namespace Tessera.Reconstruction;

/// <summary>
/// How a dictionary is learnt: for each batch codes are inferred, then every filter moves against the gradient of ½‖x − A(D)ᵀ z‖² for D, divided
/// by the energy of the codes that use it (the running one, as in Mairal et al. 2010), by the length that is best for the batch along that
/// direction, and is brought back to norm 1. The length needs no tuning. There is no momentum: the best length is known along this batch's
/// own direction only, and the running energies already calm filters that few examples use.
/// </summary>
public sealed record SparseCodingTraining
{
    /// <summary>The part of the best step that is taken; above 0, at most 1. Less is calmer where batches are small.</summary>
    public double LearningRate { get; init; } = 0.5;

    /// <summary>What stays of the running energies at each step; 0 to less than 1.</summary>
    public double EnergyDecay { get; init; } = 0.9;

    /// <summary>
    /// A filter that no code has used for this many steps is drawn anew: a patch of the batch, the likelier the more of it is not yet
    /// reconstructed (as the centres of k-means++, Arthur and Vassilvitskii 2007). 0 for never.
    /// </summary>
    public int ReplaceUnusedAfter { get; init; } = 20;

    /// <summary>Whether the filters begin as patches of the first batch; otherwise they stay random until data pull at them.</summary>
    public bool StartFromPatches { get; init; } = true;

    /// <summary>What random choices are made from: the first filters, patches.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Throws where a setting makes no sense.</summary>
    /// <exception cref="ArgumentException">The message names the setting, its value and what it must be.</exception>
    public void Check()
    {
        Require(LearningRate is > 0 and <= 1, nameof(LearningRate), LearningRate, "above 0 and at most 1, the whole of the best step");
        Require(EnergyDecay is >= 0 and < 1, nameof(EnergyDecay), EnergyDecay, "from 0 to less than 1, such as 0.9");
        Require(ReplaceUnusedAfter >= 0, nameof(ReplaceUnusedAfter), ReplaceUnusedAfter, "1 or more steps, or 0 for never");
    }

    private static void Require(bool holds, string setting, double value, string wanted)
    {
        if (!holds) throw Setting.Wrong("dictionary learning", setting, value, wanted);
    }
}
