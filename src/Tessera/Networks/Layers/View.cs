using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Gives the input another shape of as many elements, in the same row-major order, the batch included: [N, 8, 6] seen as [−1, 2, 6] is
/// [4·N, 2, 6]. Nothing moves in memory. <see cref="Reshape"/> is the same for each example by itself.
/// </summary>
/// <param name="Dimensions">The full shape: at least 1, or 0 for the input's size at that place; one may be −1, for what is left.</param>
public sealed record View(Sizes Dimensions) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "view";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var input = inputs[0];
        var asked = FullAxis.Listed(Dimensions);
        if (Dimensions.Count == 0 || Dimensions.Any(static size => size < -1) || Dimensions.Count(static size => size == -1) > 1)
        {
            throw Misfit($"the dimensions {asked} must be at least one, each a size, 0 to copy the input's or, at most once, -1 for what is left.");
        }

        var shape = new long[Dimensions.Count];
        for (var axis = 0; axis < shape.Length; axis++)
        {
            if (Dimensions[axis] == 0 && axis >= input.Count) throw Misfit($"the dimensions {asked} copy axis {axis} of the input {input}, which has {input.Count}; give a size or -1 there.");
            shape[axis] = Dimensions[axis] switch { 0 => input[axis], -1 => 1, var size => size };
        }

        // In double, for dimensions may say anything; what fits is far below where double rounds.
        var given = shape.Aggregate(1.0, static (product, size) => product * size);
        var open = Array.IndexOf([.. Dimensions], -1);
        if (open >= 0 && input.Product % given == 0) shape[open] = (long)(input.Product / given);
        else if (given != input.Product)
        {
            throw Misfit(FormattableString.Invariant($"the input {input} has {input.Product} elements, but the dimensions {asked} {(open >= 0 ? "take a multiple of" : "have")} {given}; give dimensions of {input.Product} elements."));
        }

        return [.. shape.Select(static size => (int)size)];
    }

    internal override int LeastRank => 1;

    internal override bool MixesPositions => true;

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ReshapeExecution<T>(context.Output.Product);
}
