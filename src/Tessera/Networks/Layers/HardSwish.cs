using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>v · max(0, min(1, v / 6 + ½)) (Howard et al. 2019).</summary>
public sealed record HardSwish : Layer
{
    /// <inheritdoc/>
    public override string Kind => "hard-swish";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0];

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ElementwiseExecution<T, HardSwishFunction<T>>(context.Output.Product, default);
}
