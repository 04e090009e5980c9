using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>log(1 + exp(v)), a smooth rectifier (Dugas et al. 2001).</summary>
public sealed record Softplus : Layer
{
    /// <inheritdoc/>
    public override string Kind => "softplus";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0];

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ElementwiseExecution<T, SoftplusFunction<T>>(context.Output.Product, default);
}
