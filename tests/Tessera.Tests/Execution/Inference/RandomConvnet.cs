using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Tests.Execution.Inference;

/// <summary>Random graphs of the layers that convnets for images are made of, with channels enough to fill vectors, now and then not whole ones.</summary>
internal static class RandomConvnet
{
    /// <summary>The network of a seed.</summary>
    public static NetworkDescription Of(long seed)
    {
        var dice = new RandomSource(seed, 7);
        var layers = new List<Layer>();
        Sizes input = [2, dice.NextInt(2) == 0 ? 3 : 20, 5 + dice.NextInt(12), 5 + dice.NextInt(12)];
        var values = new List<(string Name, Sizes Shape)> { ("input", input) };
        var used = new HashSet<string>();
        for (var i = 0; i < 10; i++)
        {
            var from = values[dice.NextInt(3) > 0 ? values.Count - 1 : dice.NextInt(values.Count)];
            var alike = values.Where(value => value.Shape == from.Shape).ToArray();
            var beside = values.Where(value => value.Shape.From(2) == from.Shape.From(2)).ToArray();
            var layer = Pick(dice, from.Shape[1]);
            string[] inputs = layer is Add ? [from.Name, alike[dice.NextInt(alike.Length)].Name]
                : layer is Concatenate ? [from.Name, beside[dice.NextInt(beside.Length)].Name]
                : [from.Name];
            layer = layer with { Name = $"layer{i}", Inputs = [.. inputs] };
            Sizes shape;
            try
            {
                shape = layer.InferShape([.. inputs.Select(name => values.First(value => value.Name == name).Shape)]);
            }
            catch (ArgumentException)
            {
                continue;
            }

            layers.Add(layer);
            used.UnionWith(inputs);
            values.Add((layer.Name, shape));
        }

        var ends = values.Where(value => !used.Contains(value.Name)).Select(value => value.Name).ToArray();
        foreach (var end in ends)
        {
            layers.Add(new GlobalPool { Name = $"{end}-pool", Inputs = [end] });
            layers.Add(new Dense(5) { Name = $"{end}-end" });
        }

        if (ends.Length > 1) layers.Add(new Add { Name = "sum", Inputs = [.. ends.Select(end => $"{end}-end")] });
        return new NetworkDescription($"convnet {seed}", input.From(1), layers);
    }

    private static Layer Pick(RandomSource dice, int channels)
    {
        int kind = dice.NextInt(16), variant = dice.NextInt(4), outputs = 8 * (1 + dice.NextInt(6));
        var bias = dice.NextInt(2) == 0 ? BiasSharing.None : BiasSharing.LikeKernel;
        return kind switch
        {
            0 or 1 => new Convolution(new() { Kernel = [1, 1], Outputs = dice.NextInt(2) == 0 ? outputs : channels, Bias = bias, Stride = variant == 0 ? [2, 2] : Sizes.Empty }),
            2 or 3 => new Convolution(new() { Kernel = [3, 3], Outputs = dice.NextInt(2) == 0 ? outputs : channels, Bias = bias, Padding = Padding.Same }),
            4 => new Convolution(new()
            {
                Kernel = [1 + dice.NextInt(5), 1 + dice.NextInt(5)],
                Outputs = outputs,
                Stride = [1 + dice.NextInt(2), 1 + dice.NextInt(3)],
                Dilation = [1 + dice.NextInt(2), 1 + dice.NextInt(2)],
                Padding = Padding.Explicit([dice.NextInt(3), dice.NextInt(4)], [dice.NextInt(3), dice.NextInt(3)]),
                Flip = variant == 0,
            }),
            5 => new Convolution(new() { Kernel = [3, 3], Outputs = channels, Channels = ChannelConnections.Depthwise, Stride = variant == 0 ? [2, 2] : Sizes.Empty, Padding = Padding.Same, Bias = bias }),
            6 => new Convolution(new() { Kernel = [3, 3], Outputs = channels, Channels = ChannelConnections.Groups(channels % 16 == 0 ? channels / 16 : 1), Padding = Padding.Same }),
            7 => variant < 2
                ? new TransposedConvolution(new() { Kernel = [2, 2], Outputs = channels, Stride = [2, 2] }, 8)
                : new Convolution(new() { Kernel = [3, 3], Outputs = 4, Padding = Padding.Same, Sharing = variant == 2 ? Sharing.Tiled([2, 2]) : Sharing.Unshared, Bias = bias }),
            8 or 9 => new BatchNormalisation(),
            10 => new Relu(),
            11 => variant == 0 ? new LeakyRelu(0.1) : variant == 1 ? new Silu() : variant == 2 ? new Sigmoid() : new Dropout(0.5),
            12 => new MaxPool { Window = [3, 3], Stride = [2, 2], Padding = Padding.Symmetric([1, 1]), CeilMode = variant == 0 },
            13 => new AveragePool { Window = [2, 3], Stride = [1, 2], Padding = Padding.Explicit([0, 1], [1, 1]), CountIncludesPadding = variant == 0 },
            14 => new Concatenate(),
            _ => new Add(),
        };
    }
}
