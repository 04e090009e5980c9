using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// In training, sets each element to 0 with probability <paramref name="Rate"/> and multiplies the others by
/// 1 / (1 − rate), so that inference passes everything unchanged (Srivastava et al. 2014). Which elements fall follows
/// from the execution's seed, the layer's place, the step and the element.
/// </summary>
/// <param name="Rate">The probability, from 0 to below 1.</param>
public sealed record Dropout(double Rate) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "dropout";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => Rate >= 0 && Rate < 1
        ? inputs[0]
        : throw Misfit(FormattableString.Invariant($"rate {Rate}; it must be from 0 to below 1, such as 0.5."));

    internal override LayerExecution<T> Compile<T>(LayerContext context) => context.Options.Training && Rate > 0
        ? new DropoutExecution<T>(context.Output.Product, Rate, context.Index)
        : new ReshapeExecution<T>(context.Output.Product);
}
