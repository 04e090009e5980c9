using Tessera.Networks;

namespace Tessera.Cli;

/// <summary>Finds the layer that --layer names.</summary>
internal static class LayerChoice
{
    /// <summary>The layer's place in the network.</summary>
    /// <exception cref="UsageException">There is no such layer; the message lists those that there are.</exception>
    public static int IndexOf(NetworkDescription network, string name)
    {
        var names = network.Layers.Select(layer => layer.Name).ToList();
        var index = names.IndexOf(name);
        return index >= 0 ? index : throw new UsageException($"--layer: there is no layer '{name}'; the layers are {string.Join(", ", names.Take(40))}{(names.Count > 40 ? ", …" : "")}.");
    }
}
