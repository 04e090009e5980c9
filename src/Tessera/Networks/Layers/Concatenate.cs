using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>Puts the channels of two or more inputs of one spatial size after one another: [N, C_1 + C_2 + …, i…].</summary>
public sealed record Concatenate : Layer
{
    /// <inheritdoc/>
    public override string Kind => "concatenate";

    /// <inheritdoc/>
    public override int? InputCount => null;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        long channels = 0;
        for (var i = 0; i < inputs.Count; i++)
        {
            channels += inputs[i][1];
            if (inputs[i].From(2) == inputs[0].From(2)) continue;
            throw Misfit($"its inputs {InputLabel(0)} {inputs[0]} and {InputLabel(i)} {inputs[i]} differ in more than channels; pool, pad or upsample one of them to the other's size.");
        }

        if (channels > int.MaxValue) throw Misfit($"its inputs have {channels} channels together; join fewer.");
        return [inputs[0][0], (int)channels, .. inputs[0].From(2).AsSpan()];
    }

    internal override LayerExecution<T> Compile<T>(LayerContext context) => new ConcatenateExecution<T>(context.Inputs);
}
