using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Takes the positions that a constant list names along one axis: Z[…, j…, …] = V[…, indices[j…], …]. The axis gives place to those of the
/// indices: a single index without axes removes it. A position may be taken several times; its gradients add up, in the order of the list.
/// </summary>
/// <param name="Axis">The axis of the full shape, from 0, or from −1 at the end.</param>
/// <param name="Indices">The positions in row-major order, from 0, or from −1 at the end.</param>
/// <param name="Shape">The shape of the indices; empty for one that removes the axis.</param>
public sealed record Gather(int Axis, Sizes Indices, Sizes Shape) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "gather";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var (input, axis) = (inputs[0], Place(inputs[0]));
        if (input.Count == 1 && Shape.Count == 0) throw Misfit($"a single index removes the only axis of the input {input}; give the indices a shape of [1].");
        return [.. input.AsSpan()[..axis], .. Shape.AsSpan(), .. input.AsSpan()[(axis + 1)..]];
    }

    internal override int LeastRank => 1;

    internal override bool MixesPositions => Shape.Count != 1;

    internal override CopyMap Moves(IReadOnlyList<Sizes> inputs)
    {
        var axis = Place(inputs[0]);
        var size = inputs[0][axis];
        var axes = inputs[0].Select(CopyAxis.Whole).ToArray();
        axes[axis] = CopyAxis.Chosen(size, [.. Indices.Select(index => index < 0 ? index + size : index)]);
        return new CopyMap(axes);
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new CopyExecution<T>(Moves(context.Inputs), 0, context.Options);

    /// <summary>The axis from 0, its indices checked.</summary>
    private int Place(Sizes input)
    {
        var axis = FullAxis.Of(this, Axis, input);
        var elements = Shape.Aggregate(1.0, static (product, size) => product * size);
        if (Shape.Any(static size => size < 1) || elements != Indices.Count)
        {
            throw Misfit(FormattableString.Invariant($"{Indices.Count} indices of the shape {Shape}, which has {elements}; give a shape of sizes of at least 1 that has as many."));
        }

        foreach (var index in Indices)
        {
            if (index < -input[axis] || index >= input[axis]) throw Misfit($"index {index} on axis {axis} of the input {input}; give {-input[axis]} to {input[axis] - 1}.");
        }

        return axis;
    }
}
