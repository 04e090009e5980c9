using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// The largest, element by element, of two or more inputs; the gradient is the first largest one's, and what is not a number stays so.
/// Shapes [N, C, i…] are aligned at their last axes; an axis that is 1 or missing in one is repeated to the others' size.
/// </summary>
public sealed record Maximum : Layer
{
    /// <inheritdoc/>
    public override string Kind => "maximum";

    /// <inheritdoc/>
    public override int? InputCount => null;

    internal override int LeastRank => 0;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => BroadcastShape.Of(this, inputs);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new BroadcastExecution<T, MaximumFunction<T>>(context.Output, context.Inputs);
}
