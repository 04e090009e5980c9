using System.Runtime.InteropServices;
using Tessera.Execution;
using Tessera.Onnx.Export;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import;

/// <summary>Takes weights out of a file's initialisers, back into the places of the parameters that they were written from.</summary>
internal sealed class ParametersIn(NetworkParameters<float> parameters, IReadOnlyDictionary<string, OnnxTensor> initialisers) : IWeights
{
    /// <exception cref="NotSupportedException">There is no such initialiser, or it is of another shape.</exception>
    public OnnxTensor Tensor(string parameter, string initialiser, Sizes shape, int[]? places)
    {
        if (!initialisers.TryGetValue(initialiser, out var tensor) || tensor.Element != OnnxElement.Float || tensor.Shape != shape)
            throw new NotSupportedException($"there is no initialiser '{initialiser}' of shape {shape}");
        var values = parameters[parameter].Span;
        var elements = MemoryMarshal.Cast<byte, float>(tensor.Data.Span);
        if (places is null) tensor.CopyTo(values);
        for (var index = 0; index < places?.Length; index++)
        {
            if (places[index] >= 0) values[places[index]] = elements[index];
        }

        return tensor;
    }
}
