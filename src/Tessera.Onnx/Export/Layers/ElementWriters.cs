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

    /// <summary>Both forms; written out before opset 20, which brought the operator.</summary>
    public static string Write(LayerScope scope, Gelu layer)
    {
        var v = scope.Input;
        if (scope.Opset >= 20) return scope.Node("Gelu", v, OnnxAttribute.Of("approximate", layer.Exact ? "none" : "tanh"));
        var bend = layer.Exact ? scope.Node("Erf", scope.Node("Mul", [v, scope.Constant("scale", Math.Sqrt(0.5))])) : Tanh(scope);
        var half = scope.Node("Mul", [v, scope.Constant("half", 0.5)]);
        return scope.Node("Mul", [half, scope.Node("Add", [bend, scope.Constant("one", 1)])]);
    }

    public static string Write(LayerScope scope, Selu layer) =>
        scope.Node("Selu", scope.Input, OnnxAttribute.Of("alpha", (float)layer.Alpha), OnnxAttribute.Of("gamma", (float)layer.Gamma));

    public static string Write(LayerScope scope, Celu layer) => scope.Node("Celu", scope.Input, OnnxAttribute.Of("alpha", (float)layer.Alpha));

    public static string Write(LayerScope scope, ThresholdedRelu layer) => scope.Node("ThresholdedRelu", scope.Input, OnnxAttribute.Of("alpha", (float)layer.Threshold));

    public static string Write(LayerScope scope, HardSigmoid layer) =>
        scope.Node("HardSigmoid", scope.Input, OnnxAttribute.Of("alpha", (float)layer.Alpha), OnnxAttribute.Of("beta", (float)layer.Beta));

    public static string Write(LayerScope scope, PRelu layer)
    {
        Sizes slopes = layer.Shared ? [1] : [scope.Shape[1], .. Enumerable.Repeat(1, scope.Rank)];
        return scope.Node("PRelu", [scope.Input, scope.Weight("slope", slopes)]);
    }

    public static string Write(LayerScope scope, Clip layer)
    {
        var least = layer.Minimum is { } minimum ? scope.Constant("minimum", minimum) : "";
        if (layer.Maximum is { } maximum) return scope.Node("Clip", [scope.Input, least, scope.Constant("maximum", maximum)]);
        return scope.Node("Clip", least.Length > 0 ? [scope.Input, least] : [scope.Input]);
    }

    public static string Write(LayerScope scope, Elementwise layer) => layer.Function switch
    {
        ElementFunction.Absolute => scope.Node("Abs", scope.Input),
        ElementFunction.Negate => scope.Node("Neg", scope.Input),
        ElementFunction.Exponential => scope.Node("Exp", scope.Input),
        ElementFunction.Logarithm => scope.Node("Log", scope.Input),
        ElementFunction.SquareRoot => scope.Node("Sqrt", scope.Input),
        ElementFunction.Reciprocal => scope.Node("Reciprocal", scope.Input),
        ElementFunction.Floor => scope.Node("Floor", scope.Input),
        ElementFunction.Ceiling => scope.Node("Ceil", scope.Input),
        ElementFunction.Round => scope.Node("Round", scope.Input),
        ElementFunction.Truncate => scope.Node("Mul", [scope.Node("Sign", scope.Input), scope.Node("Floor", scope.Node("Abs", scope.Input))]),
        ElementFunction.Erf => scope.Node("Erf", scope.Input),
        ElementFunction.Sine => scope.Node("Sin", scope.Input),
        ElementFunction.Cosine => scope.Node("Cos", scope.Input),
        _ => scope.Node("Sign", scope.Input),
    };

    private static string Tanh(LayerScope scope)
    {
        var v = scope.Input;
        var cube = scope.Node("Mul", [v, scope.Node("Mul", [v, v])]);
        var inner = scope.Node("Add", [v, scope.Node("Mul", [cube, scope.Constant("cubic", 0.044715)])]);
        return scope.Node("Tanh", scope.Node("Mul", [inner, scope.Constant("scale", Math.Sqrt(2 / Math.PI))]));
    }
}
