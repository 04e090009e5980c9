using Tessera.Networks.Layers;
using Tessera.Onnx.Format;
using Tessera.Operators;

namespace Tessera.Onnx.Export.Layers;

/// <summary>Borders around any axes: Slice for what is taken away, then Pad, as borders mirror and repeat what is left.</summary>
internal static class BorderWriters
{
    public static string Write(LayerScope scope, PadAxes layer)
    {
        var value = Cropped(scope, layer);
        long[] low = [.. layer.Low.Select(static amount => Math.Max(0L, amount))], high = [.. layer.High.Select(static amount => Math.Max(0L, amount))];
        if (low.All(static amount => amount == 0) && high.All(static amount => amount == 0)) return value;
        if (layer.Mode == BorderMode.Circular && scope.Opset < 19) return Wrapped(scope, value, low, high);
        var pads = scope.Integers("pads", [.. low, .. high]);
        // Axes are named though all are meant: without them ONNX Runtime takes zeros into a pooling that follows.
        if (layer.Mode == BorderMode.Zero) return scope.Node("Pad", [value, pads, scope.Constant("filling", layer.Value), scope.Integers("axes", [.. low.Select(static (_, axis) => (long)axis)])]);
        return scope.Node("Pad", [value, pads], OnnxAttribute.Of("mode", layer.Mode switch { BorderMode.Reflect => "reflect", BorderMode.Replicate => "edge", _ => "wrap" }));
    }

    /// <summary>Ends are counted from behind, so that they hold for every batch.</summary>
    private static string Cropped(LayerScope scope, PadAxes layer)
    {
        long[] axes = [.. Enumerable.Range(0, layer.Low.Count).Where(axis => layer.Low[axis] < 0 || layer.High[axis] < 0).Select(static axis => (long)axis)];
        if (axes.Length == 0) return scope.Input;
        var starts = scope.Integers("starts", [.. axes.Select(axis => Math.Max(0L, -(long)layer.Low[(int)axis]))]);
        var ends = scope.Integers("ends", [.. axes.Select(axis => layer.High[(int)axis] < 0 ? layer.High[(int)axis] : (long)int.MaxValue)]);
        return scope.Node("Slice", [scope.Input, starts, ends, scope.Integers("axes", axes)]);
    }

    /// <summary>A border that goes round before opset 19, which brought that mode: the other end of each axis is put before and behind it.</summary>
    private static string Wrapped(LayerScope scope, string value, long[] low, long[] high)
    {
        for (var axis = 0; axis < low.Length; axis++)
        {
            if (low[axis] == 0 && high[axis] == 0) continue;
            var middle = value;
            var parts = new List<string> { middle };
            if (low[axis] > 0) parts.Insert(0, Part(axis, -low[axis], int.MaxValue));
            if (high[axis] > 0) parts.Add(Part(axis, 0, high[axis]));
            value = scope.Node("Concat", [.. parts], OnnxAttribute.Of("axis", axis));

            string Part(int along, long start, long end) =>
                scope.Node("Slice", [middle, scope.Integers("starts", [start]), scope.Integers("ends", [end]), scope.Integers("axes", [along])]);
        }

        return value;
    }
}
