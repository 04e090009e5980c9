using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>v above a threshold and 0 elsewhere (Konda et al. 2014). It jumps at the threshold, where the slope is taken for 0.</summary>
/// <param name="Threshold">From 0.</param>
public sealed record ThresholdedRelu(double Threshold = 1) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "thresholded-relu";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => Threshold >= 0 && double.IsFinite(Threshold)
        ? inputs[0]
        : throw Misfit(FormattableString.Invariant($"threshold {Threshold}; it must be 0 or above, such as 1."));

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ElementwiseExecution<T, ThresholdedReluFunction<T>>(
        context.Output.Product, new ThresholdedReluFunction<T>(T.CreateChecked(Threshold)));
}
