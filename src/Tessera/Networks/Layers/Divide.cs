using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// The first of two inputs divided by the second, element by element.
/// Shapes [N, C, i…] are aligned at their last axes; an axis that is 1 or missing in one is repeated to the others' size.
/// </summary>
public sealed record Divide : Layer
{
    /// <inheritdoc/>
    public override string Kind => "divide";

    /// <inheritdoc/>
    public override int? InputCount => 2;

    internal override int LeastRank => 0;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => BroadcastShape.Of(this, inputs);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new BroadcastExecution<T, QuotientFunction<T>>(context.Output, context.Inputs);
}
