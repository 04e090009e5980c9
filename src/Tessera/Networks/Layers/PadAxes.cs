using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>
/// Puts a border around any axes of the full shape, or takes their outermost positions away: axis a of size i_a becomes low_a + i_a + high_a,
/// where a negative amount crops. What is cropped goes first, so borders mirror and repeat what is left. <see cref="Pad"/> is for spatial axes alone.
/// </summary>
/// <param name="Low">Positions before the first of each axis of the full shape, the batch and the channels among them.</param>
/// <param name="High">Positions after the last of each axis.</param>
public sealed record PadAxes(Sizes Low, Sizes High) : Layer
{
    /// <summary>What stands in the border: <see cref="Value"/> unless said.</summary>
    public BorderMode Mode { get; init; }

    /// <summary>The number in a border of mode <see cref="BorderMode.Zero"/>; finite, 0 unless said.</summary>
    public double Value { get; init; }

    /// <inheritdoc/>
    public override string Kind => "pad-axes";

    /// <inheritdoc/>
    public override string ShortName => "pad";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var input = inputs[0];
        if (Low.Count != input.Count || High.Count != input.Count) throw Misfit($"{Low.Count} amounts before and {High.Count} after for the input {input} of {input.Count} axes; give one of each for every axis, batch and channels among them.");
        if (!double.IsFinite(Value) || (Value != 0 && Mode != BorderMode.Zero)) throw Misfit(FormattableString.Invariant($"a border value of {Value} in mode {Mode}; it must be finite, and is for mode {BorderMode.Zero} alone."));
        return [.. input.Select((size, axis) =>
        {
            var kept = Kept(axis, size);
            if (kept < 1) throw Misfit($"({Low[axis]}, {High[axis]}) takes all of axis {axis} of the input {input} away; crop at most {size - 1}.");
            var most = Mode switch { BorderMode.Reflect => kept - 1, BorderMode.Circular => kept, _ => int.MaxValue };
            var larger = Math.Max(Low[axis], High[axis]);
            if (larger > most) throw Misfit($"a border of {larger} on axis {axis} of the input {input}, in mode {Mode}; it may be at most {most}: pad less, or use {BorderMode.Replicate}.");
            var padded = (long)size + Low[axis] + High[axis];
            return padded <= int.MaxValue ? (int)padded : throw Misfit($"axis {axis} of the input {input} would have {padded} positions; pad less.");
        })];
    }

    internal override int LeastRank => 1;

    internal override CopyMap Moves(IReadOnlyList<Sizes> inputs)
    {
        var border = new BorderPadding { Low = Low, High = High, Mode = Mode };
        return new CopyMap([.. inputs[0].Select((size, axis) =>
        {
            var (kept, cropped) = ((int)Kept(axis, size), Math.Max(0, -Low[axis]));
            return CopyAxis.Chosen(size, [.. Enumerable.Range(0, size + Low[axis] + High[axis]).Select(position =>
            {
                var source = border.Source(position - Math.Max(0, Low[axis]), kept);
                return source < 0 ? -1 : source + cropped;
            })]);
        })]);
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new CopyExecution<T>(Moves(context.Inputs), Value, context.Options);

    private long Kept(int axis, int size) => size + Math.Min(0L, Low[axis]) + Math.Min(0L, High[axis]);
}
