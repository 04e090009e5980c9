using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>v above 0 and slope · v below (Maas et al. 2013).</summary>
/// <param name="Slope">The slope below 0; from 0 to 1.</param>
public sealed record LeakyRelu(double Slope = 0.01) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "leaky-relu";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => Slope >= 0 && Slope <= 1
        ? inputs[0]
        : throw Misfit(FormattableString.Invariant($"slope {Slope}; it must be from 0 to 1, such as 0.01."));

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ElementwiseExecution<T, LeakyReluFunction<T>>(context.Output.Product, new LeakyReluFunction<T>(T.CreateChecked(Slope)));
}
