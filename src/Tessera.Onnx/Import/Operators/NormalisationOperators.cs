using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import.Operators;

/// <summary>What brings numbers to one scale: the normalisations and the softmaxes; and dropout.</summary>
internal static class NormalisationOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        new("BatchNormalization", Batch),
        new("InstanceNormalization", static node => Channels(node, new InstanceNormalisation { Epsilon = node.Real("epsilon", 1e-5) })),
        new("GroupNormalization", Groups),
        new("LayerNormalization", LastAxes),
        new("LRN", LocalResponse),
        new("Softmax", static node => Softmax(node, static axis => new Softmax(axis))),
        new("LogSoftmax", static node => Softmax(node, static axis => new LogSoftmax(axis))),
        new("Dropout", Drop),
    ];

    private static void Batch(NodeImport node)
    {
        if (node.Integer("training_mode", 0) != 0 || node.IsUsed(1)) throw node.Wrong("it is in training mode; export the model for inference");
        if (node.Integer("spatial", 1) == 0) throw node.Wrong("it normalises each position by itself (spatial = 0), which is not read");
        node.CheckBatch();
        var layer = node.Add(new BatchNormalisation { Momentum = Math.Round(1 - node.Real("momentum", 0.9), 9), Epsilon = node.Real("epsilon", 1e-5) }, node.Flow());
        Fill(node, layer, 1, "scale");
        Fill(node, layer, 2, "shift");
        Fill(node, layer, 3, "mean");
        Fill(node, layer, 4, "variance");
        node.Give(layer);
    }

    private static void Channels(NodeImport node, Layer normalisation)
    {
        node.CheckBatch();
        var layer = node.Add(normalisation, node.Flow());
        Fill(node, layer, 1, "scale");
        Fill(node, layer, 2, "shift");
        node.Give(layer);
    }

    private static void Groups(NodeImport node)
    {
        var groups = node.Size("num_groups", 0);
        GroupNormalisation normalisation = new(groups) { Epsilon = node.Real("epsilon", 1e-5) };
        if (node.Opset >= 21)
        {
            Channels(node, normalisation);
            return;
        }

        // Before version 21 scale and shift were one for each group, and only then for each channel.
        node.CheckBatch();
        var layer = node.Add(normalisation, node.Flow());
        foreach (var (input, parameter) in new[] { (1, "scale"), (2, "shift") })
        {
            var numbers = node.RequiredConstant(input);
            if (numbers.Count != groups) throw node.Wrong($"its {parameter} has {numbers.Count} numbers for {groups} groups");
            node.Layers.Fill($"{layer.Layer}.{parameter}", layer.AtTwo[1], to =>
            {
                for (var channel = 0; channel < to.Length; channel++) to[channel] = (float)numbers.Values[channel / (to.Length / groups)];
            });
        }

        node.Give(layer);
    }

    private static void LastAxes(NodeImport node)
    {
        var input = node.Flow();
        var (axis, epsilon) = (node.Axis(node.Integer("axis", -1), input.Rank), node.Real("epsilon", 1e-5));
        var layer = node.Add(new LayerNormalisation { Axis = axis, Shift = node.Has(2), Epsilon = epsilon }, input);
        Fill(node, layer, 1, "scale");
        if (node.Has(2)) Fill(node, layer, 2, "shift");
        node.Give(layer);
        if (!node.IsUsed(1) && !node.IsUsed(2)) return;

        // The mean, and one over the deviation: 1 / √(variance + ε).
        Sizes axes = Sizes.Create([.. Enumerable.Range(axis, input.Rank - axis)]);
        var mean = node.Add(new Reduce(ReduceFunction.Mean, axes), input);
        var centred = node.Add(new Subtract(), [input, mean]);
        var variance = node.Add(new Reduce(ReduceFunction.Mean, axes), node.Add(new Multiply(), [centred, centred]));
        var deviation = node.Add(new Elementwise(ElementFunction.SquareRoot), node.Add(new Add(), [variance, node.Scalar(epsilon)]));
        node.Give(mean, 1);
        node.Give(node.Add(new Elementwise(ElementFunction.Reciprocal), deviation), 2);
    }

    private static void LocalResponse(NodeImport node)
    {
        node.CheckBatch();
        node.Give(node.Add(
            new LocalResponseNormalisation(node.Size("size", 0)) { Alpha = node.Real("alpha", 1e-4), Beta = node.Real("beta", 0.75), Bias = node.Real("bias", 1) },
            node.Flow()));
    }

    private static void Softmax(NodeImport node, Func<int, Layer> make)
    {
        var input = node.Flow();
        var axis = node.Axis(node.Integer("axis", node.Opset < 13 ? 1 - Math.Max(0, 2 - input.Rank) : -1), input.Rank);
        if (node.Opset >= 13 || axis == input.Rank - 1)
        {
            node.Give(node.Add(make(axis), input));
            return;
        }

        // Before version 13 all axes from the one said on were taken together.
        var flat = ShapeOperators.To(node, input, Flat(input.AtTwo), Flat(input.AtThree));
        node.Give(ShapeOperators.To(node, node.Add(make(axis), flat), input.AtTwo, input.AtThree));

        Sizes Flat(Sizes shape) => [.. shape.AsSpan()[..axis], checked((int)shape.From(axis).Product)];
    }

    private static void Drop(NodeImport node)
    {
        var rate = node.Has(1) ? node.Number(1) : node.Real("ratio", 0.5);
        if (node.Has(2) && node.Number(2) != 0 && rate != 0) throw node.Wrong("it is in training mode; export the model for inference");
        node.Give(node.Add(new Dropout(Math.Round(rate, 7)), node.Flow()));
        // In inference nothing is dropped, and the mask is true everywhere.
        if (node.IsUsed(1)) node.Give(node.Add(new Clip(1, 1), node.Flow()) with { Element = OnnxElement.Bool }, 1);
    }

    private static void Fill(NodeImport node, Flow layer, int input, string parameter) => node.Fill(layer, parameter, node.RequiredConstant(input));
}
