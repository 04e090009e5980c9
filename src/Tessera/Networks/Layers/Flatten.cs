using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>Turns the input into two axes: [N, C, i…] to [N, C·∏i], or, from another axis on, [d_0 … d_(axis−1) as one, the rest as one].</summary>
public sealed record Flatten : Layer
{
    /// <summary>The first axis of the full shape that goes into the second, from 1, or from −1 at the end.</summary>
    public int Axis { get; init; } = 1;

    /// <inheritdoc/>
    public override string Kind => "flatten";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var input = inputs[0];
        // The axis past the last is legal: nothing is left for the second.
        var axis = Axis == input.Count ? Axis : FullAxis.Of(this, Axis, input);
        if (axis == 0) throw Misfit($"axis 0 of the input {input} would put all examples into one; give 1 or more, or use a view of [1, -1].");
        long rows = input.AsSpan()[..axis].ToArray().Aggregate(1L, static (product, size) => product * size), features = input.From(axis).Product;
        return Math.Max(rows, features) <= int.MaxValue ? [(int)rows, (int)features] : throw Misfit($"the input {input} has more than {int.MaxValue} elements{(axis == 1 ? " per example" : "")}; use smaller sizes.");
    }

    internal override int LeastRank => 1;

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ReshapeExecution<T>(context.Output.Product);
}
