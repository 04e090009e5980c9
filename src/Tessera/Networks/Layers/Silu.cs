using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>v · sigmoid(v), also called swish (Elfwing et al. 2017).</summary>
public sealed record Silu : Layer
{
    /// <inheritdoc/>
    public override string Kind => "silu";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0];

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ElementwiseExecution<T, SiluFunction<T>>(context.Output.Product, default);
}
