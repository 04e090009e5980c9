using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Normalises each channel over the batch and all positions, then scales and shifts it (Ioffe and Szegedy 2015):
/// Z = scale · (V − mean) / √(variance + ε) + shift. Training uses the batch's mean and (biased) variance and moves the
/// running ones, with the unbiased variance, by the momentum; inference uses the running ones. Parameters, each [C]:
/// <c>scale</c>, <c>shift</c>, and the statistics <c>mean</c> and <c>variance</c>.
/// </summary>
public sealed record BatchNormalisation : Layer
{
    /// <summary>How far one batch moves the running statistics: running = (1 − momentum) · running + momentum · batch.</summary>
    public double Momentum { get; init; } = 0.1;

    /// <summary>ε, added to the variance.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <inheritdoc/>
    public override string Kind => "batch-normalisation";

    /// <inheritdoc/>
    public override string ShortName => "norm";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        if (!(Momentum >= 0 && Momentum <= 1)) throw Misfit(FormattableString.Invariant($"momentum {Momentum}; it must be between 0 and 1."));
        if (!(Epsilon > 0 && double.IsFinite(Epsilon))) throw Misfit(FormattableString.Invariant($"epsilon {Epsilon}; it must be above 0, such as 1e-5."));
        return inputs[0];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs)
    {
        Sizes shape = [inputs[0][1]];
        return
        [
            new("scale", shape, 0, 0, ParameterRole.Scale) { InitialValue = 1 },
            new("shift", shape, 0, 0, ParameterRole.Shift),
            new("mean", shape, 0, 0, ParameterRole.Statistic),
            new("variance", shape, 0, 0, ParameterRole.Statistic) { InitialValue = 1 },
        ];
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context)
    {
        var shape = context.Output;
        if (context.Options.Training && shape.Product == shape[1])
        {
            throw Misfit($"training on {shape} gives each channel a single value, whose variance is 0; use a batch of at least 2.");
        }

        return new BatchNormalisationExecution<T>(shape, Momentum, Epsilon, context.Options.Training);
    }
}
