using Tessera.Networks.Initialisers;
using Tessera.Networks.Layers;

namespace Tessera.Networks;

/// <summary>The initialiser of a weight whose layer names none: what suits the activation that follows.</summary>
internal static class DefaultInitialiser
{
    /// <summary>
    /// He where a rectifier follows (all that lets one side through and holds back the other), Glorot where sigmoid or tanh does (all that bends to both sides),
    /// LeCun where nothing does (the output), and where SELU does, whose fixed point needs it.
    /// </summary>
    public static Initialiser For(NetworkDescription network, int layer)
    {
        // Follows the first user of each output, over layers that keep the scale of signals.
        var graph = network.Graph;
        for (var at = NextUser(graph, layer); at >= 0; at = NextUser(graph, at))
        {
            switch (network.Layers[at])
            {
                case Relu or LeakyRelu or PRelu or ThresholdedRelu or Elu or Celu or Softplus or Gelu or Silu or Mish or HardSwish or ChannelPool:
                case SoftThreshold or Clip { Minimum: >= 0 }:
                    return new He();
                case Sigmoid or HardSigmoid or Tanh or Softsign or Clip or Elementwise { Function: ElementFunction.Erf }:
                    return new Glorot();
                case Selu:
                case Convolution or TransposedConvolution or TiedTranspose or Dense:
                    return new LeCun();
            }
        }

        return new LeCun();
    }

    private static int NextUser(NetworkGraph graph, int layer) =>
        graph.Order.FirstOrDefault(user => graph.Sources[user].Contains(layer), -1);
}
