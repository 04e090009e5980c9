using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// The code of a variational autoencoder (Kingma and Welling 2014): of [N, 2K, o…], the first K channels are means μ and the others
/// log-variances ln σ²; the output [N, K, o…] is z = μ + σ ε with ε standard normal in training, and μ in inference. In training the loss grows
/// by weight · mean over examples of ½ Σ (μ² + σ² − 1 − ln σ²), the divergence of that normal distribution from the standard one. ε follows from
/// the execution's seed, the layer's place, the step and the element.
/// </summary>
/// <remarks>
/// Losses are means over an example's D outputs, so a weight of 1 / D gives the bound on the likelihood, negative and per output: a binary
/// cross-entropy and a weight of 1/784 for images of 28×28.
/// </remarks>
public sealed record GaussianSample : Layer
{
    /// <summary>What the divergence is multiplied by, from 0.</summary>
    public double Weight { get; init; } = 1;

    /// <inheritdoc/>
    public override string Kind => "gaussian-sample";

    /// <inheritdoc/>
    public override string ShortName => "sample";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        if (!(Weight >= 0 && double.IsFinite(Weight))) throw Misfit(FormattableString.Invariant($"weight {Weight}; it must be 0 or more and finite, such as 1 over the number of outputs of an example."));
        var channels = inputs[0][1];
        if (channels % 2 != 0) throw Misfit($"the input {inputs[0]} has {channels} channels, which are not as many means as log-variances; give it an even number, twice the {(channels + 1) / 2} channels of a sample.");
        return [inputs[0][0], channels / 2, .. inputs[0].From(2).AsSpan()];
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new GaussianSampleExecution<T>(context.Output, Weight, context.Index, context.Options.Training);
}
