using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Cli;

/// <summary>
/// A network that takes samples with their channels last, [i…, C], made to take them first, [C, i…], as images and datasets here have them: it can
/// be trained on, normalised by channel and drawn. Such models mostly begin by moving the channels to the front, which is then left out.
/// </summary>
internal static class ChannelsFirst
{
    /// <summary>The same network with the same numbers, but for the order of its samples' axes.</summary>
    /// <exception cref="UsageException">A sample has no axis beside the channels.</exception>
    public static NetworkParameters<float> Of(NetworkParameters<float> last)
    {
        var network = last.Network;
        var rank = network.InputShape.Count;
        if (rank < 2) throw new UsageException($"--channels-first: the model takes samples of [{string.Join(", ", network.InputShape)}], which have one axis; leave it out.");
        if (WithoutMoves(network) is not { } description)
        {
            var name = "channels-last";
            while (network.Find(name) is not null) name += "'";
            Sizes toLast = [0, .. Enumerable.Range(2, rank - 1), 1];
            Layer[] layers = [new Permute(toLast) { Name = name, Inputs = [NetworkDescription.InputName] }, .. WithInputs(network).Select(layer => Renamed(layer, input => input == NetworkDescription.InputName ? name : input))];
            description = new NetworkDescription(network.Name, Shape(network), layers, network.FurtherOutputs);
        }

        var first = NetworkParameters<float>.Zero(description);
        first.CopyLayersFrom(last);
        return first;
    }

    /// <summary>A network that takes its channels first, of one that begins by moving them there; null of any other.</summary>
    public static NetworkDescription? WithoutMoves(NetworkDescription network)
    {
        var rank = network.InputShape.Count;
        if (rank < 2) return null;
        Sizes toFirst = [0, rank, .. Enumerable.Range(1, rank - 1)];
        var layers = WithInputs(network);
        var outputs = network.FurtherOutputs.Append(layers[^1].Name).ToHashSet(StringComparer.Ordinal);
        var takers = layers.Where(static layer => layer.Inputs.Contains(NetworkDescription.InputName)).ToArray();
        if (takers.Length == 0 || !takers.All(taker => taker is Permute permute && permute.Order == toFirst && !outputs.Contains(taker.Name))) return null;
        var gone = takers.Select(static taker => taker.Name).ToHashSet(StringComparer.Ordinal);
        return new NetworkDescription(
            network.Name,
            Shape(network),
            [.. layers.Where(layer => !gone.Contains(layer.Name)).Select(layer => Renamed(layer, name => gone.Contains(name) ? NetworkDescription.InputName : name))],
            network.FurtherOutputs);
    }

    private static Sizes Shape(NetworkDescription network) => [network.InputShape[^1], .. network.InputShape.SkipLast(1)];

    /// <summary>The layers with the names of what they take, where they took the one before them without a word.</summary>
    private static Layer[] WithInputs(NetworkDescription network) => [.. network.Layers.Select((layer, index) =>
        layer.Inputs.Count > 0 || layer.InputCount == 0 ? layer : layer with { Inputs = [index == 0 ? NetworkDescription.InputName : network.Layers[index - 1].Name] })];

    private static Layer Renamed(Layer layer, Func<string, string> rename) => layer.Inputs.Count == 0 ? layer : layer with { Inputs = [.. layer.Inputs.Select(rename)] };
}
