using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>Layers that put elements in other places of the full shape, the batch among its axes: nothing here takes the first axis for it.</summary>
internal static class MovementWriters
{
    public static string Write(LayerScope scope, Permute layer) =>
        scope.Transpose(scope.Input, [.. layer.Order.Select(axis => (long)(axis < 0 ? axis + layer.Order.Count : axis))]);

    /// <summary>0 and −1 mean in both the same.</summary>
    public static string Write(LayerScope scope, View layer) => scope.Reshape(scope.Input, [.. layer.Dimensions.Select(static size => (long)size)]);

    public static string Write(LayerScope scope, Slice layer)
    {
        string[] inputs = [scope.Input, Numbers(scope, "starts", layer.Starts), Numbers(scope, "ends", layer.Ends), Numbers(scope, "axes", layer.AlongAxes)];
        return scope.Node("Slice", layer.Steps.Count == 0 ? inputs : [.. inputs, Numbers(scope, "steps", layer.Steps)]);
    }

    public static string Write(LayerScope scope, Gather layer)
    {
        var indices = layer.Shape.Count == 0
            ? scope.Integer("indices", layer.Indices[0])
            : scope.Integers("indices", [.. layer.Indices.Select(static index => (long)index)], layer.Shape);
        return scope.Node("Gather", [scope.Input, indices], OnnxAttribute.Of("axis", layer.Axis));
    }

    public static string Write(LayerScope scope, Expand layer) => scope.Node("Expand", [scope.Input, Numbers(scope, "shape", layer.Dimensions)]);

    /// <summary>The operator where blocks are squares on two axes; otherwise every axis is split and put together again.</summary>
    public static string Write(LayerScope scope, DepthToSpace layer)
    {
        var (rank, isPlaceFirst) = (scope.Rank, layer.Order == BlockOrder.DepthColumnRow);
        if (IsSquare(layer.Block)) return scope.Node("DepthToSpace", scope.Input, OnnxAttribute.Of("blocksize", layer.Block[0]), OnnxAttribute.Of("mode", isPlaceFirst ? "DCR" : "CRD"));
        long[] block = [.. layer.Block];
        long places = layer.Block.Product;
        var split = scope.Reshape(scope.Input, shape => isPlaceFirst
            ? [shape[0], .. block, shape[1] / places, .. Spatial(shape)]
            : [shape[0], shape[1] / places, .. block, .. Spatial(shape)]);
        var (channels, firstPlace) = isPlaceFirst ? (1 + rank, 1) : (1, 2);
        var turned = scope.Transpose(split, [0, channels, .. Enumerable.Range(0, rank).SelectMany(axis => new long[] { 2 + rank + axis, firstPlace + axis })]);
        return scope.Reshape(turned, shape => [shape[0], shape[1] / places, .. Spatial(shape).Select((size, axis) => size * block[axis])]);
    }

    /// <summary>The operator, which knows one order, where blocks are squares on two axes; otherwise the same backwards.</summary>
    public static string Write(LayerScope scope, SpaceToDepth layer)
    {
        var (rank, isPlaceFirst) = (scope.Rank, layer.Order == BlockOrder.DepthColumnRow);
        if (IsSquare(layer.Block) && isPlaceFirst) return scope.Node("SpaceToDepth", scope.Input, OnnxAttribute.Of("blocksize", layer.Block[0]));
        long[] block = [.. layer.Block];
        long[] places = [.. Enumerable.Range(0, rank).Select(static axis => 3L + (2 * axis))], positions = [.. places.Select(static place => place - 1)];
        var split = scope.Reshape(scope.Input, shape => [shape[0], shape[1], .. Spatial(shape).SelectMany((size, axis) => new[] { size / block[axis], block[axis] })]);
        var turned = scope.Transpose(split, isPlaceFirst ? [0, .. places, 1, .. positions] : [0, 1, .. places, .. positions]);
        return scope.Reshape(turned, shape => [shape[0], shape[1] * layer.Block.Product, .. Spatial(shape).Select((size, axis) => size / block[axis])]);
    }

    private static bool IsSquare(Sizes block) => block.Count == 2 && block[0] == block[1];

    private static long[] Spatial(Sizes shape) => [.. shape.From(2)];

    private static string Numbers(LayerScope scope, string name, Sizes numbers) => scope.Integers(name, [.. numbers.Select(static number => (long)number)]);
}
