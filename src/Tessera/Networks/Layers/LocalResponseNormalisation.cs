using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Divides each element by what its neighbours in channel hold (Krizhevsky et al. 2012): Z[n, c, p] = V[n, c, p] / (bias + α / size · Σ V[n, c′, p]²)^β over the channels
/// c′ from c − ⌊(size − 1) / 2⌋ to c + ⌈(size − 1) / 2⌉ that exist, as ONNX defines it (the paper's α is not divided by the size).
/// </summary>
/// <param name="Size">The channels of a window, from 1.</param>
public sealed record LocalResponseNormalisation(int Size) : Layer
{
    /// <summary>α, from 0.</summary>
    public double Alpha { get; init; } = 1e-4;

    /// <summary>β, the exponent.</summary>
    public double Beta { get; init; } = 0.75;

    /// <summary>What is added to the sum of squares, above 0.</summary>
    public double Bias { get; init; } = 1;

    /// <inheritdoc/>
    public override string Kind => "local-response-normalisation";

    /// <inheritdoc/>
    public override string ShortName => "norm";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        if (Size < 1) throw Misfit(FormattableString.Invariant($"size {Size}; a window has at least 1 channel."));
        if (!(Alpha >= 0 && double.IsFinite(Alpha))) throw Misfit(FormattableString.Invariant($"alpha {Alpha}; it must be 0 or above, such as 1e-4."));
        if (!double.IsFinite(Beta)) throw Misfit(FormattableString.Invariant($"beta {Beta}; it must be finite, such as 0.75."));
        if (!(Bias > 0 && double.IsFinite(Bias))) throw Misfit(FormattableString.Invariant($"bias {Bias}; it must be above 0, such as 1."));
        return inputs[0];
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new LocalResponseExecution<T>(context.Output, this, context.Options.Training);
}
