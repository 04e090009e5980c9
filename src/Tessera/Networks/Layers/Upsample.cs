using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Kernels.Resampling;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>Makes each spatial axis a whole number of times longer: [N, C, i…] to [N, C, i_1·f_1 … i_d·f_d].</summary>
/// <param name="Factors">The factor of each axis, at least 1.</param>
public sealed record Upsample(Sizes Factors) : Layer
{
    /// <summary>How positions between inputs are filled; nearest unless said.</summary>
    public UpsamplingMode Mode { get; init; }

    /// <inheritdoc/>
    public override string Kind => "upsample";

    /// <summary>The same as an operator.</summary>
    public Upsampling Operator => new() { Factors = Factors, Mode = Mode };

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        PoolingChecks.InputShape(inputs[0], Label);
        return [inputs[0][0], inputs[0][1], .. Operator.OutputSize(inputs[0].From(2), Label).AsSpan()];
    }

    internal override IReadOnlyList<AxisTaps> PlaneTaps(Sizes input) => Operator.Resizing(input, Label).Taps(input);

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new SpatialMapExecution<T>(Operator.Plan<T>(context.Inputs[0], context.Options.ToPlanOptions(), Label));
}
