using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>v / (1 + |v|) (Turian et al. 2009).</summary>
public sealed record Softsign : Layer
{
    /// <inheritdoc/>
    public override string Kind => "softsign";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0];

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ElementwiseExecution<T, SoftsignFunction<T>>(context.Output.Product, default);
}
