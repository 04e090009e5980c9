using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>The sum, element by element, of two or more inputs of one shape.</summary>
public sealed record Add : Layer
{
    /// <inheritdoc/>
    public override string Kind => "add";

    /// <inheritdoc/>
    public override int? InputCount => null;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => SameShape.Of(this, inputs);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new AddExecution<T>(context.Output.Product, context.Inputs.Count);
}
