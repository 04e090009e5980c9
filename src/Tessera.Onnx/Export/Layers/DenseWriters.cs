using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export.Layers;

/// <summary>Dense layers, and the transposes that share a kernel with one or with a convolution.</summary>
internal static class DenseWriters
{
    public static string Write(LayerScope scope, Dense layer)
    {
        var features = (int)scope.Shape.From(1).Product;
        var value = scope.Shape.Count == 2 ? scope.Input : scope.Node("Flatten", scope.Input, OnnxAttribute.Of("axis", 1));
        var kernel = scope.Weight("kernel", [layer.Outputs, features]);
        return scope.Node("Gemm", layer.Bias ? [value, kernel, scope.Weight("bias", [layer.Outputs])] : [value, kernel], OnnxAttribute.Of("transB", 1));
    }

    public static string Write(LayerScope scope, TiedTranspose layer)
    {
        if (scope.Referenced is Convolution convolution) return ConvolutionWriters.WriteTied(scope, layer, convolution);
        var channels = scope.Output[1];
        var kernel = scope.WeightOfReference("kernel", [scope.Shape[1], (int)scope.Output.From(1).Product]);
        var isFlat = scope.Output.Count == 2;
        if (isFlat) return scope.Node("Gemm", layer.Bias ? [scope.Input, kernel, scope.Weight("bias", [channels])] : [scope.Input, kernel]);
        var value = scope.Reshape(scope.Node("Gemm", [scope.Input, kernel]), [-1, .. scope.Output.From(1)]);
        if (!layer.Bias) return value;
        return scope.Node("Add", [value, scope.Weight("bias", [channels, .. Enumerable.Repeat(1, scope.Output.Count - 2)])]);
    }
}
