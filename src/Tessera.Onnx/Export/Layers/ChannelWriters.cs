using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>Layers that know channels but no windows.</summary>
internal static class ChannelWriters
{
    public static string Write(LayerScope scope, BatchNormalisation layer)
    {
        Sizes shape = [scope.Shape[1]];
        return scope.Node(
            "BatchNormalization",
            [scope.Input, scope.Weight("scale", shape), scope.Weight("shift", shape), scope.Weight("mean", shape), scope.Weight("variance", shape)],
            OnnxAttribute.Of("epsilon", (float)layer.Epsilon));
    }

    /// <summary>relu(|v| − θ), negative where v is: thresholds below 0, which training may come to, are true in it, at 0 as well.</summary>
    public static string Write(LayerScope scope, SoftThreshold layer)
    {
        var threshold = scope.Weight("threshold", [scope.Shape[1], .. Enumerable.Repeat(1, scope.Shape.Count - 2)]);
        if (layer.NonNegative) return scope.Node("Relu", scope.Node("Sub", [scope.Input, threshold]));
        var magnitude = scope.Node("Relu", scope.Node("Sub", [scope.Node("Abs", scope.Input), threshold]));
        var isNegative = scope.Node("Less", [scope.Input, scope.Constant("zero", 0)]);
        return scope.Node("Where", [isNegative, scope.Node("Neg", magnitude), magnitude]);
    }

    public static string Write(LayerScope scope, Softmax layer) => scope.Node("Softmax", scope.Input, OnnxAttribute.Of("axis", 1));

    public static string Write(LayerScope scope, Concatenate layer) => scope.Node("Concat", [.. scope.Inputs], OnnxAttribute.Of("axis", 1));

    /// <summary>Inference passes the means on, which are the first half of the channels.</summary>
    public static string Write(LayerScope scope, GaussianSample layer) => scope.Slice(scope.Input, 1, [0], [scope.Output[1]]);
}
