using Tessera.Networks.Layers;
using Tessera.Onnx.Format;
using Tessera.Operators;

namespace Tessera.Onnx.Export.Layers;

/// <summary>Layers that move elements or put some between and around them.</summary>
internal static class ShapeWriters
{
    public static string Write(LayerScope scope, Flatten layer) => scope.Node("Flatten", scope.Input, OnnxAttribute.Of("axis", 1));

    public static string Write(LayerScope scope, Reshape layer) => scope.Reshape(scope.Input, [-1, .. layer.Shape.Select(static size => (long)size)]);

    /// <summary>Pad; a border that goes round is gathered axis by axis before opset 19, which brought that mode.</summary>
    public static string Write(LayerScope scope, Pad layer)
    {
        if (layer.Mode == BorderMode.Zero)
        {
            // Axes are named though all are meant: without them ONNX Runtime takes the zeros into a pooling that follows, for which they are then no numbers.
            var axes = scope.Integers("axes", [.. Enumerable.Range(0, scope.Shape.Count).Select(static axis => (long)axis)]);
            return scope.Node("Pad", [scope.Input, scope.Integers("pads", [0, 0, .. layer.Low, 0, 0, .. layer.High]), scope.Constant("filling", 0), axes]);
        }

        if (layer.Mode == BorderMode.Circular && scope.Opset < 19) return Gathered(scope, layer);
        var mode = layer.Mode switch { BorderMode.Reflect => "reflect", BorderMode.Replicate => "edge", _ => "wrap" };
        return scope.Node("Pad", [scope.Input, scope.Integers("pads", [0, 0, .. layer.Low, 0, 0, .. layer.High])], OnnxAttribute.Of("mode", mode));
    }

    /// <summary>Resize. Runtimes take linear resizing of two or three axes; for other numbers it goes axis by axis, which is the same.</summary>
    public static string Write(LayerScope scope, Upsample layer)
    {
        float[] factors = [.. layer.Factors.Select(static factor => (float)factor)];
        if (layer.Mode == UpsamplingMode.Nearest) return Resize(scope, scope.Input, "nearest", [1, 1, .. factors]);
        if (factors.Length is 2 or 3) return Resize(scope, scope.Input, "linear", [1, 1, .. factors]);
        var value = scope.Input;
        long[] size = [.. scope.Shape.From(1)];
        for (var axis = 1; axis < size.Length; axis++)
        {
            if (factors[axis - 1] == 1) continue;
            var before = size.Take(axis).Aggregate(1L, static (product, one) => product * one);
            var after = size.Skip(axis + 1).Aggregate(1L, static (product, one) => product * one);
            value = Resize(scope, scope.Reshape(value, -1, before, size[axis], after), "linear", [1, 1, factors[axis - 1], 1]);
            size[axis] *= (long)factors[axis - 1];
        }

        return value == scope.Input ? value : scope.Reshape(value, [-1, .. size]);
    }

    private static string Resize(LayerScope scope, string value, string mode, float[] scales) => mode == "linear"
        ? scope.Node("Resize", [value, "", scope.Constant("scales", scales, [scales.Length])], OnnxAttribute.Of("mode", mode), OnnxAttribute.Of("coordinate_transformation_mode", "half_pixel"))
        : scope.Node(
            "Resize",
            [value, "", scope.Constant("scales", scales, [scales.Length])],
            OnnxAttribute.Of("mode", mode),
            OnnxAttribute.Of("coordinate_transformation_mode", "asymmetric"),
            OnnxAttribute.Of("nearest_mode", "floor"));

    private static string Gathered(LayerScope scope, Pad layer)
    {
        var value = scope.Input;
        for (var axis = 0; axis < scope.Rank; axis++)
        {
            int low = layer.Low[axis], size = scope.Shape[axis + 2];
            if (low == 0 && layer.High[axis] == 0) continue;
            long[] sources = [.. Enumerable.Range(0, scope.Count(scope.Output[axis + 2])).Select(p => (long)layer.Operator.Source(p - low, size))];
            value = scope.Node("Gather", [value, scope.Integers("sources", sources)], OnnxAttribute.Of("axis", axis + 2));
        }

        return value;
    }
}
