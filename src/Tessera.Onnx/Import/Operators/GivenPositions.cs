using Tessera.Networks.Layers;
using Tessera.Onnx.Import.Folding;

namespace Tessera.Onnx.Import.Operators;

/// <summary>MaxUnpool by positions that are constants.</summary>
internal static class GivenPositions
{
    /// <summary>A max unpooling by positions that are constants, counted over all of what was pooled, as it is without a size that is said.</summary>
    public static void Unpool(NodeImport node)
    {
        node.CheckBatch();
        var input = node.Flow();
        if (input.Rank < 3) throw node.Wrong($"its input {input} has no spatial axes");
        Sizes window = node.Integers("kernel_shape"), stride = node.Integers("strides"), pads = node.Integers("pads");
        var rank = input.Rank - 2;
        if (window.Count != rank || (stride.Count > 0 && stride.Count != rank) || (pads.Count > 0 && pads.Count != 2 * rank)) throw node.Wrong($"kernel_shape {window}, strides {stride} and pads {pads} for an input of {input}; {rank} axes need {rank}, {rank} and {2 * rank}");
        Sizes pooled = Sizes.Create([.. Enumerable.Range(0, rank).Select(axis => checked(((input.AtTwo[axis + 2] - 1) * (stride.Count > 0 ? stride[axis] : 1)) + window[axis] - (pads.Count > 0 ? pads[axis] + pads[rank + axis] : 0)))]);
        Sizes shape = [input.AtTwo[1], .. pooled.AsSpan()];
        if (pooled.Any(static size => size < 1)) throw node.Wrong($"windows of {window} with strides {stride} and pads {pads} come from {pooled}; each size must be at least 1");
        node.Spend(Taking.Elements(node, shape));
        var positions = Taking.OneExample(node, 1, input, shape.Product);
        if (positions.Shape != input.AtTwo.From(1)) throw node.Wrong($"positions of {positions.Shape} for examples of {input.AtTwo.From(1)}; there must be one for each element");
        var places = new int[shape.Product];
        Array.Fill(places, Taking.Nowhere);
        for (var index = 0; index < positions.Count; index++)
        {
            var place = positions.Values[index];
            if (!(place >= 0 && place < places.Length)) throw node.Wrong(FormattableString.Invariant($"position {place} in an example of {shape}; 0 to {places.Length - 1} are there"));
            places[(int)place] = index;
        }

        var given = Taking.Taken(node, new Operand(input, null), places, shape, 0).Flow!;
        if (node.Input(2) is Known size)
        {
            // Positions count in the size that windows and strides imply; what is said beyond it is zeros behind.
            int[] high = [.. MaxUnpoolSize(node, size, input).Select((wanted, axis) => wanted - shape[axis])];
            if (high.Any(static amount => amount < 0)) throw node.Wrong($"output_shape [{string.Join(", ", size.AtTwo.Values)}] is smaller than the {shape} that its windows come from");
            if (high.Any(static amount => amount > 0)) given = node.Add(new PadAxes(Sizes.Repeat(0, input.Rank), [0, .. high]), given);
        }

        node.Give(given);
    }

    private static Sizes MaxUnpoolSize(NodeImport node, Known size, Flow input)
    {
        var said = MovementFolding.ToSizes(node, size.AtTwo);
        return said.Count == input.Rank ? said.From(1) : throw node.Wrong($"output_shape has {said.Count} sizes for an input of {input}");
    }
}
