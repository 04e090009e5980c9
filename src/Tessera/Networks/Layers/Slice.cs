using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Takes part of the input along some axes: on each, the positions start, start + step, … before the end, by NumPy's rules: negative starts
/// and ends count from the end, and all are brought within the axis. A negative step goes backwards.
/// </summary>
/// <remarks>
/// On axis 0 the same positions are taken whatever the size: where that is the batch, a start of 0 and an end of 1 is the first example alone
/// of any batch. It is meant for inputs whose batch stands elsewhere, after a permutation.
/// </remarks>
/// <param name="AlongAxes">Axes of the full shape, from 0, or from −1 at the end.</param>
/// <param name="Starts">The first position on each.</param>
/// <param name="Ends">Where each ends, that position left out; with a negative step, the largest negative number for past the beginning.</param>
public sealed record Slice(Sizes AlongAxes, Sizes Starts, Sizes Ends) : Layer
{
    /// <summary>The step of each axis, not 0; empty for 1 everywhere.</summary>
    public Sizes Steps { get; init; }

    /// <inheritdoc/>
    public override string Kind => "slice";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => [.. Moves(inputs).Axes.Select(static axis => axis.Target)];

    internal override int LeastRank => 1;

    internal override CopyMap Moves(IReadOnlyList<Sizes> inputs)
    {
        var count = AlongAxes.Count;
        if (count == 0 || Starts.Count != count || Ends.Count != count || (Steps.Count != count && Steps.Count != 0))
        {
            throw Misfit($"{count} axes with {Starts.Count} starts, {Ends.Count} ends and {Steps.Count} steps; give at least one axis, and one of each for every axis.");
        }

        var axes = FullAxis.Of(this, AlongAxes, inputs[0]);
        var positions = inputs[0].Select(CopyAxis.Whole).ToArray();
        for (var i = 0; i < count; i++) positions[axes[i]] = Along(i, axes[i], inputs[0]);
        return new CopyMap(positions);
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new CopyExecution<T>(Moves(context.Inputs), 0, context.Options);

    private CopyAxis Along(int i, int axis, Sizes input)
    {
        long size = input[axis], step = Steps.Count == 0 ? 1 : Steps[i];
        if (step == 0) throw Misfit($"a step of 0 on axis {axis} of the input {input}; give 1 or more forwards, -1 or less backwards.");

        // Backwards, the place before the first is where such a slice may end.
        var (least, most) = step > 0 ? (0, size) : (-1, size - 1);
        var start = Math.Clamp(Starts[i] < 0 ? Starts[i] + size : Starts[i], least, most);
        var end = Math.Clamp(Ends[i] < 0 ? Ends[i] + size : Ends[i], least, most);
        var taken = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
        if (taken < 1) throw Misfit($"from {Starts[i]} to {Ends[i]} in steps of {step} nothing is left of axis {axis} of the input {input}; a slice must have at least one position.");
        return CopyAxis.Stepped((int)size, (int)start, (int)step, (int)taken);
    }
}
