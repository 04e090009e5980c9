using Tessera.Operators;

namespace Tessera.Networks.Layers;

/// <summary>The shape that pooling gives, and the checks before it.</summary>
internal static class PoolShape
{
    /// <summary>[N, C, o…] for an input [N, C, i…].</summary>
    public static Sizes Of(Layer layer, PoolingDescription pooling, Sizes input)
    {
        PoolingChecks.InputShape(input, layer.Label);
        return [input[0], input[1], .. pooling.OutputSize(input.From(2), layer.Label)];
    }
}
