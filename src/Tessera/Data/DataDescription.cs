namespace Tessera.Data;

/// <summary>What a model file says of its data: where it comes from and what is done to samples before the network sees them. Immutable and comparable.</summary>
public sealed record DataDescription
{
    /// <summary>A dataset's name or path, as <see cref="NamedDatasets.Read"/> takes it; null where whoever trains says.</summary>
    public string? Source { get; init; }

    /// <summary>How channels are normalised; null for not, or for <see cref="MeasuresNormalisation"/>.</summary>
    public Normalise? Normalisation { get; init; }

    /// <summary>Whether the mean and deviation to normalise by are measured on the training data.</summary>
    public bool MeasuresNormalisation { get; init; }

    /// <summary>Whether samples are normalised, by numbers that are known or will be measured.</summary>
    internal bool IsNormalised => MeasuresNormalisation || Normalisation is not null;

    /// <summary>What is done at random to training samples, before they are normalised.</summary>
    public Augmentation Augmentation { get; init; } = Augmentation.None;

    /// <summary>The name of each class, by label; empty where nobody said.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>This description with the normalisation measured on <paramref name="training"/>, if it asks for that, and with the data's class names.</summary>
    public DataDescription MeasuredOn(Dataset training)
    {
        ArgumentNullException.ThrowIfNull(training);
        return this with
        {
            Normalisation = MeasuresNormalisation ? Normalise.Over(training) : Normalisation,
            MeasuresNormalisation = false,
            ClassNames = training.ClassNames,
        };
    }

    /// <summary>What is done to each training sample: the augmentation, then the normalisation.</summary>
    public Augmentation ForTraining => Normalisation is null ? Augmentation : new Augmentation([.. Augmentation.Steps, Normalisation]);

    /// <summary>What is done to every other sample: the normalisation.</summary>
    public Augmentation ForInference => Normalisation is null ? Augmentation.None : new Augmentation(Normalisation);

    /// <summary>The same in everything, class names by their text.</summary>
    public bool Equals(DataDescription? other) =>
        other is not null && Source == other.Source && Equals(Normalisation, other.Normalisation) && MeasuresNormalisation == other.MeasuresNormalisation
        && Augmentation.Equals(other.Augmentation) && ClassNames.SequenceEqual(other.ClassNames);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Source, Normalisation, MeasuresNormalisation, Augmentation, ClassNames.Count);
}
