using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Kernels.Resampling;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>Puts a border around the spatial axes: [N, C, i…] to [N, C, lo_1 + i_1 + hi_1 …].</summary>
/// <param name="Low">Elements before the first of each axis.</param>
/// <param name="High">Elements after the last of each axis.</param>
public sealed record Pad(Sizes Low, Sizes High) : Layer
{
    /// <summary>What stands in the border: zeros unless said.</summary>
    public BorderMode Mode { get; init; }

    /// <inheritdoc/>
    public override string Kind => "pad";

    /// <summary>The same as an operator.</summary>
    public BorderPadding Operator => new() { Low = Low, High = High, Mode = Mode };

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        PoolingChecks.InputShape(inputs[0], Label);
        return [inputs[0][0], inputs[0][1], .. Operator.OutputSize(inputs[0].From(2), Label).AsSpan()];
    }

    internal override IReadOnlyList<AxisTaps> PlaneTaps(Sizes input) => Operator.Taps(input);

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new SpatialMapExecution<T>(Operator.Plan<T>(context.Inputs[0], context.Options.ToPlanOptions(), Label));
}
