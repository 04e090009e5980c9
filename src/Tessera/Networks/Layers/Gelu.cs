using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// The Gaussian error linear unit (Hendrycks and Gimpel 2016): v · Φ(v) with Φ(v) = ½ (1 + erf(v / √2)), the normal distribution's probability below v, or its tanh
/// form v/2 · (1 + tanh(√(2/π) (v + 0.044715 v³))), which differs by at most 0.0005 and takes less time.
/// </summary>
/// <param name="Exact">Whether the error function is computed; where not, the tanh form is.</param>
public sealed record Gelu(bool Exact = false) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "gelu";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0];

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) => Exact
        ? new ElementwiseExecution<T, GeluFunction<T>>(context.Output.Product, default)
        : new ElementwiseExecution<T, TanhGeluFunction<T>>(context.Output.Product, default);
}
