namespace Tessera.Training;

/// <summary>
/// g ← g + λθ; v ← αv + (1 − α)g²; b ← μb + g / (√v + ε); θ ← θ − ηb. Source: Tieleman and Hinton 2012.
/// </summary>
public sealed record RmsProp : Optimiser
{
    /// <inheritdoc/>
    public override string Name => "rmsprop";

    /// <inheritdoc/>
    public override double LearningRate { get; init; } = 1e-2;

    /// <inheritdoc/>
    public override double WeightDecay { get; init; }

    /// <summary>α, how much of the running mean of squared gradients remains; 0 ≤ α &lt; 1.</summary>
    public double Smoothing { get; init; } = 0.99;

    /// <summary>μ, the part of the last step that is taken again; 0 ≤ μ &lt; 1.</summary>
    public double Momentum { get; init; }

    /// <summary>ε, which keeps the division finite; positive.</summary>
    public double Epsilon { get; init; } = 1e-8;

    internal override IReadOnlyList<string> StateNames => Momentum == 0 ? ["square"] : ["square", "momentum"];

    internal override void Check()
    {
        base.Check();
        RequireFraction(nameof(Smoothing), Smoothing);
        RequireFraction(nameof(Momentum), Momentum);
        Require(Epsilon > 0, nameof(Epsilon), Epsilon, "positive");
    }
}
