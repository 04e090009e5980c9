using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// The logarithm of a <see cref="Softmax"/>, without its loss of small numbers: over the channels, Z[n, c, p] = V[n, c, p] − log Σ_c′ exp(V[n, c′, p]),
/// computed from differences to the largest.
/// </summary>
/// <param name="Axis">The axis of the full shape [N, C, i…]; below 0 it counts from the end. Axis 0 is over the examples of a batch.</param>
public sealed record LogSoftmax(int Axis = 1) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "log-softmax";

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        LayerAxis.Of(this, Axis, inputs[0], 0);
        return inputs[0];
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new AxisExecution<T, LogSoftmaxFunction<T>>(new AxisView(context.Output, LayerAxis.Of(this, Axis, context.Output, 0)));
}
