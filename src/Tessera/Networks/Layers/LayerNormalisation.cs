using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Normalises the last axes together, from one axis on, then scales and shifts each of their elements (Ba et al. 2016): Z = scale · (V − mean) / √(variance + ε)
/// + shift, with the biased variance, in training and inference alike. Parameters, each of the shape of those axes: <c>scale</c> and <c>shift</c>.
/// </summary>
public sealed record LayerNormalisation : Layer
{
    /// <summary>The first axis of those that are normalised, of the full shape [N, C, i…] and at least 1; below 0 it counts from the end.</summary>
    public int Axis { get; init; } = -1;

    /// <summary>Whether there is a shift.</summary>
    public bool Shift { get; init; } = true;

    /// <summary>ε, added to the variance.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <inheritdoc/>
    public override string Kind => "layer-normalisation";

    /// <inheritdoc/>
    public override string ShortName => "norm";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        ChannelNormalisation.Check(this, Epsilon);
        LayerAxis.Of(this, Axis, inputs[0], 1);
        return inputs[0];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs)
    {
        var shape = inputs[0].From(LayerAxis.Of(this, Axis, inputs[0], 1));
        ParameterDescription scale = new("scale", shape, 0, 0, ParameterRole.Scale) { InitialValue = 1 };
        return Shift ? [scale, new("shift", shape, 0, 0, ParameterRole.Shift)] : [scale];
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context)
    {
        var rows = NormalisedRows.OfAxes(context.Output, LayerAxis.Of(this, Axis, context.Output, 1));
        if (context.Options.Training && rows.Length == 1)
        {
            throw Misfit($"training on {context.Output} from axis {Axis} on normalises single values, whose variance is 0; begin at an earlier axis.");
        }

        return new RowNormalisationExecution<T>(rows, Epsilon, Shift, context.Options.Training);
    }
}
