using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>Layers that combine values with each other or fold axes of one, and the constants for them.</summary>
internal static class ArithmeticWriters
{
    /// <summary>The operator takes two; broadcasting goes on from product to product.</summary>
    public static string Write(LayerScope scope, Multiply layer) =>
        scope.Inputs.Skip(1).Aggregate(scope.Input, (product, factor) => scope.Node("Mul", [product, factor]));

    public static string Write(LayerScope scope, Constant layer) => scope.Node("Identity", scope.Weight("value", layer.Shape));

    public static string Write(LayerScope scope, Reduce layer)
    {
        var type = layer.Function switch
        {
            ReduceFunction.Sum => "ReduceSum",
            ReduceFunction.Mean => "ReduceMean",
            ReduceFunction.Maximum => "ReduceMax",
            ReduceFunction.Minimum => "ReduceMin",
            ReduceFunction.Product => "ReduceProd",
            _ => "ReduceL2",
        };
        return scope.Node(type, [scope.Input, scope.Integers("axes", [.. layer.Along.Select(static axis => (long)axis)])], OnnxAttribute.Of("keepdims", layer.KeepSizes ? 1 : 0));
    }

    public static string Write(LayerScope scope, ArgMax layer)
    {
        var place = scope.Node(
            "ArgMax",
            scope.Input,
            OnnxAttribute.Of("axis", layer.Axis),
            OnnxAttribute.Of("keepdims", layer.KeepSize ? 1 : 0),
            OnnxAttribute.Of("select_last_index", layer.LastIndex ? 1 : 0));
        return scope.Node("Cast", place, OnnxAttribute.Of("to", (long)OnnxElement.Float));
    }
}
