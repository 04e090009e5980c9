using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>The product, element by element, of two or more inputs of one shape.</summary>
public sealed record Multiply : Layer
{
    /// <inheritdoc/>
    public override string Kind => "multiply";

    /// <inheritdoc/>
    public override int? InputCount => null;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => SameShape.Of(this, inputs);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new MultiplyExecution<T>(context.Output.Product, context.Inputs.Count);
}
