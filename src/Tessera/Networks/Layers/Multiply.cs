using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// The product, element by element, of two or more inputs.
/// Shapes [N, C, i…] are aligned at their last axes; an axis that is 1 or missing in one is repeated to the others' size.
/// </summary>
public sealed record Multiply : Layer
{
    /// <inheritdoc/>
    public override string Kind => "multiply";

    /// <inheritdoc/>
    public override int? InputCount => null;

    internal override int LeastRank => 0;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => BroadcastShape.Of(this, inputs);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => context.Inputs.All(shape => shape == context.Output)
        ? new MultiplyExecution<T>(context.Output.Product, context.Inputs.Count)
        : new BroadcastExecution<T, ProductFunction<T>>(context.Output, context.Inputs);
}
