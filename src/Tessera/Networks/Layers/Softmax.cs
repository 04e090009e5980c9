using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Over one axis, by default the channels of each position: Z[n, c, p] = exp(V[n, c, p]) / Σ_c′ exp(V[n, c′, p]), computed from differences to the largest.
/// </summary>
/// <param name="Axis">The axis of the full shape [N, C, i…]; below 0 it counts from the end. Axis 0 is over the examples of a batch.</param>
public sealed record Softmax(int Axis = 1) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "softmax";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        LayerAxis.Of(this, Axis, inputs[0], 0);
        return inputs[0];
    }

    /// <summary>Whether the axis of this input's shape is that of channels.</summary>
    internal bool IsOverChannels(Sizes input) => LayerAxis.Of(this, Axis, input, 0) == 1;

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new AxisExecution<T, SoftmaxFunction<T>>(new AxisView(context.Output, LayerAxis.Of(this, Axis, context.Output, 0)));
}
