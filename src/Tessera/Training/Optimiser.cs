namespace Tessera.Training;

/// <summary>
/// How gradients change parameters; the description alone, its state belongs to the training. θ parameter, g its gradient, η the
/// rate that a schedule makes of <see cref="LearningRate"/>, λ <see cref="WeightDecay"/>, k the step from 1. Defaults and equations are
/// PyTorch's. Parameters and states smaller than the smallest normal number become zero. The family is closed: <see cref="Sgd"/>,
/// <see cref="Adam"/>, <see cref="AdamW"/>, <see cref="RmsProp"/>.
/// </summary>
public abstract record Optimiser
{
    private protected Optimiser()
    {
    }

    /// <summary>What messages and files call the optimiser.</summary>
    public abstract string Name { get; }

    /// <summary>The largest rate of the schedule; positive.</summary>
    public abstract double LearningRate { get; init; }

    /// <summary>λ, how strongly parameters are pulled to zero; from 0.</summary>
    public abstract double WeightDecay { get; init; }

    /// <summary>Whether biases and the scales and shifts of normalisation decay as well, and not the weights alone.</summary>
    public bool DecayEverything { get; init; }

    /// <summary>The names of what is kept for each parameter from step to step.</summary>
    internal abstract IReadOnlyList<string> StateNames { get; }

    /// <summary>Throws where a setting makes no sense.</summary>
    internal virtual void Check()
    {
        Require(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "a positive number");
        Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), nameof(WeightDecay), WeightDecay, "0 or more");
    }

    private protected void Require(bool holds, string setting, double value, string wanted)
    {
        if (!holds) throw Setting.Wrong(Name, setting, value, wanted);
    }

    private protected void RequireFraction(string setting, double value) =>
        Require(value is >= 0 and < 1, setting, value, "from 0 to less than 1");
}
