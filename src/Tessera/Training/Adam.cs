namespace Tessera.Training;

/// <summary>
/// g ← g + λθ; m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²; θ ← θ − η/(1 − β₁ᵏ) · m / (√v/√(1 − β₂ᵏ) + ε).
/// Source: Kingma and Ba 2015, algorithm 1.
/// </summary>
public sealed record Adam : Optimiser
{
    /// <inheritdoc/>
    public override string Name => "adam";

    /// <inheritdoc/>
    public override double LearningRate { get; init; } = 1e-3;

    /// <inheritdoc/>
    public override double WeightDecay { get; init; }

    /// <summary>β₁, how much of the running mean of gradients remains; 0 ≤ β₁ &lt; 1.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>β₂, how much of the running mean of squared gradients remains; 0 ≤ β₂ &lt; 1.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>ε, which keeps the division finite; positive.</summary>
    public double Epsilon { get; init; } = 1e-8;

    internal override IReadOnlyList<string> StateNames => ["mean", "square"];

    internal override void Check()
    {
        base.Check();
        RequireFraction(nameof(Beta1), Beta1);
        RequireFraction(nameof(Beta2), Beta2);
        Require(Epsilon > 0, nameof(Epsilon), Epsilon, "positive");
    }
}
