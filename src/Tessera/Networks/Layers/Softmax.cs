using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>Over the channels of each position: Z[n, c, p] = exp(V[n, c, p]) / Σ_c′ exp(V[n, c′, p]), computed from differences to the largest.</summary>
public sealed record Softmax : Layer
{
    /// <inheritdoc/>
    public override string Kind => "softmax";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0];

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new SoftmaxExecution<T>(context.Output);
}
