namespace Tessera.Training;

/// <summary>Everything that a model file says of its training: immutable and comparable. Every setting has a default that trains.</summary>
public sealed record TrainingDescription
{
    /// <summary>Passes over the training data, from 1.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Examples in one step, from 1; the last step of an epoch takes what is left.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>What is made small.</summary>
    public Loss Loss { get; init; } = new CrossEntropy();

    /// <summary>What the output is compared with: what the data give, or the sample itself.</summary>
    public TrainingTarget Target { get; init; }

    /// <summary>How gradients change the parameters.</summary>
    public Optimiser Optimiser { get; init; } = new Adam();

    /// <summary>How the optimiser's rate goes over the training.</summary>
    public Schedule Schedule { get; init; } = new ConstantSchedule();

    /// <summary>The largest Euclidean norm of all gradients together; longer ones are scaled down to it. Null for no limit.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>What all random choices are made from: initial parameters, validation split, order, augmentation, dropout.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The most threads; 0 for as many as there are processors. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Whether every sum of a convolution is taken term by term: see <see cref="Operators.PlanOptions.Exact"/>. The result's bits depend on it.</summary>
    public bool Exact { get; init; }

    /// <summary>The part of the training data, chosen by the seed, that is kept back to validate with after each epoch; 0 to less than 1.</summary>
    public double ValidationFraction { get; init; }

    /// <summary>What says which epoch is better, on the validation data; on the training data where there is none.</summary>
    public QualityMeasure Measure { get; init; }

    /// <summary>When to end before the last epoch; null for never.</summary>
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>Whether training ends with the parameters of its best epoch instead of its last.</summary>
    public bool KeepBest { get; init; }

    /// <summary>Throws where a setting makes no sense, before there is any data to train on.</summary>
    /// <exception cref="ArgumentException">The message names the setting, its value and what it must be.</exception>
    public void Check()
    {
        Require(Epochs >= 1, nameof(Epochs), Epochs, "1 or more");
        Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "1 or more");
        Require(ClipNorm is null or (> 0 and < double.PositiveInfinity), nameof(ClipNorm), ClipNorm ?? 0, "positive; leave it out for no limit");
        Require(Threads >= 0, nameof(Threads), Threads, "1 or more, or 0 for all processors");
        Require(ValidationFraction is >= 0 and < 1, nameof(ValidationFraction), ValidationFraction, "from 0 to less than 1; 0.1 keeps back a tenth of the data");
        Require(EarlyStopping is null or { Patience: >= 1 }, "EarlyStopping.Patience", EarlyStopping?.Patience ?? 0, "1 or more");
        Require(EarlyStopping is null or { MinimumChange: >= 0 and < double.PositiveInfinity }, "EarlyStopping.MinimumChange", EarlyStopping?.MinimumChange ?? 0, "0 or more");
        if (Target == TrainingTarget.Input && Loss is CrossEntropy)
            throw new ArgumentException("training: Target is Input, but cross-entropy is for classes; use mean squared error, or binary cross-entropy for samples from 0 to 1.");
        if (Target == TrainingTarget.Input && Measure == QualityMeasure.Accuracy)
            throw new ArgumentException("training: Measure is Accuracy, but Target is Input, and there is no class to get right; measure the loss.");
        Loss.Check();
        Optimiser.Check();
        Schedule.Check();
    }

    private static void Require(bool holds, string setting, double value, string wanted)
    {
        if (!holds) throw Setting.Wrong("training", setting, value, wanted);
    }
}
