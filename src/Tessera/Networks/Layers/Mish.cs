using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>v · tanh(log(1 + exp(v))) (Misra 2019).</summary>
public sealed record Mish : Layer
{
    /// <inheritdoc/>
    public override string Kind => "mish";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0];

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ElementwiseExecution<T, MishFunction<T>>(context.Output.Product, default);
}
