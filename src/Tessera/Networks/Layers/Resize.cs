using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Kernels.Resampling;
using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>Makes the spatial axes longer or shorter, to sizes or by scales: [N, C, i…] to [N, C, o…]. For whole factors there is <see cref="Upsample"/>.</summary>
/// <param name="Operator">To what size, and what is made of the inputs around a position.</param>
public sealed record Resize(Resizing Operator) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "resize";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        PoolingChecks.InputShape(inputs[0], Label);
        return [inputs[0][0], inputs[0][1], .. Operator.OutputSize(inputs[0].From(2), Label).AsSpan()];
    }

    internal override IEnumerable<(int First, int End)>? Looks(int axis, int input, int output) => Operator.Taps(axis, input, output).Looks();

    internal override IReadOnlyList<AxisTaps> PlaneTaps(Sizes input) => Operator.Taps(input);

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new SpatialMapExecution<T>(Operator.Plan<T>(context.Inputs[0], context.Options.ToPlanOptions(), Label));
}
