using System.Runtime.InteropServices;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using static Tessera.Bench.Contestants.OnnxModelBytes;

namespace Tessera.Bench.Contestants;

/// <summary>A network of the layers that the measured ones have, as an ONNX model whose batch is a symbol; weights are written straight from their memory.</summary>
internal static class OnnxNetworkFile
{
    public const string BatchSymbol = "N";

    private const int Float32 = 1;
    private const int FloatAttribute = 1;

    public static void Write(string path, NetworkDescription network, NetworkParameters<float> parameters)
    {
        var nodes = new Message();
        for (var layer = 0; layer < network.Layers.Count; layer++) nodes.Nested(1, Node(network, layer));
        nodes.Text(2, network.Name);
        var values = new Message()
            .Nested(11, Value(NetworkDescription.InputName, network.InputShape))
            .Nested(12, Value(network.Layers[^1].Name, network.OutputShape(1).From(1)));
        var heads = parameters.Select(Head).ToArray();
        long length = nodes.Length + values.Length + heads.Sum(static head => (long)head.Before.Length) + parameters.Sum(static parameter => (long)parameter.Span.Length * sizeof(float));
        using var file = File.Create(path);
        file.Write(new Message().Number(1, 8).Nested(8, new Message().Text(1, "").Number(2, 13)).Beginning(7, length).ToArray());
        file.Write(nodes.ToArray());
        for (var i = 0; i < heads.Length; i++)
        {
            file.Write(heads[i].Before.ToArray());
            file.Write(MemoryMarshal.AsBytes(parameters[i].Span));
        }

        file.Write(values.ToArray());
    }

    private static (Message Before, int Bytes) Head(Parameter<float> parameter)
    {
        var bytes = parameter.Span.Length * sizeof(float);
        var tensor = new Message();
        foreach (var size in parameter.Description.Shape) tensor.Number(1, size);
        tensor.Number(2, Float32).Text(8, parameter.Name).Beginning(9, bytes);
        return (new Message().Beginning(5, tensor.Length + bytes).Raw(tensor), bytes);
    }

    private static Message Node(NetworkDescription network, int index)
    {
        var layer = network.Layers[index];
        var node = new Message();
        foreach (var source in network.Graph.Sources[index]) node.Text(1, source < 0 ? NetworkDescription.InputName : network.Layers[source].Name);
        switch (layer)
        {
            case Convolution convolution:
                var geometry = convolution.Resolve(network.InputShapes(index, 1));
                node.Text(1, $"{layer.Name}.kernel");
                if (convolution.Operator.Bias != BiasSharing.None) node.Text(1, $"{layer.Name}.bias");
                node.Text(4, "Conv");
                Window(node, layer, network, index);
                node.Nested(5, Integer("group", geometry.Groups));
                break;
            case MaxPool:
                node.Text(4, "MaxPool");
                Window(node, layer, network, index);
                break;
            case GlobalPool:
                node.Text(4, "GlobalAveragePool");
                break;
            case BatchNormalisation normalisation:
                foreach (var name in (string[])["scale", "shift", "mean", "variance"]) node.Text(1, $"{layer.Name}.{name}");
                node.Text(4, "BatchNormalization").Nested(5, new Message().Text(1, "epsilon").Float(2, (float)normalisation.Epsilon).Number(20, FloatAttribute));
                break;
            case Dense:
                node.Text(1, $"{layer.Name}.kernel").Text(1, $"{layer.Name}.bias").Text(4, "Gemm").Nested(5, Integer("transB", 1));
                break;
            case Concatenate:
                node.Text(4, "Concat").Nested(5, Integer("axis", 1));
                break;
            default:
                node.Text(4, layer switch
                {
                    Relu => "Relu",
                    Add => "Add",
                    Flatten => "Flatten",
                    Dropout => "Identity",
                    _ => throw new NotSupportedException($"{layer.Name}: the benchmark's networks have no {layer.Kind}."),
                });
                break;
        }

        return node.Text(2, layer.Name);
    }

    private static void Window(Message node, Layer layer, NetworkDescription network, int index)
    {
        var axes = layer.Axes(network.InputShapes(index, 1));
        node.Nested(5, Integers("kernel_shape", [.. axes.Select(axis => axis.Kernel)]))
            .Nested(5, Integers("strides", [.. axes.Select(axis => axis.Stride)]))
            .Nested(5, Integers("pads", [.. axes.Select(axis => axis.PadLow), .. axes.Select(axis => axis.PadHigh)]));
        if (layer is MaxPool { CeilMode: true }) node.Nested(5, Integer("ceil_mode", 1));
    }

    private static Message Value(string name, Sizes sizes)
    {
        var dimensions = new Message().Nested(1, new Message().Text(2, BatchSymbol));
        foreach (var size in sizes) dimensions.Nested(1, new Message().Number(1, size));
        return new Message().Text(1, name).Nested(2, new Message().Nested(1, new Message().Number(1, Float32).Nested(2, dimensions)));
    }
}
