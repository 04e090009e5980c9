using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Repeats the input along axes of size 1 until it has the dimensions, which are laid to the input's from the end; where a dimension is 1,
/// the input's size stays. Gradients are summed over what was repeated.
/// </summary>
/// <param name="Dimensions">Sizes of at least 1 for the last axes of the full shape, or for more axes than the input has.</param>
public sealed record Expand(Sizes Dimensions) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "expand";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => [.. Moves(inputs).Axes.Select(static axis => axis.Target)];

    internal override int LeastRank => 1;

    internal override CopyMap Moves(IReadOnlyList<Sizes> inputs)
    {
        var input = inputs[0];
        var rank = Math.Max(input.Count, Dimensions.Count);
        var axes = new CopyAxis[rank];
        for (var axis = 0; axis < rank; axis++)
        {
            var size = axis < rank - input.Count ? 1 : input[axis - rank + input.Count];
            var wanted = axis < rank - Dimensions.Count ? 1 : Dimensions[axis - rank + Dimensions.Count];
            if (wanted < 1 || (size != 1 && wanted != 1 && wanted != size))
            {
                throw Misfit($"the dimensions {FullAxis.Listed(Dimensions)} ask for {wanted} where the input {input} has {size}; give {(size == 1 ? "at least 1" : $"1 or {size}")} there: only axes of size 1 are repeated.");
            }

            axes[axis] = size == 1 ? CopyAxis.Repeated(wanted) : CopyAxis.Whole(size);
        }

        return new CopyMap(axes);
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new CopyExecution<T>(Moves(context.Inputs), 0, context.Options);
}
