using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Tests.Execution;

/// <summary>Random small graphs with branches, shared values and joins, over an input [2, 6, 6].</summary>
internal static class RandomNetwork
{
    /// <summary>The network of a seed; every layer's output is used.</summary>
    public static NetworkDescription Of(long seed)
    {
        var dice = new RandomSource(seed, 1);
        var layers = new List<Layer>();
        var values = new List<(string Name, Sizes Shape)> { ("input", [2, 2, 6, 6]) };
        var used = new HashSet<string>();
        var count = 4 + dice.NextInt(9);
        for (var i = 0; i < count; i++)
        {
            var from = values[dice.NextInt(2) == 0 ? values.Count - 1 : dice.NextInt(values.Count)];
            var alike = values.Where(value => value.Shape == from.Shape).ToArray();
            var join = alike[dice.NextInt(alike.Length)];
            var (kind, variant) = (dice.NextInt(24), dice.NextInt(3));
            var encoders = layers.Where(layer => layer is Convolution or Dense && values.Any(value => value.Name == layer.Name && value.Shape == from.Shape)).ToArray();
            if (kind >= 22 && encoders.Length == 0) continue;
            var layer = kind >= 22 ? new TiedTranspose(encoders[variant % encoders.Length].Name) { Bias = variant > 0 } : Pick(kind, variant);
            layer = layer with { Name = $"layer{i}", Inputs = layer.InputCount is null ? [from.Name, join.Name] : [from.Name] };
            Sizes shape;
            try
            {
                List<Sizes> shapes = layer.InputCount is null ? [from.Shape, join.Shape] : [from.Shape];
                if (layer is TiedTranspose tied) shapes.AddRange([from.Shape, ShapeOf(layers.First(other => other.Name == tied.Of).Inputs[0])]);
                shape = layer.InferShape(shapes);
            }
            catch (ArgumentException)
            {
                continue;
            }

            layers.Add(layer);
            used.UnionWith(layer.Inputs);
            values.Add((layer.Name, shape));
        }

        var ends = values.Where(value => !used.Contains(value.Name)).Select(value => value.Name).ToArray();
        foreach (var end in ends) layers.Add(new Dense(3) { Name = $"{end}-end", Inputs = [end] });
        if (ends.Length > 1) layers.Add(new Add { Name = "sum", Inputs = [.. ends.Select(end => $"{end}-end")] });
        return new NetworkDescription($"random {seed}", [2, 6, 6], layers);

        Sizes ShapeOf(string name) => values.First(value => value.Name == name).Shape;
    }

    private static Layer Pick(int kind, int variant) => kind switch
    {
        0 => new Convolution(new() { Kernel = [3, 3], Outputs = 2 + variant, Padding = Padding.Same }),
        1 => new Convolution(new() { Kernel = [2, 2], Outputs = 4, Stride = [2, 1] }),
        2 => new Convolution(new() { Kernel = [3, 3], Outputs = 2, Padding = Padding.Same, Sharing = variant == 0 ? Sharing.Unshared : Sharing.Tiled([2, 2]) }),
        3 => new Relu(),
        4 => variant == 0 ? new Sigmoid() : variant == 1 ? new Gelu() : new Elu(),
        5 => variant == 0 ? new Tanh() : variant == 1 ? new PRelu() : new LogSoftmax(-1),
        6 => new Add(),
        7 => new Multiply(),
        8 => new Concatenate(),
        9 => new MaxPool { Window = [2, 2], Stride = [1, 2] },
        10 => new AveragePool { Window = [2, 2] },
        11 => variant == 0 ? new BatchNormalisation() : variant == 1 ? new LayerNormalisation { Axis = 1 } : new LocalResponseNormalisation(2) { Alpha = 0.5 },
        12 => new TransposedConvolution(new() { Kernel = [3, 3], Outputs = 2, Stride = [2, 2] }, 2 + variant) { OutputPadding = [variant % 2, 1] },
        13 => new ChannelPool(2),
        14 => variant == 0 ? new Flatten() : variant == 1 ? new Softmax() : new LeakyRelu(0.1),
        15 => variant == 0 ? new Dense(72) : new Reshape([2, 6, 6]),
        16 => variant == 0 ? new Upsample([1, 2]) : new Pad([1, 0], [0, 1]),
        17 => new Dropout(0.3),
        18 => variant == 0 ? Noise.Gaussian(0.2) : variant == 1 ? Noise.Masking(0.3) : Noise.SaltAndPepper(0.3),
        19 => Sparsity.MeanMagnitude(0.5),
        20 => new SoftThreshold { InitialValue = 0.1 * variant, NonNegative = variant == 1 },
        _ => new GaussianSample { Weight = 0.1 },
    };
}
