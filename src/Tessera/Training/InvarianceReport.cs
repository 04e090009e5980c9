namespace Tessera.Training;

/// <summary>How a network's maxima take the turning of samples.</summary>
public sealed record InvarianceReport
{
    /// <summary>The layer that takes the maxima.</summary>
    public required string Layer { get; init; }

    /// <summary>The angles in degrees, anticlockwise as one sees it; 0 stands in the middle.</summary>
    public required IReadOnlyList<double> Angles { get; init; }

    /// <summary>The part of all samples that the network gets right at each angle; empty where they have no labels.</summary>
    public required IReadOnlyList<double> Accuracy { get; init; }

    /// <summary>
    /// How far the features before the maxima are, at each angle, from themselves upright: the root mean square over samples,
    /// divided by that of the distance between two upright samples. 0 is no change; at 1 a turned sample is as far from itself as from another.
    /// </summary>
    public required IReadOnlyList<double> ChangeBefore { get; init; }

    /// <summary>The same of the maxima.</summary>
    public required IReadOnlyList<double> ChangeAfter { get; init; }

    /// <summary>The part of the maxima, of those that are above 0 upright, that the same member wins as upright. By chance it would be one over the number of members.</summary>
    public required IReadOnlyList<double> SameWinner { get; init; }

    /// <summary>The features of the one sample whose maxima are largest on the mean over angles, the best position of each channel, with their members.</summary>
    public required IReadOnlyList<PooledFeature> Features { get; init; }

    /// <summary>The one sample at each angle, row-major, as it is before normalisation.</summary>
    public required IReadOnlyList<float[]> Turned { get; init; }

    /// <summary>The shape of a sample.</summary>
    public required Sizes SampleShape { get; init; }
}
