using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>
/// Undoes a max pooling of the same network: each value goes back to where the window's winner stood, all else is 0;
/// where windows overlap and share a winner, values add up. From the pooling's output shape to its input shape.
/// </summary>
/// <param name="Of">The name of the max-pool layer.</param>
public sealed record MaxUnpool(string Of) : Layer
{
    /// <inheritdoc/>
    public override string Kind => "max-unpool";

    /// <inheritdoc/>
    public override string ShortName => "unpool";

    /// <inheritdoc/>
    public override string? Reference => Of;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0] == inputs[1]
        ? inputs[2]
        : throw Misfit($"the input {inputs[0]} has another shape than the output {inputs[1]} of {Of}, whose winners say where each element goes; bring it to that shape first.");

    internal override void CheckReference(Layer? referenced) => CheckHasWinners(referenced);

    internal override LayerExecution<T> Compile<T>(LayerContext context) =>
        new UnpoolingExecution<T>(((MaxPool)context.Referenced!).Operator.Plan<T>(context.Output, context.Options.ToPlanOptions(), Label));
}
