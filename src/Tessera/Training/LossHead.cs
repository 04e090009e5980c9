using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Training;

/// <summary>
/// The cross-entropies take scores and hold the softmax or the logistic function within themselves, where it can be computed without
/// loss. A network that ends in such a layer, so that its outputs are probabilities, is therefore trained without that layer, which has
/// no parameters.
/// </summary>
internal static class LossHead
{
    /// <summary>The network whose output the loss takes.</summary>
    /// <exception cref="ArgumentException">The network ends in the other loss's layer, or that layer cannot be left out.</exception>
    public static NetworkDescription ForLoss(NetworkDescription network, Loss loss)
    {
        var last = network.Layers[^1];
        var left = (loss, last) switch
        {
            (CrossEntropy, Softmax softmax) when !softmax.IsOverChannels(network.InputShapes(network.Layers.Count - 1, 1)[0]) => throw new ArgumentException(
                $"{last.Name}: {loss.Name} is over the channels, not over axis {softmax.Axis}; leave the softmax's axis at 1, or take it out.", nameof(loss)),
            (CrossEntropy, Softmax) or (BinaryCrossEntropy, Sigmoid) => true,
            (CrossEntropy, Sigmoid) => throw new ArgumentException(
                $"{last.Name}: {loss.Name} wants scores or a softmax at the end of the network, not a sigmoid; take the sigmoid out, or train with binary cross-entropy.", nameof(loss)),
            (BinaryCrossEntropy, Softmax) => throw new ArgumentException(
                $"{last.Name}: {loss.Name} wants scores or a sigmoid at the end of the network, not a softmax; take the softmax out, or train with cross-entropy.", nameof(loss)),
            _ => false,
        };
        if (!left) return network;
        var source = last.Inputs.Count == 0 || network.Layers.Count < 2 ? null : last.Inputs[0];
        var before = network.Layers.Count < 2 ? null : network.Layers[^2].Name;
        if (before is null || (source is not null && source != before))
        {
            throw new ArgumentException(
                $"{last.Name}: to train with {loss.Name}, the last layer must take the one listed before it; list '{source ?? NetworkDescription.InputName}' right before it.", nameof(network));
        }

        return new NetworkDescription(network.Name, network.InputShape, [.. network.Layers.SkipLast(1)], [.. network.FurtherOutputs.Where(output => output != before)]);
    }
}
