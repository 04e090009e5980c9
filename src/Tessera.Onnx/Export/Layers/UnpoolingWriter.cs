using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>
/// Undoes a max pooling by its winners: MaxUnpool where windows lie apart. Where they overlap, values that share a winner add up, which
/// MaxUnpool leaves open: then the values are scattered with addition, over the whole of what was pooled, as winners are counted.
/// </summary>
internal static class UnpoolingWriter
{
    public static string Write(LayerScope scope, MaxUnpool layer)
    {
        var winners = scope.Winners[layer.Of];
        var channels = scope.Shape[1];
        var plane = winners.Size.Aggregate(1L, static (product, size) => product * size);
        var batch = scope.Node("Shape", scope.Input, OnnxAttribute.Of("start", 0), OnnxAttribute.Of("end", 1));
        string value;
        if (winners.Axes.All(static axis => axis.Stride >= axis.DilatedKernel))
        {
            var shape = scope.Node("Concat", [batch, scope.Integers("size", [channels, .. winners.Size])], OnnxAttribute.Of("axis", 0));
            value = scope.Node(
                "MaxUnpool",
                [scope.Input, winners.Positions, shape],
                WindowSettings.Numbers("kernel_shape", [.. winners.Axes.Select(static axis => axis.Kernel)]),
                WindowSettings.Numbers("strides", [.. winners.Axes.Select(static axis => axis.Stride)]),
                WindowSettings.Numbers("pads", winners.Pads));
        }
        else
        {
            var zeros = scope.Node("ConstantOfShape", scope.Node("Mul", [batch, scope.Integers("elements", [channels * plane])]));
            var sums = scope.Node(
                "ScatterElements",
                [zeros, scope.Reshape(winners.Positions, -1), scope.Reshape(scope.Input, -1)],
                OnnxAttribute.Of("axis", 0),
                OnnxAttribute.Of("reduction", "add"));
            value = scope.Reshape(sums, [-1, channels, .. winners.Size]);
        }

        int[] size = [.. scope.Output.From(2)];
        return winners.Size.AsSpan().SequenceEqual(size) ? value : scope.Slice(value, 2, winners.Low, size);
    }
}
