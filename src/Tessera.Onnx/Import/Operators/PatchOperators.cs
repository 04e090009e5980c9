using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Col2Im.</summary>
internal static class PatchOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } = [new("Col2Im", Overlay)];

    /// <summary>Patches [N, C·∏k, ∏o] added up where they meet, [N, C, i…].</summary>
    private static void Overlay(NodeImport node)
    {
        node.CheckBatch();
        var input = node.Flow();
        Sizes image = node.ConstantIntegers(1) ?? throw node.Wrong("its image_shape is missing"), window = node.ConstantIntegers(2) ?? throw node.Wrong("its block_shape is missing");
        var rank = image.Count;
        Sizes stride = Or(node.Integers("strides"), 1, rank), dilation = Or(node.Integers("dilations"), 1, rank), pads = Or(node.Integers("pads"), 0, 2 * rank);
        if (rank == 0 || window.Count != rank || stride.Count != rank || dilation.Count != rank || pads.Count != 2 * rank || input.Rank != 3) throw node.Wrong($"an image of {image}, blocks of {window}, strides {stride}, dilations {dilation} and pads {pads} for an input of {input}; each axis needs one number, and pads two");
        if (image.Concat(window).Concat(stride).Concat(dilation).Any(static size => size < 1)) throw node.Wrong($"an image of {image}, blocks of {window}, strides {stride} and dilations {dilation}; each must be at least 1");
        int plane = Taking.Elements(node, image), taps = Taking.Elements(node, window);
        var positions = new int[rank];
        for (var axis = 0; axis < rank; axis++)
        {
            var room = (long)image[axis] + pads[axis] + pads[rank + axis] - ((long)dilation[axis] * (window[axis] - 1)) - 1;
            positions[axis] = room < 0 ? throw node.Wrong($"axis {axis}: a block of {window[axis]} in an image of {image[axis]} with the pads {pads}") : checked((int)(room / stride[axis]) + 1);
        }

        var laid = Sizes.Create(positions).Product;
        if (!input.IsFixed(1) || !input.IsFixed(2) || input.AtTwo[1] % taps != 0 || input.AtTwo[2] != laid) throw node.Wrong($"its input {input} is not [N, channels × {taps}, {laid}]");
        node.Spend(plane + checked(taps * laid));
        var targets = new int[taps * laid];
        for (var patch = 0; patch < targets.Length; patch++)
        {
            var (q, o) = Math.DivRem(patch, (int)laid);
            int place = 0, step = 1;
            for (var axis = rank - 1; axis >= 0; axis--)
            {
                (q, var tap) = Math.DivRem(q, window[axis]);
                (o, var at) = Math.DivRem(o, positions[axis]);
                var i = ((long)at * stride[axis]) + ((long)tap * dilation[axis]) - pads[axis];
                place = place < 0 || i < 0 || i >= image[axis] ? Taking.Nowhere : place + (int)(i * step);
                step *= image[axis];
            }

            targets[patch] = place;
        }

        var channels = input.AtTwo[1] / taps;
        var rows = ShapeOperators.To(node, input, [input.AtTwo[0], channels, targets.Length], [input.AtThree[0], channels, targets.Length]);
        node.Give(Taking.Folded(node, rows, Taking.Rounds(node, targets, plane), image, 2, 0, ReduceFunction.Sum));
    }

    private static Sizes Or(Sizes given, int otherwise, int count) => given.Count > 0 ? given : Sizes.Repeat(otherwise, count);
}
