using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Weights;

/// <summary>
/// Where the features of a flat value come from. Systems with channels last flatten [i…, C] and this library [C, i…], so weights behind that
/// stand in another order.
/// </summary>
internal static class FlatFeatures
{
    /// <summary>The shape [C, i…] that a layer's input was flattened from, by itself or by a layer before it; null where its features are nobody's positions.</summary>
    /// <exception cref="NotSupportedException">Features come from a layer that joins or reorders them, so that their order in the other system is not known.</exception>
    public static Sizes? Source(NetworkDescription network, int layer)
    {
        var shape = network.InputShapes(layer, 1)[0];
        if (shape.Count > 2) return shape.From(1);
        while (true)
        {
            var source = network.Graph.Sources[layer][0];
            if (source < 0) return null;
            var before = network.InputShapes(source, 1)[0];
            switch (network.Layers[source])
            {
                case Dense: return null;
                case Flatten when before.Count > 2: return before.From(1);
                case Concatenate or Reshape or ChannelPool or GaussianSample:
                    throw new NotSupportedException($"{network.Layers[source].Name}: a {network.Layers[source].Kind} layer between a flattening and a dense layer is not followed; move it in front of the flattening, or set the weights behind it by hand.");
            }

            // A global pool or a convolution of one position leaves channels alone, whose order is everybody's.
            if (before.Count > 2) return null;
            layer = source;
        }
    }
}
