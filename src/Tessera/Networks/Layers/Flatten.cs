using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>Turns [N, C, i…] into [N, C·∏i].</summary>
public sealed record Flatten : Layer
{
    /// <inheritdoc/>
    public override string Kind => "flatten";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var features = inputs[0].From(1).Product;
        return features <= int.MaxValue ? [inputs[0][0], (int)features] : throw Misfit($"the input {inputs[0]} has more than {int.MaxValue} elements per example; use smaller sizes.");
    }

    internal override int LeastRank => 1;

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ReshapeExecution<T>(context.Output.Product);
}
