using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Where the winners of a max pooling of the same network stood: for each element of the pooling's output, which this layer takes, the place among all
/// elements of what was pooled, [N, C, i…], counted row-major from 0. Whole numbers; float has them all up to 2²⁴. No gradient goes through it.
/// </summary>
/// <param name="Of">The name of the max-pool layer.</param>
public sealed record MaxPositions(string Of) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "max-positions";

    /// <inheritdoc/>
    public override string ShortName => "positions";

    /// <inheritdoc/>
    public override string? Reference => Of;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0] == inputs[1]
        ? inputs[0]
        : throw Misfit($"the input {inputs[0]} has another shape than the output {inputs[1]} of {Of}, whose winners it counts; let it take {Of}.");

    internal override void CheckReference(Layer? referenced) => CheckHasWinners(referenced);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new MaxPositionsExecution<T>(context.Inputs[1], context.Inputs[2]);
}
