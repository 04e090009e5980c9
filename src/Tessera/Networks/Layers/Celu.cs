using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>v above 0 and α (exp(v / α) − 1) below (Barron 2017): an ELU whose slope is continuous for any α.</summary>
/// <param name="Alpha">α, above 0: the limit below is −α.</param>
public sealed record Celu(double Alpha = 1) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "celu";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => Alpha > 0 && double.IsFinite(Alpha)
        ? inputs[0]
        : throw Misfit(FormattableString.Invariant($"alpha {Alpha}; it must be above 0, such as 1."));

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ElementwiseExecution<T, EluFunction<T>>(
        context.Output.Product, new EluFunction<T>(T.One, T.CreateChecked(Alpha), T.CreateChecked(Alpha)));
}
