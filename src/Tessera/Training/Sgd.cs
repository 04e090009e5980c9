namespace Tessera.Training;

/// <summary>
/// Stochastic gradient descent: g ← g + λθ; b ← μb + g; θ ← θ − ηb, or θ ← θ − η(g + μb) with Nesterov's momentum.
/// Sources: Polyak 1964; Sutskever et al. 2013.
/// </summary>
public sealed record Sgd : Optimiser
{
    /// <inheritdoc/>
    public override string Name => "sgd";

    /// <inheritdoc/>
    public override double LearningRate { get; init; } = 1e-3;

    /// <inheritdoc/>
    public override double WeightDecay { get; init; }

    /// <summary>μ, the part of the last step that is taken again; 0 ≤ μ &lt; 1.</summary>
    public double Momentum { get; init; }

    /// <summary>Whether the gradient is added once more after the momentum; needs momentum.</summary>
    public bool Nesterov { get; init; }

    internal override IReadOnlyList<string> StateNames => Momentum == 0 ? [] : ["momentum"];

    internal override void Check()
    {
        base.Check();
        RequireFraction(nameof(Momentum), Momentum);
        Require(!Nesterov || Momentum > 0, nameof(Momentum), Momentum, "positive with Nesterov; 0.9 is usual");
    }
}
