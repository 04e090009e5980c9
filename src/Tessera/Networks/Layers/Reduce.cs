using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Takes the numbers along some axes of [N, C, i…] together: their sum, mean, largest, smallest, root of summed squares or product.
/// </summary>
/// <param name="Function">What it makes of them.</param>
/// <param name="Along">The axes, counted from the batch's 0, or below 0 from the end (−1 is the last); the batch is none of them.</param>
public sealed record Reduce(ReduceFunction Function, Sizes Along) : Layer
{
    /// <summary>Whether the axes stay, with size 1; otherwise they are left out.</summary>
    public bool KeepSizes { get; init; } = true;

    /// <inheritdoc/>
    public override string Kind => "reduce";

    internal override int LeastRank => 1;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var kept = ReducedAxes.Kept(this, inputs[0], Along);
        return KeepSizes ? kept : ReducedAxes.Without(inputs[0], Along);
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new ReduceExecution<T>(context.Inputs[0], ReducedAxes.Kept(this, context.Inputs[0], Along), Function, context.Options.Training);
}
