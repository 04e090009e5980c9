using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Shrinks towards zero: Z = sign(V) · max(|V| − θ_m, 0), or max(V − θ_m, 0) where codes are not negative, with a threshold θ [M] for each channel
/// that is trained (Donoho and Johnstone 1994; learnt in Gregor and LeCun 2010). It is the step of sparse coding that no convolution does. A training may
/// take a threshold below 0, where magnitudes grow by it.
/// </summary>
public sealed record SoftThreshold : Layer
{
    /// <summary>What every threshold begins at, from 0.</summary>
    public double InitialValue { get; init; } = 0.1;

    /// <summary>Whether all that is below the threshold becomes 0, negative numbers too.</summary>
    public bool NonNegative { get; init; }

    /// <inheritdoc/>
    public override string Kind => "soft-threshold";

    /// <inheritdoc/>
    public override string ShortName => "shrink";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => InitialValue >= 0 && double.IsFinite(InitialValue)
        ? inputs[0]
        : throw Misfit(FormattableString.Invariant($"initial value {InitialValue}; a threshold begins at 0 or above, such as 0.1."));

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs) =>
        [new("threshold", [inputs[0][1]], 0, 0, ParameterRole.Bias) { InitialValue = InitialValue }];

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new SoftThresholdExecution<T>(context.Output, NonNegative);
}
