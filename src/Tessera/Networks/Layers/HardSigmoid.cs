using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>max(0, min(1, α v + β)): a sigmoid of three straight lines (Courbariaux et al. 2015). The slope is taken for 0 where it bends.</summary>
/// <param name="Alpha">α, above 0.</param>
/// <param name="Beta">β, the value at 0.</param>
public sealed record HardSigmoid(double Alpha = 0.2, double Beta = 0.5) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "hard-sigmoid";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        if (!(Alpha > 0 && double.IsFinite(Alpha))) throw Misfit(FormattableString.Invariant($"alpha {Alpha}; it must be above 0, such as 0.2."));
        if (!double.IsFinite(Beta)) throw Misfit(FormattableString.Invariant($"beta {Beta}; it must be finite, such as 0.5."));
        return inputs[0];
    }

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ElementwiseExecution<T, HardSigmoidFunction<T>>(
        context.Output.Product, new HardSigmoidFunction<T>(T.CreateChecked(Alpha), T.CreateChecked(Beta)));
}
