using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>Normalisations that measure each example by itself, in inference as well.</summary>
internal static class NormalisationWriters
{
    /// <summary>The operator needs positions: a channel without is one of a single position.</summary>
    public static string Write(LayerScope scope, InstanceNormalisation layer)
    {
        Sizes channels = [scope.Shape[1]];
        var value = scope.Rank > 0 ? scope.Input : scope.Reshape(scope.Input, 0, 0, 1);
        var given = scope.Node("InstanceNormalization", [value, scope.Weight("scale", channels), scope.Weight("shift", channels)], OnnxAttribute.Of("epsilon", (float)layer.Epsilon));
        return scope.Rank > 0 ? given : scope.Reshape(given, 0, 0);
    }

    /// <summary>The operator scales channels since opset 21; before, groups are the channels of an instance normalisation.</summary>
    public static string Write(LayerScope scope, GroupNormalisation layer)
    {
        var channels = scope.Shape[1];
        if (scope.Opset >= 21)
        {
            return scope.Node(
                "GroupNormalization",
                [scope.Input, scope.Weight("scale", [channels]), scope.Weight("shift", [channels])],
                OnnxAttribute.Of("epsilon", (float)layer.Epsilon),
                OnnxAttribute.Of("num_groups", layer.Groups));
        }

        float[] ones = new float[layer.Groups], zeros = new float[layer.Groups];
        Array.Fill(ones, 1);
        var normalised = scope.Node(
            "InstanceNormalization",
            [scope.Reshape(scope.Input, 0, layer.Groups, -1), scope.Constant("ones", ones, [layer.Groups]), scope.Constant("zeros", zeros, [layer.Groups])],
            OnnxAttribute.Of("epsilon", (float)layer.Epsilon));
        Sizes shape = [channels, .. Enumerable.Repeat(1, scope.Rank)];
        var scaled = scope.Node("Mul", [scope.Reshape(normalised, static shape => [.. shape]), scope.Weight("scale", shape)]);
        return scope.Node("Add", [scaled, scope.Weight("shift", shape)]);
    }

    public static string Write(LayerScope scope, LayerNormalisation layer)
    {
        var shape = scope.Shape.From(layer.Axis < 0 ? layer.Axis + scope.Shape.Count : layer.Axis);
        var scale = scope.Weight("scale", shape);
        return scope.Node(
            "LayerNormalization",
            layer.Shift ? [scope.Input, scale, scope.Weight("shift", shape)] : [scope.Input, scale],
            OnnxAttribute.Of("axis", layer.Axis),
            OnnxAttribute.Of("epsilon", (float)layer.Epsilon));
    }

    /// <summary>In ONNX Runtime the operator has windows of an odd number of channels, two spatial axes, and α and β above 0; otherwise squares are averaged along channels.</summary>
    public static string Write(LayerScope scope, LocalResponseNormalisation layer)
    {
        if (layer.Size % 2 == 1 && scope.Rank == 2 && layer.Alpha > 0 && layer.Beta > 0)
        {
            return scope.Node(
                "LRN",
                scope.Input,
                OnnxAttribute.Of("size", layer.Size),
                OnnxAttribute.Of("alpha", (float)layer.Alpha),
                OnnxAttribute.Of("beta", (float)layer.Beta),
                OnnxAttribute.Of("bias", (float)layer.Bias));
        }

        var squares = scope.Reshape(scope.Node("Mul", [scope.Input, scope.Input]), static shape => [shape[0], 1, shape[1], shape.From(2).Product]);
        var means = scope.Node(
            "AveragePool",
            squares,
            [.. WindowSettings.Of([layer.Size, 1], [1, 1], [1, 1], [(layer.Size - 1) / 2, 0], [layer.Size / 2, 0]).Where(static setting => setting.Name != "dilations"), OnnxAttribute.Of("count_include_pad", 1)]);
        var sums = scope.Node("Add", [scope.Node("Mul", [means, scope.Constant("alpha", layer.Alpha)]), scope.Constant("bias", layer.Bias)]);
        var divisors = scope.Node("Pow", [scope.Reshape(sums, static shape => [.. shape]), scope.Constant("beta", layer.Beta)]);
        return scope.Node("Div", [scope.Input, divisors]);
    }
}
