using Tessera.Networks.Initialisers;
using Tessera.Networks.Layers;

namespace Tessera.Networks;

/// <summary>The initialiser of a weight whose layer names none: what suits the activation that follows.</summary>
internal static class DefaultInitialiser
{
    /// <summary>He where a rectifier follows, Glorot where sigmoid or tanh does, LeCun where nothing does (the output).</summary>
    public static Initialiser For(NetworkDescription network, int layer)
    {
        // Follows the first user of each output, over layers that keep the scale of signals.
        var graph = network.Graph;
        for (var at = NextUser(graph, layer); at >= 0; at = NextUser(graph, at))
        {
            switch (network.Layers[at])
            {
                case Relu or LeakyRelu or Elu or Softplus or Gelu or Silu or ChannelPool:
                    return new He();
                case Sigmoid or Tanh:
                    return new Glorot();
                case Convolution or TransposedConvolution or TiedTranspose or Dense:
                    return new LeCun();
            }
        }

        return new LeCun();
    }

    private static int NextUser(NetworkGraph graph, int layer) =>
        graph.Order.FirstOrDefault(user => graph.Sources[user].Contains(layer), -1);
}
