using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Tessera.Execution;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export;

/// <summary>Weights for a file, from a network's parameters, rounded to float.</summary>
internal sealed class ParametersOut<T>(NetworkParameters<T> parameters) : IWeights
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public OnnxTensor Tensor(string parameter, string initialiser, Sizes shape, int[]? places)
    {
        var values = parameters[parameter].Span;
        if (places is null && typeof(T) == typeof(float)) return OnnxTensor.Of(initialiser, shape, MemoryMarshal.Cast<T, float>(values));
        var elements = new float[places?.Length ?? values.Length];
        if (places is null) TensorPrimitives.ConvertTruncating<T, float>(values, elements);
        for (var index = 0; index < places?.Length; index++) elements[index] = places[index] < 0 ? 0 : float.CreateTruncating(values[places[index]]);
        return OnnxTensor.Of(initialiser, shape, elements);
    }
}
