using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>The hyperbolic tangent.</summary>
public sealed record Tanh : Layer
{
    /// <inheritdoc/>
    public override string Kind => "tanh";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0];

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ElementwiseExecution<T, TanhFunction<T>>(context.Output.Product, default);
}
