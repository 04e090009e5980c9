using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Normalises each channel of each example over its positions, then scales and shifts it (Ulyanov et al. 2016): Z = scale · (V − mean) / √(variance + ε) + shift,
/// with the biased variance, in training and inference alike. Parameters, each [C]: <c>scale</c> and <c>shift</c>.
/// </summary>
public sealed record InstanceNormalisation : Layer
{
    /// <summary>ε, added to the variance.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <inheritdoc/>
    public override string Kind => "instance-normalisation";

    /// <inheritdoc/>
    public override string ShortName => "norm";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        ChannelNormalisation.Check(this, Epsilon);
        return inputs[0];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs) => ChannelNormalisation.Parameters(inputs[0]);

    internal override LayerExecution<T> Compile<T>(LayerContext context) => ChannelNormalisation.Compile<T>(this, context, context.Output[1], Epsilon);
}
