using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Execution.Inference;

/// <summary>What a layer does that adds a constant to each element of its input, subtracts one, multiplies or divides by one: it can be part of a kernel.</summary>
/// <param name="Data">Which of its two sources is the input.</param>
/// <param name="Constant">The layer that gives the constant.</param>
/// <param name="IsNumber">Whether it is one number; else it is one for each channel.</param>
internal readonly record struct ConstantOperation(int Data, int Constant, bool IsNumber)
{
    /// <summary>What a layer does, or null if it does something else.</summary>
    public static ConstantOperation? Of(NetworkDescription network, IReadOnlyList<Sizes> shapes, int layer)
    {
        if (network.Layers[layer] is not (Add or Subtract or Multiply or Divide)) return null;
        var sources = network.Graph.Sources[layer];
        if (sources.Length != 2) return null;
        for (var data = 0; data < 2; data++)
        {
            var constant = sources[1 - data];
            if (constant < 0 || network.Layers[constant] is not Constant { Shape: var shape }) continue;
            // A number less the input, or divided by it, is no scaling of it.
            if (data == 1 && network.Layers[layer] is Subtract or Divide) continue;
            var input = sources[data] >= 0 ? shapes[sources[data]] : [shapes[layer][0], .. network.InputShape.AsSpan()];
            if (input != shapes[layer] || input.Count < 2 || (sources[data] >= 0 && network.Layers[sources[data]] is Constant)) continue;
            if (shape.Product == 1) return new(data, constant, true);
            var fromEnd = input.Count - 1;
            if (shape.Count >= fromEnd && shape[^fromEnd] == input[1] && shape.Product == input[1]) return new(data, constant, false);
        }

        return null;
    }
}
