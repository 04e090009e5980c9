using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>max(minimum, min(maximum, v)). The slope is taken for 0 at the bounds.</summary>
/// <param name="Minimum">The least value; null for no bound.</param>
/// <param name="Maximum">The largest value, at least the minimum; null for no bound.</param>
public sealed record Clip(double? Minimum = null, double? Maximum = null) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "clip";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        if (Minimum is { } minimum && !double.IsFinite(minimum)) throw Misfit(FormattableString.Invariant($"minimum {minimum}; it must be finite: leave it out where there is no bound."));
        if (Maximum is { } maximum && !double.IsFinite(maximum)) throw Misfit(FormattableString.Invariant($"maximum {maximum}; it must be finite: leave it out where there is no bound."));
        if (Minimum > Maximum) throw Misfit(FormattableString.Invariant($"minimum {Minimum} lies above maximum {Maximum}; exchange them, or leave one out."));
        return inputs[0];
    }

    internal override int LeastRank => 0;

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ElementwiseExecution<T, ClipFunction<T>>(
        context.Output.Product,
        new ClipFunction<T>(Minimum is { } minimum ? T.CreateChecked(minimum) : T.NegativeInfinity, Maximum is { } maximum ? T.CreateChecked(maximum) : T.PositiveInfinity));
}
