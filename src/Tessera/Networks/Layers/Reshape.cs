using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>Gives each example another shape of as many elements, in the same row-major order.</summary>
/// <param name="Shape">The shape of one example, [C, i…], without the batch.</param>
public sealed record Reshape(Sizes Shape) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "reshape";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var from = inputs[0].From(1);
        if (Shape.Count == 0 || Shape.Any(static size => size < 1)) throw Misfit($"the shape {Shape} must have at least one size, and all at least 1.");
        // In double, for a shape may say anything; what fits is far below where double rounds.
        var elements = Shape.Aggregate(1.0, static (product, size) => product * size);
        if (elements != from.Product)
        {
            throw Misfit(FormattableString.Invariant($"the input {from} has {from.Product} elements per example but the shape {Shape} has {elements}; give a shape of {from.Product} elements."));
        }

        return [inputs[0][0], .. Shape.AsSpan()];
    }

    internal override int LeastRank => 1;

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ReshapeExecution<T>(context.Output.Product);
}
