using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Layers;

namespace Tessera.Networks.Layers;

/// <summary>Puts two or more inputs after one another along one axis, the channels unless said: [N, C_1 + C_2 + …, i…].</summary>
public sealed record Concatenate : Layer
{
    /// <summary>The axis of the full shape, from 0, or from −1 at the end.</summary>
    public int Axis { get; init; } = 1;

    /// <inheritdoc/>
    public override string Kind => "concatenate";

    /// <inheritdoc/>
    public override int? InputCount => null;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        var axis = FullAxis.Of(this, Axis, inputs[0]);
        long total = 0;
        for (var i = 0; i < inputs.Count; i++)
        {
            if (inputs[i].Count != inputs[0].Count || inputs[i].Where((size, a) => a != axis && size != inputs[0][a]).Any())
            {
                throw Misfit($"its inputs {InputLabel(0)} {inputs[0]} and {InputLabel(i)} {inputs[i]} differ in more than {(axis == 1 ? "channels" : $"axis {axis}")}; pool, pad or upsample one of them to the other's size.");
            }

            total += inputs[i][axis];
        }

        if (total > int.MaxValue) throw Misfit($"its inputs have {total} {(axis == 1 ? "channels" : $"positions on axis {axis}")} together; join fewer.");
        return [.. inputs[0].Select((size, a) => a == axis ? (int)total : size)];
    }

    internal override int LeastRank => 1;

    internal override LayerExecution<T> Compile<T>(LayerContext context)
    {
        var axis = FullAxis.Of(this, Axis, context.Output);
        var start = 0;
        var maps = new List<CopyMap>();
        foreach (var input in context.Inputs)
        {
            var at = start;
            maps.Add(new CopyMap([.. input.Select((size, a) => a == axis ? CopyAxis.Part(context.Output[a], at, size) : CopyAxis.Whole(size))]));
            start += input[axis];
        }

        return new ConcatenateExecution<T>(maps, context.Options);
    }
}
