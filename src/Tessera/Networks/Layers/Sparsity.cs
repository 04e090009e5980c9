using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Passes everything on, and in training adds a penalty on its activations a to the loss, whose gradient joins that of the output.
/// L1: weight · mean |a| over all elements of the batch; its slope is taken for 0 where a is 0. Relative entropy (Ng 2011):
/// weight · Σ_m KL(ρ ‖ ρ̂_m) with KL(ρ ‖ ρ̂) = ρ ln(ρ / ρ̂) + (1 − ρ) ln((1 − ρ) / (1 − ρ̂)) and ρ̂_m the mean of channel m over batch and
/// positions, held to 10⁻⁶ … 1 − 10⁻⁶; it is for activations between 0 and 1, so its input must be a sigmoid or a softmax. Made by
/// <see cref="MeanMagnitude"/> or <see cref="RelativeEntropy"/>.
/// </summary>
public sealed record Sparsity : Layer
{
    private Sparsity(SparsityPenalty penalty, double weight, double target) => (Penalty, Weight, Target) = (penalty, weight, target);

    /// <summary>What is added to the loss.</summary>
    public SparsityPenalty Penalty { get; }

    /// <summary>What the penalty is multiplied by, from 0.</summary>
    public double Weight { get; }

    /// <summary>ρ of the relative entropy: the mean activation that channels are drawn to, above 0 and below 1; 0 for L1, which draws to 0.</summary>
    public double Target { get; }

    /// <inheritdoc/>
    public override string Kind => "sparsity";

    internal override bool TakesFractions => Penalty == SparsityPenalty.RelativeEntropy;

    /// <summary>weight · mean |a|.</summary>
    /// <param name="weight">From 0.</param>
    public static Sparsity MeanMagnitude(double weight) => new(SparsityPenalty.L1, weight, 0);

    /// <summary>weight · Σ_m KL(ρ ‖ ρ̂_m).</summary>
    /// <param name="weight">From 0.</param>
    /// <param name="target">ρ, above 0 and below 1, such as 0.05.</param>
    public static Sparsity RelativeEntropy(double weight, double target) => new(SparsityPenalty.RelativeEntropy, weight, target);

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        if (!(Weight >= 0 && double.IsFinite(Weight))) throw Misfit(FormattableString.Invariant($"weight {Weight}; it must be 0 or more and finite, such as 0.1."));
        if (Penalty == SparsityPenalty.RelativeEntropy && !(Target > 0 && Target < 1))
            throw Misfit(FormattableString.Invariant($"target {Target}; the mean activation that channels are drawn to must be above 0 and below 1, such as 0.05."));
        return inputs[0];
    }

    internal override void CheckSource(Layer? source)
    {
        if (Penalty == SparsityPenalty.L1 || source is Sigmoid or HardSigmoid or Softmax) return;
        throw Misfit($"a kl penalty is for activations between 0 and 1, and its input is {(source is null ? "the network's input" : $"{source.Name}, of kind {source.Kind}")}; put a sigmoid right before it, or use the l1 penalty.");
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => context.Options.Training
        ? Penalty == SparsityPenalty.L1 ? new MagnitudePenaltyExecution<T>(context.Output.Product, Weight) : new EntropyPenaltyExecution<T>(context.Output, Weight, Target)
        : new ReshapeExecution<T>(context.Output.Product);
}
