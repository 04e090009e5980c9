using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Functions of one tensor, element by element, and the softmaxes.</summary>
internal static class ActivationOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        Of("Relu", static _ => new Relu()),
        Of("LeakyRelu", static node => new LeakyRelu(node.Real("alpha", 0.01))),
        Of("Elu", static node => new Elu(node.Real("alpha", 1))),
        Of("Sigmoid", static _ => new Sigmoid()),
        Of("Tanh", static _ => new Tanh()),
        Of("Softplus", static _ => new Softplus()),
    ];

    private static KeyValuePair<string, OperatorImport> Of(string name, Func<NodeImport, Layer> layer) =>
        new(name, node => node.Give(node.Add(layer(node), node.Flow())));
}
