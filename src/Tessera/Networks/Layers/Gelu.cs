using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>The Gaussian error linear unit in its tanh form, v/2 · (1 + tanh(√(2/π) (v + 0.044715 v³))) (Hendrycks and Gimpel 2016).</summary>
public sealed record Gelu : Layer
{
    /// <inheritdoc/>
    public override string Kind => "gelu";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0];

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ElementwiseExecution<T, GeluFunction<T>>(context.Output.Product, default);
}
