namespace Tessera.Training;

/// <summary>What says which of two epochs is better.</summary>
public enum QualityMeasure
{
    /// <summary>The lower loss.</summary>
    Loss,

    /// <summary>The higher accuracy; the lower loss where that is equal.</summary>
    Accuracy,
}
