using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Onnx.Tests.Export;

/// <summary>Random chains of layers that move, fold and bend, with values joined again and several outputs; most have the batch elsewhere at times.</summary>
internal static class RandomChain
{
    public static NetworkDescription Of(long seed)
    {
        var dice = new RandomSource(seed, 11);
        Sizes input = [2 + (2 * dice.NextInt(2)), 4, 6];
        var network = new NetworkDescription($"chain {seed}", input, [new Tanh { Name = "start" }]);
        for (var count = 3 + dice.NextInt(6); count > 0; count--)
        {
            var shape = network.OutputShape(1);
            var last = network.Layers[^1].Name;
            if (shape.Count < 2) break;
            var layer = dice.NextInt(3) == 0 ? RandomLayer.Bend(ref dice) : RandomLayer.Of(RandomLayer.Kinds[dice.NextInt(RandomLayer.Kinds.Length)], ref dice, shape);
            if (layer is ArgMax) continue;
            layer = layer with { Name = $"layer{network.Layers.Count}", Inputs = layer is Concatenate ? [last, last] : [last] };
            string[] further = dice.NextInt(4) == 0 ? [.. network.FurtherOutputs, last] : [.. network.FurtherOutputs];
            try
            {
                var next = new NetworkDescription(network.Name, input, [.. network.Layers, layer], [.. further]);
                if (next.Shapes(3).All(static size => size.Product < 20_000) && GrowsEvenly(next) && HasParametersOfAnyBatch(next)) network = next;
            }
            catch (ArgumentException)
            {
                // It does not fit: another.
            }
        }

        return network;
    }

    /// <summary>Whether sizes grow by as much with each example: a plain model's are taken to, which a slice of the first two examples does not.</summary>
    private static bool GrowsEvenly(NetworkDescription network)
    {
        IReadOnlyList<Sizes> one = network.Shapes(1), two = network.Shapes(2), three = network.Shapes(3), many = network.Shapes(61);
        return Enumerable.Range(0, one.Count).All(index => Enumerable.Range(0, one[index].Count).All(axis =>
            two[index][axis] - one[index][axis] == three[index][axis] - two[index][axis] && many[index][axis] - one[index][axis] == 60 * (two[index][axis] - one[index][axis])));
    }

    /// <summary>Whether the parameters have the same shapes for every batch: one whose channels are the batch's is no network for any.</summary>
    private static bool HasParametersOfAnyBatch(NetworkDescription network) => Enumerable.Range(0, network.Layers.Count).All(index =>
        network.Layers[index].Parameters(network.InputShapes(index, 1)).Select(static parameter => parameter.Shape)
            .SequenceEqual(network.Layers[index].Parameters(network.InputShapes(index, 3)).Select(static parameter => parameter.Shape)));
}
