using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// v above 0 and slope · v below, with slopes that are trained: one for each channel, or one for all (He et al. 2015). Parameter: <c>slope</c>, [C] or [1].
/// The paper keeps weight decay from it, and so do optimisers here unless they decay everything.
/// </summary>
public sealed record PRelu : Layer
{
    /// <summary>What every slope begins at.</summary>
    public double InitialValue { get; init; } = 0.25;

    /// <summary>Whether one slope is for all channels.</summary>
    public bool Shared { get; init; }

    /// <inheritdoc/>
    public override string Kind => "prelu";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => double.IsFinite(InitialValue)
        ? inputs[0]
        : throw Misfit(FormattableString.Invariant($"initial value {InitialValue}; it must be finite, such as 0.25."));

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs) =>
        [new("slope", [Shared ? 1 : inputs[0][1]], 0, 0, ParameterRole.Scale) { InitialValue = InitialValue }];

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new PReluExecution<T>(context.Output, Shared, context.Options.Training);
}
