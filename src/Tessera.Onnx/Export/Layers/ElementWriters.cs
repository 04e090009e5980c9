using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>Layers that take each element by itself and are more than one node without settings.</summary>
internal static class ElementWriters
{
    /// <summary>Inference drops nothing; the node keeps the rate for whoever trains on.</summary>
    public static string Write(LayerScope scope, Dropout layer) => scope.Node("Dropout", [scope.Input, scope.Constant("rate", layer.Rate)]);

    public static string Write(LayerScope scope, LeakyRelu layer) => scope.Node("LeakyRelu", scope.Input, OnnxAttribute.Of("alpha", (float)layer.Slope));

    public static string Write(LayerScope scope, Elu layer) => scope.Node("Elu", scope.Input, OnnxAttribute.Of("alpha", (float)layer.Alpha));

    public static string Write(LayerScope scope, Silu layer) => scope.Node("Mul", [scope.Input, scope.Node("Sigmoid", scope.Input)]);

    /// <summary>The tanh form; written out before opset 20, which brought the operator.</summary>
    public static string Write(LayerScope scope, Gelu layer)
    {
        var v = scope.Input;
        if (scope.Opset >= 20) return scope.Node("Gelu", v, OnnxAttribute.Of("approximate", "tanh"));
        var cube = scope.Node("Mul", [v, scope.Node("Mul", [v, v])]);
        var inner = scope.Node("Add", [v, scope.Node("Mul", [cube, scope.Constant("cubic", 0.044715)])]);
        var tanh = scope.Node("Tanh", scope.Node("Mul", [inner, scope.Constant("scale", Math.Sqrt(2 / Math.PI))]));
        var half = scope.Node("Mul", [v, scope.Constant("half", 0.5)]);
        return scope.Node("Mul", [half, scope.Node("Add", [tanh, scope.Constant("one", 1)])]);
    }

    public static string Write(LayerScope scope, Multiply layer) =>
        scope.Inputs.Skip(1).Aggregate(scope.Input, (product, factor) => scope.Node("Mul", [product, factor]));
}
