using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Puts the axes in another order: Z's axis a is V's axis <c>Order[a]</c>, as transposing does elsewhere. [0, 2, 3, 1] takes [N, C, i_1, i_2] to
/// channels last. The batch may move too; what follows then takes the first axis for the batch.
/// </summary>
/// <param name="Order">Every axis of the full shape once, from 0, or from −1 at the end.</param>
public sealed record Permute(Sizes Order) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "permute";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        if (Order.Count != inputs[0].Count) throw Misfit($"{Order.Count} axes {FullAxis.Listed(Order)} for the input {inputs[0]} of {inputs[0].Count}; name every axis once, the batch among them.");
        return [.. FullAxis.Of(this, Order, inputs[0]).Select(axis => inputs[0][axis])];
    }

    internal override int LeastRank => 1;

    internal override CopyMap Moves(IReadOnlyList<Sizes> inputs)
    {
        var order = FullAxis.Of(this, Order, inputs[0]);
        return new CopyMap([.. order.Select(axis => CopyAxis.Whole(inputs[0][axis]))], order);
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new CopyExecution<T>(Moves(context.Inputs), 0, context.Options);
}
