using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Where along an axis the largest number stands, counted from 0, as a number like all others (exact up to 2²⁴ in float). No gradient
/// comes back through it.
/// </summary>
/// <param name="Axis">The axis, counted from the batch's 0, or below 0 from the end (−1 is the last); not the batch.</param>
public sealed record ArgMax(int Axis) : Layer
{
    /// <summary>Whether the axis stays, with size 1; otherwise it is left out.</summary>
    public bool KeepSize { get; init; } = true;

    /// <summary>Whether the last of several largest ones counts, instead of the first.</summary>
    public bool LastIndex { get; init; }

    /// <inheritdoc/>
    public override string Kind => "arg-max";

    /// <inheritdoc/>
    public override string ShortName => "argmax";

    internal override int LeastRank => 1;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var kept = ReducedAxes.Kept(this, inputs[0], [Axis]);
        return KeepSize ? kept : ReducedAxes.Without(inputs[0], [Axis]);
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context)
    {
        var input = context.Inputs[0];
        return new ArgMaxExecution<T>(input, Axis < 0 ? Axis + input.Count : Axis, LastIndex);
    }
}
