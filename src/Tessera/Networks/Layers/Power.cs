using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// The first of two inputs to the power of the second, element by element. The gradient for the power is 0 where the first input is not above 0.
/// Shapes [N, C, i…] are aligned at their last axes; an axis that is 1 or missing in one is repeated to the others' size.
/// </summary>
public sealed record Power : Layer
{
    /// <inheritdoc/>
    public override string Kind => "power";

    /// <inheritdoc/>
    public override int? InputCount => 2;

    internal override int LeastRank => 0;

    // Of a number below 0 most powers are none: gradients are probed where all are.
    internal override bool TakesFractions => true;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => BroadcastShape.Of(this, inputs);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new BroadcastExecution<T, PowerFunction<T>>(context.Output, context.Inputs);
}
