using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// γ v above 0 and γ α (exp(v) − 1) below (Klambauer et al. 2017). With the paper's α and γ, which are the defaults, activations draw to mean 0 and variance 1
/// from layer to layer, where weights begin with variance 1 / fan-in.
/// </summary>
/// <param name="Alpha">α, above 0: the limit below is −γ α.</param>
/// <param name="Gamma">γ, above 0: the slope above 0.</param>
public sealed record Selu(double Alpha = 1.6732632423543772, double Gamma = 1.0507009873554805) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "selu";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        if (!(Alpha > 0 && double.IsFinite(Alpha))) throw Misfit(FormattableString.Invariant($"alpha {Alpha}; it must be above 0, such as 1.6733."));
        if (!(Gamma > 0 && double.IsFinite(Gamma))) throw Misfit(FormattableString.Invariant($"gamma {Gamma}; it must be above 0, such as 1.0507."));
        return inputs[0];
    }

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ElementwiseExecution<T, EluFunction<T>>(
        context.Output.Product, new EluFunction<T>(T.CreateChecked(Gamma), T.CreateChecked(Gamma * Alpha), T.One));
}
