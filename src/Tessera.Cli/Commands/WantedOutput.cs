using Tessera.Networks;

namespace Tessera.Cli.Commands;

/// <summary>The answer to <c>plan --output</c>: for each axis, the input sizes that give the wanted size.</summary>
internal sealed record WantedOutput(string Layer, Sizes Output, IReadOnlyList<IReadOnlyList<(int First, int Last)>> InputSizes)
{
    /// <summary>Asks the network.</summary>
    /// <exception cref="UsageException">There is no such layer, or the numbers do not go with its axes.</exception>
    public static WantedOutput Of(NetworkDescription network, string? layerName, Sizes wanted)
    {
        var shapes = network.Shapes(1);
        var names = network.Layers.Select(layer => layer.Name).ToList();
        var index = layerName is null ? shapes.ToList().FindLastIndex(shape => shape.Count > 2) : names.IndexOf(layerName);
        if (index < 0)
        {
            throw new UsageException(layerName is null
                ? "--output: no layer has spatial axes, so every input size gives the same output."
                : $"--layer: there is no layer '{layerName}'; the layers are {string.Join(", ", names)}.");
        }

        var rank = shapes[index].Count - 2;
        if (rank < 1 || rank != network.InputShape.Count - 1) throw new UsageException($"--layer: {names[index]} has output {shapes[index].From(1)}, without the input's spatial axes; name a layer before.");
        if (wanted.Count == 1) wanted = Sizes.Repeat(wanted[0], rank);
        if (wanted.Count != rank) throw new UsageException($"--output: {wanted.Count} sizes for {rank} axes; give one for all, or one per axis.");
        return new WantedOutput(names[index], wanted, [.. wanted.Select((size, axis) => InputSizeSearch.For(network, index, axis, size))]);
    }
}
