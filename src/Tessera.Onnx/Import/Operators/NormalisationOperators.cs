using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>BatchNormalization and its kin.</summary>
internal static class NormalisationOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        new("BatchNormalization", Batch),
        new("Dropout", Drop),
    ];

    private static void Batch(NodeImport node)
    {
        if (node.Integer("training_mode", 0) != 0 || node.IsUsed(1)) throw node.Wrong("it is in training mode; export the model for inference");
        if (node.Integer("spatial", 1) == 0) throw node.Wrong("it normalises each position by itself (spatial = 0), which is not read");
        var input = node.Flow();
        if (node.AxisOffset > 0) throw node.Wrong("its first axis is the batch; import the model with OnnxImportOptions.FirstAxisIsBatch");
        var layer = node.Add(new BatchNormalisation { Momentum = Math.Round(1 - node.Real("momentum", 0.9), 9), Epsilon = node.Real("epsilon", 1e-5) }, input);
        foreach (var (index, parameter) in new[] { (1, "scale"), (2, "shift"), (3, "mean"), (4, "variance") })
        {
            var numbers = node.RequiredConstant(index);
            if (numbers.Count != input.AtTwo[1]) throw node.Wrong($"its {parameter} has {numbers.Count} numbers for {input.AtTwo[1]} channels");
            node.Fill(layer, parameter, numbers);
        }

        node.Give(layer);
    }

    private static void Drop(NodeImport node)
    {
        if (node.Has(2) && node.RequiredConstant(2).Values[0] != 0) throw node.Wrong("it is in training mode; export the model for inference");
        if (node.IsUsed(1)) throw node.Wrong("its mask is taken by another node; export the model for inference");
        var rate = node.Has(1) ? node.RequiredConstant(1).Values[0] : node.Real("ratio", 0.5);
        node.Give(node.Add(new Dropout(Math.Round(rate, 7)), node.Flow()));
    }
}
