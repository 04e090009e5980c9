using System.Globalization;

namespace Tessera.Reconstruction;

/// <summary>
/// How a restricted Boltzmann machine learns: the gradient of the log-likelihood, its negative phase from short chains (contrastive divergence,
/// Hinton 2002) or from chains that go on from step to step (persistent, Tieleman 2008). With g the difference of the phases, mean over
/// examples and over the places that a weight serves: m ← μ m + g − λ K; K ← K + η m. Biases do not decay.
/// </summary>
public sealed record RbmTraining
{
    /// <summary>The highest rate that Gaussian visible units bear under binary hidden units.</summary>
    private const double MostForBinary = 0.01;

    /// <summary>The same under rectified ones, which have no bound either.</summary>
    private const double MostForRectified = 0.003;

    /// <summary>η, positive. Binary units bear 0.05 and more; Gaussian visible units have no bound, and diverge at a hundredth or two (<see cref="WarningFor"/>).</summary>
    public double LearningRate { get; init; } = 0.01;

    /// <summary>μ, the part of the last step that is taken again; 0 ≤ μ &lt; 1.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>λ, how fast kernels shrink; 0 or more.</summary>
    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>k, the steps of the chains, hidden units and then visible ones; 1 or more.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>Whether chains go on where they ended in the step before, as many as the batch has examples; otherwise they start at the data.</summary>
    public bool Persistent { get; init; }

    /// <summary>ρ, how often a hidden unit should be on, between 0 and 1; null for no target. For binary hidden units with a bias.</summary>
    public double? SparsityTarget { get; init; }

    /// <summary>What (ρ − q), with q the mean of a hidden bias's units over the batch, counts in that bias's gradient (Lee et al. 2008); positive.</summary>
    public double SparsityWeight { get; init; } = 1;

    /// <summary>Throws where a setting makes no sense.</summary>
    /// <exception cref="ArgumentException">The message names the setting, its value and what it must be.</exception>
    public void Check()
    {
        Require(LearningRate is > 0 and < double.PositiveInfinity, nameof(LearningRate), LearningRate, "positive; 0.01 is usual");
        Require(Momentum is >= 0 and < 1, nameof(Momentum), Momentum, "from 0 to less than 1; 0.9 is usual");
        Require(WeightDecay is >= 0 and < double.PositiveInfinity, nameof(WeightDecay), WeightDecay, "0 or more; 0 lets weights be");
        Require(Steps >= 1, nameof(Steps), Steps, "1 or more: a chain of no steps stays at the data, and both phases cancel");
        Require(SparsityTarget is null or (> 0 and < 1), nameof(SparsityTarget), SparsityTarget ?? 0, "between 0 and 1, the part of the time that a unit is on; leave it out for no target");
        Require(SparsityWeight is > 0 and < double.PositiveInfinity, nameof(SparsityWeight), SparsityWeight, "positive; leave the sparsity target out for no sparsity");
    }

    /// <summary>
    /// Looks at a machine's units before a training: the means of Gaussian visible units have no bound, so that long steps make larger means, those larger
    /// statistics, and those longer steps. On normalised images of digits and of clothes rates of 0.01 bear it with binary hidden units and 0.003 with rectified ones, with little momentum or much.
    /// </summary>
    /// <param name="machine">The machine.</param>
    /// <returns>A warning that has the machine, its rate and a way out; null where the rate is low, or the visible units are binary.</returns>
    public string? WarningFor(RbmDescription machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var (most, hidden) = machine.Hidden == HiddenUnits.Rectified ? (MostForRectified, "rectified") : (MostForBinary, "binary");
        if (machine.Visible != VisibleUnits.Gaussian || LearningRate <= most) return null;
        return string.Create(CultureInfo.InvariantCulture, $"{machine.Label}: Gaussian visible units have no bound, and under {hidden} hidden units they are likely to diverge at a learning rate of {LearningRate}; use at most {most} (\"learningRate\"), or binary visible units.");
    }

    /// <summary>Throws where the settings do not suit a machine.</summary>
    internal void CheckFor(RbmDescription machine)
    {
        Check();
        if (SparsityTarget is not { } target) return;
        if (machine.Hidden != HiddenUnits.Binary)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{machine.Label}: a sparsity target of {target} is a probability, but rectified hidden units have none; use binary hidden units or leave it out."));
        }

        if (machine.Operator.Bias == Operators.BiasSharing.None)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{machine.Label}: a sparsity target of {target} moves the hidden bias, but the operator has none; give it one (per channel, say) or leave the target out."));
        }
    }

    private static void Require(bool holds, string setting, double value, string wanted)
    {
        if (!holds) throw Setting.Wrong("rbm training", setting, value, wanted);
    }
}
