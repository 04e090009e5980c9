using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Functions of two tensors, element by element, with broadcasting.</summary>
internal static class ArithmeticOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        Of("Add", static () => new Add()),
        Of("Sum", static () => new Add()),
        Of("Mul", static () => new Multiply()),
    ];

    private static KeyValuePair<string, OperatorImport> Of(string name, Func<Layer> layer) => new(name, node =>
    {
        if (node.InputCount == 1)
        {
            node.Give(node.Flow());
            return;
        }

        node.Give(node.Add(layer(), [.. Enumerable.Range(0, node.InputCount).Select(node.Flow)]));
    });

    /// <summary>A function of what the network computes and of a constant.</summary>
    public static Flow Apply(NodeImport node, Layer layer, Flow flow, NumberArray constant) => throw node.Wrong("constants");
}
