using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Windows without weights. A stride that is not said is 1 in ONNX, and the window's size in Tessera.</summary>
internal static class PoolingOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        new("MaxPool", Maximum),
        new("AveragePool", node => Pool(node, (window, stride, dilation, padding, ceiling) => new AveragePool
        {
            Window = window,
            Stride = stride,
            Dilation = dilation,
            Padding = padding,
            CeilMode = ceiling,
            CountIncludesPadding = node.Integer("count_include_pad", 0) != 0,
        })),
        new("LpPool", node => Pool(node, (window, stride, dilation, padding, ceiling) => new LpPool
        {
            Window = window,
            Stride = stride,
            Dilation = dilation,
            Padding = padding,
            CeilMode = ceiling,
            P = node.Integer("p", 2),
        })),
        new("GlobalMaxPool", node => Global(node, new GlobalPool(PoolingKind.Max))),
        new("GlobalAveragePool", node => Global(node, new GlobalPool())),
        new("GlobalLpPool", node => Global(node, new GlobalPool(PoolingKind.Lp) { P = node.Integer("p", 2) })),
        new("MaxUnpool", Unpool),
    ];

    private delegate Layer Windowed(Sizes window, Sizes stride, Sizes dilation, Padding padding, bool ceiling);

    private static void Maximum(NodeImport node)
    {
        var pool = Pool(node, static (window, stride, dilation, padding, ceiling) => new MaxPool { Window = window, Stride = stride, Dilation = dilation, Padding = padding, CeilMode = ceiling });
        if (!node.IsUsed(1)) return;
        Winners winners = new(pool, node.Flow());
        if (node.Integer("storage_order", 0) == 0) node.Give(winners, 1);
        else node.Give(ColumnMajor(node, node.Positions(winners), winners.Pooled.AtTwo.From(2)), 1);
    }

    /// <summary>Positions that count the first spatial axis fastest, of those that count the last: r = place within the plane, digit by digit.</summary>
    private static Flow ColumnMajor(NodeImport node, Flow positions, Sizes size)
    {
        var count = (double)size.Product;
        var rest = positions;
        var plane = Whole(rest, count);
        var turned = Times(plane, count);
        rest = node.Add(new Subtract(), [rest, turned]);
        for (var axis = 0; axis < size.Count; axis++)
        {
            var behind = (double)size.From(axis + 1).Product;
            var digit = behind == 1 ? rest : Whole(rest, behind);
            if (behind > 1) rest = node.Add(new Subtract(), [rest, Times(digit, behind)]);
            turned = node.Add(new Add(), [turned, Times(digit, Sizes.Create(size.AsSpan()[..axis]).Product)]);
        }

        return turned with { Element = Format.OnnxElement.Int64 };

        Flow Times(Flow flow, double factor) => node.Add(new Multiply(), [flow, node.Scalar(factor)]);

        Flow Whole(Flow flow, double divisor) => node.Add(new Elementwise(ElementFunction.Floor), node.Add(new Divide(), [flow, node.Scalar(divisor)]));
    }

    private static Flow Pool(NodeImport node, Windowed make)
    {
        var input = Input(node);
        var window = node.Integers("kernel_shape");
        if (window.Count != input.Rank - 2) throw node.Wrong($"kernel_shape {window} for an input of {input}; give one size for each spatial axis");
        var stride = node.Integers("strides");
        var layer = node.Add(
            make(
                window,
                stride.Count > 0 ? stride : Sizes.Repeat(1, window.Count),
                node.Integers("dilations"),
                WindowAttributes.Padding(node, window.Count),
                node.Integer("ceil_mode", 0) != 0),
            input);
        node.Give(layer);
        return layer;
    }

    private static void Global(NodeImport node, GlobalPool layer) => node.Give(node.Add(layer, Input(node)));

    private static Flow Input(NodeImport node)
    {
        node.CheckBatch();
        return node.Flow();
    }

    private static void Unpool(NodeImport node)
    {
        if (node.Input(1) is Known)
        {
            GivenPositions.Unpool(node);
            return;
        }

        if (node.Input(1) is not Winners { IsRow: false } winners) throw node.Wrong("its second input must be the positions that a MaxPool of the same model gives, or constants");
        var layer = node.Add(new MaxUnpool(winners.Pool.Layer), [node.Flow()], (winners.Pool, winners.Pooled));
        // The batch in it may be a number, or computed of the input's.
        if (node.Input(2) is Known size && !size.AtTwo.Values.Skip(1).SequenceEqual(layer.AtTwo.From(1).Select(static one => (double)one)))
        {
            throw node.Wrong($"output_shape [{string.Join(", ", size.AtTwo.Values)}] differs from the shape {layer} that was pooled");
        }

        node.Give(layer);
    }
}
