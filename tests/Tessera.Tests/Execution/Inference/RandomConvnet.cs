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
            if (dice.NextInt(3) > 0) continue;
            var written = Written(dice, layer.Name, shape).ToArray();
            layers.AddRange(written);
            used.Add(layer.Name);
            values.Add((written[^1].Name, shape));
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

    /// <summary>What models write with constants and products: lines, numbers or one for each channel, gates, and channels weighed by what their planes hold.</summary>
    private static IEnumerable<Layer> Written(RandomSource dice, string from, Sizes shape)
    {
        Constant Number(string name, double value, Sizes size = default) => new(size) { Name = $"{from}-{name}", InitialValue = value };
        T To<T>(T layer, string name, params string[] inputs)
            where T : Layer => layer with { Name = $"{from}-{name}", Inputs = [.. inputs.Select(input => input.Length == 0 ? from : $"{from}-{input}")] };
        switch (dice.NextInt(4))
        {
            case 0:
                return [Number("scale", 1.5), To(new Multiply(), "scaled", "scale", ""), Number("shift", 0.25, [shape[1], 1, 1]), To(new Subtract(), "line", "scaled", "shift"), To(new Clip(0, 1.5), "end", "line")];
            case 1:
                return
                [
                    Number("three", 3), To(new Add(), "raised", "", "three"), To(new Clip(0, 6), "held", "raised"), To(new Multiply(), "gated", "", "held"),
                    Number("six", 6), To(new Divide(), "swish", "gated", "six"), Number("half", 0.5), To(new Add(), "end", "half", "swish"),
                ];
            case 2:
                return [To(new Sigmoid(), "open", ""), To(new Multiply(), "end", "open", "")];
            default:
                return [To(new GlobalPool(), "squeezed", ""), To(new Sigmoid(), "weights", "squeezed"), dice.NextInt(2) == 0 ? To(new Multiply(), "end", "", "weights") : To(new Add(), "end", "weights", "")];
        }
    }

    private static Layer Pick(RandomSource dice, int channels)
    {
        int kind = dice.NextInt(18), variant = dice.NextInt(4), outputs = 8 * (1 + dice.NextInt(6));
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
                ? new TransposedConvolution(new() { Kernel = [2, 2 + variant], Outputs = channels, Stride = [2, 2 + variant] }, variant == 0 ? 8 : 40)
                : new Convolution(new() { Kernel = [3, 3], Outputs = 4, Padding = Padding.Same, Sharing = variant == 2 ? Sharing.Tiled([2, 2]) : Sharing.Unshared, Bias = bias }),
            8 or 9 => new BatchNormalisation(),
            10 => new Relu(),
            11 => variant == 0 ? new LeakyRelu(0.1) : variant == 1 ? new Silu() : variant == 2 ? new Sigmoid() : new Dropout(0.5),
            12 => new MaxPool { Window = [3, 3], Stride = [2, 2], Padding = Padding.Symmetric([1, 1]), CeilMode = variant == 0 },
            13 => new AveragePool { Window = [2, 3], Stride = [1, 2], Padding = Padding.Explicit([0, 1], [1, 1]), CountIncludesPadding = variant == 0 },
            14 => new Concatenate(),
            15 => variant == 0 ? new Pad([1, 0], [2, 1]) : variant == 1 ? new Pad([0, 1], [1, 1]) { Mode = BorderMode.Replicate } : new Clip(variant == 2 ? 0 : -1, 2),
            16 => variant < 2 ? new Upsample([2, 1]) : new Resize(new() { Size = [9, 11], Mode = variant == 2 ? ResizeMode.Linear : ResizeMode.Nearest }),
            _ => new Add(),
        };
    }
}
