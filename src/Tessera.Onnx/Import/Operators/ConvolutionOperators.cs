using Tessera.Connections;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Conv and ConvTranspose. Tessera's shared kernels lie as ONNX's do: [M, C/group, k…] and, for the transpose, [C, M/group, k…].</summary>
internal static class ConvolutionOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        new("Conv", Convolution),
        new("ConvTranspose", Transposed),
    ];

    private static void Convolution(NodeImport node)
    {
        var input = node.Flow();
        var kernel = Kernel(node, input);
        var bias = node.Constant(2);
        var layer = node.Add(
            new Convolution(Description(node, kernel.Shape, kernel.Shape[0]) with
            {
                Padding = WindowAttributes.Padding(node, kernel.Shape.Count - 2),
                Bias = bias is null ? BiasSharing.None : BiasSharing.LikeKernel,
            }),
            input);
        node.Fill(layer, "kernel", kernel);
        if (bias is not null) node.Fill(layer, "bias", bias);
        node.Give(layer);
    }

    private static void Transposed(NodeImport node)
    {
        var input = node.Flow();
        var kernel = Kernel(node, input);
        var bias = node.Constant(2);
        var forward = Description(node, kernel.Shape, kernel.Shape[0]);
        var rank = forward.Rank;
        int[] low = new int[rank], high = new int[rank], size = new int[rank];
        Sizes added = node.Integers("output_padding"), wanted = node.Integers("output_shape"), pads = node.Integers("pads");
        var automatic = node.Text("auto_pad", "NOTSET");
        // Some exporters write the full shape there; the spatial sizes are its last.
        if (wanted.Count == rank + 2) wanted = wanted.From(2);
        foreach (var (attribute, numbers, due) in new[] { ("output_padding", added, rank), ("output_shape", wanted, rank), ("pads", pads, 2 * rank), ("strides", forward.Stride, rank), ("dilations", forward.Dilation, rank) })
        {
            if (numbers.Count > 0 && numbers.Count != due) throw node.Wrong($"{attribute} has {numbers.Count} numbers; {rank} axes need {due}");
        }

        if (forward.Stride.Any(static stride => stride < 1)) throw node.Wrong($"strides are {forward.Stride}; each must be at least 1");
        for (var axis = 0; axis < rank; axis++)
        {
            int stride = forward.StrideOn(axis), extra = added.Count > 0 ? added[axis] : 0, from = input.AtTwo[axis + 2];
            var full = ((long)stride * (from - 1)) + extra + (forward.DilationOn(axis) * (forward.Kernel[axis] - 1L)) + 1;
            if (wanted.Count > 0 || automatic is "SAME_UPPER" or "SAME_LOWER")
            {
                var total = full - (wanted.Count > 0 ? wanted[axis] : (long)from * stride);
                if (total < 0)
                {
                    // What kernel and stride do not reach is added at the end, as output padding is.
                    extra = checked((int)(extra - total));
                    full -= total;
                    total = 0;
                }

                var small = (int)(total / 2);
                (low[axis], high[axis]) = automatic == "SAME_UPPER" ? (small, (int)(total - small)) : ((int)(total - small), small);
            }
            else if (pads.Count > 0)
            {
                (low[axis], high[axis]) = (pads[axis], pads[rank + axis]);
            }

            var output = full - low[axis] - high[axis];
            // Rows beyond the stride come of padding that the forward operator never reads.
            if (extra >= stride && high[axis] >= stride) high[axis] -= Math.Min(extra / stride, high[axis] / stride) * stride;

            if (output is < 1 or > int.MaxValue) throw node.Wrong($"axis {axis}: the padding ({low[axis]}, {high[axis]}) leaves an output of {output}");
            size[axis] = (int)output;
        }

        var layer = node.Add(
            new TransposedConvolution(forward with { Padding = Padding.Explicit(Sizes.Create(low), Sizes.Create(high)) }, checked(kernel.Shape[1] * Groups(node)))
            {
                OriginalSize = Sizes.Create(size),
                Bias = bias is not null,
            },
            input);
        node.Fill(layer, "kernel", kernel);
        if (bias is not null) node.Fill(layer, "bias", bias);
        node.Give(layer);
    }

    private static NumberArray Kernel(NodeImport node, Flow input)
    {
        var kernel = node.RequiredConstant(1);
        node.CheckBatch();
        if (kernel.Shape.Count < 3 || kernel.Shape.Count != input.Rank) throw node.Wrong($"a kernel of {kernel.Shape} for an input of {input}; both need a batch or outputs, channels and the same spatial axes");
        if (kernel.Count == 0) throw node.Wrong($"a kernel of {kernel.Shape} has no elements");
        return kernel;
    }

    private static ConvolutionDescription Description(NodeImport node, Sizes kernel, int outputs) => new()
    {
        Kernel = kernel.From(2),
        Outputs = outputs,
        Stride = node.Integers("strides"),
        Dilation = node.Integers("dilations"),
        Channels = Groups(node) == 1 ? ChannelConnections.Dense : ChannelConnections.Groups(Groups(node)),
    };

    private static int Groups(NodeImport node) => node.Size("group", 1);
}
