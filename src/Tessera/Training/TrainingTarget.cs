namespace Tessera.Training;

/// <summary>What the loss compares a network's output with.</summary>
public enum TrainingTarget
{
    /// <summary>The label or the target that the data give with each sample.</summary>
    Given,

    /// <summary>The sample itself, as it goes into the network: augmented and normalised, before any noise layer. Labels and targets are not looked at.</summary>
    Input,
}
