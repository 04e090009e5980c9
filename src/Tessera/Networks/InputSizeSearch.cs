namespace Tessera.Networks;

/// <summary>Finds the input sizes for which a layer has a wanted output size: the chain of layers read backwards.</summary>
public static class InputSizeSearch
{
    /// <summary>The largest size that is tried.</summary>
    public const int LargestSize = 4096;

    /// <summary>The stretches of input sizes, both ends included, on one axis of the network's input that give the wanted size.</summary>
    /// <param name="network">The network; sizes on its other axes stay as described.</param>
    /// <param name="layer">The place of a layer whose output has spatial axes.</param>
    /// <param name="axis">The spatial axis, from 0.</param>
    /// <param name="output">The wanted size.</param>
    /// <returns>Rising; a stretch that ends at <see cref="LargestSize"/> may go on. Empty where no input gives that size.</returns>
    public static IReadOnlyList<(int First, int Last)> For(NetworkDescription network, int layer, int axis, int output)
    {
        ArgumentNullException.ThrowIfNull(network);
        var needed = Ancestors(network, layer);
        var found = new List<(int First, int Last)>();
        for (var size = 1; size <= LargestSize; size++)
        {
            var given = OutputOf(network, needed, layer, axis, size);
            if (given != output) continue;
            if (found.Count > 0 && found[^1].Last == size - 1) found[^1] = (found[^1].First, size);
            else found.Add((size, size));
        }

        return found;
    }

    /// <summary>The layer's output size for an input size, or null where the layers do not fit it.</summary>
    private static int? OutputOf(NetworkDescription network, bool[] needed, int layer, int axis, int size)
    {
        var spatial = network.InputShape.From(1).ToArray();
        spatial[axis] = size;
        Sizes input = [1, network.InputShape[0], .. spatial];
        var shapes = new Sizes[network.Layers.Count];
        try
        {
            foreach (var index in network.Graph.Order)
            {
                if (!needed[index]) continue;
                var inputs = network.Graph.Sources[index].Select(Shape).ToList();
                if (network.Graph.References[index] is { } reference)
                {
                    inputs.Add(Shape(reference));
                    inputs.Add(Shape(network.Graph.FirstSource(reference)));
                }

                shapes[index] = network.Layers[index].InferShape(inputs);
            }
        }
        catch (Exception exception) when (exception is ArgumentException or OverflowException)
        {
            return null;
        }

        return shapes[layer].Count > axis + 2 ? shapes[layer][axis + 2] : null;

        Sizes Shape(int source) => source < 0 ? input : shapes[source];
    }

    private static bool[] Ancestors(NetworkDescription network, int layer)
    {
        var needed = new bool[network.Layers.Count];
        needed[layer] = true;
        foreach (var index in network.Graph.Order.Reverse())
        {
            if (!needed[index]) continue;
            foreach (var source in network.Graph.Sources[index].Append(network.Graph.References[index] ?? -1))
            {
                if (source >= 0) needed[source] = true;
            }
        }

        return needed;
    }
}
