using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Normalises groups of neighbouring channels of each example over their channels and positions, then scales and shifts each channel (Wu and He 2018):
/// Z = scale · (V − mean) / √(variance + ε) + shift, with the biased variance, in training and inference alike. Parameters, each [C]: <c>scale</c> and <c>shift</c>.
/// </summary>
/// <param name="Groups">The number of groups; it divides the channels.</param>
public sealed record GroupNormalisation(int Groups) : Layer
{
    /// <summary>ε, added to the variance.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <inheritdoc/>
    public override string Kind => "group-normalisation";

    /// <inheritdoc/>
    public override string ShortName => "norm";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        ChannelNormalisation.Check(this, Epsilon);
        if (Groups < 1) throw Misfit(FormattableString.Invariant($"{Groups} groups; at least 1 is needed."));
        if (inputs[0][1] % Groups != 0) throw Misfit(FormattableString.Invariant($"the input {inputs[0]} has {inputs[0][1]} channels, which {Groups} groups do not divide; use a number of groups that does."));
        return inputs[0];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs) => ChannelNormalisation.Parameters(inputs[0]);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => ChannelNormalisation.Compile<T>(this, context, Groups, Epsilon);
}
