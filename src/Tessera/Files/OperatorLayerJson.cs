using System.Text.Json;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Files;

/// <summary>The keys of layers that multiply by weights: those of their operator (<see cref="ConvolutionJson"/>) and a few of their own.</summary>
internal static class OperatorLayerJson
{
    public static Convolution ReadConvolution(LocatedObject keys) =>
        new(ConvolutionJson.ReadKeys(keys)) { Initialiser = InitialiserJson.Read(keys.Optional("initialiser")) };

    public static void Write(Utf8JsonWriter writer, Convolution layer)
    {
        ConvolutionJson.WriteKeys(writer, layer.Operator);
        InitialiserJson.Write(writer, layer.Initialiser);
    }

    /// <summary>
    /// The operator is the forward one, so its <c>outputs</c> are this layer's input channels, and <c>outputChannels</c> what it gives;
    /// its bias is this layer's own, one per channel.
    /// </summary>
    public static TransposedConvolution ReadTransposed(LocatedObject keys)
    {
        var forward = ConvolutionJson.ReadKeys(keys, withBias: false);
        return new TransposedConvolution(forward, keys.Required("outputChannels").Whole(1))
        {
            OriginalSize = ConvolutionJson.PerAxis(keys.Optional("originalSize"), forward.Rank),
            OutputPadding = ConvolutionJson.PerAxis(keys.Optional("outputPadding"), forward.Rank, least: 0),
            SizeOf = keys.Optional("sizeOf")?.NonEmptyText(),
            Bias = keys.Optional("bias")?.Truth() ?? true,
            Initialiser = InitialiserJson.Read(keys.Optional("initialiser")),
        };
    }

    public static void Write(Utf8JsonWriter writer, TransposedConvolution layer)
    {
        // The operator's own bias is none, which its writer would say where this layer's stands.
        ConvolutionJson.WriteKeys(writer, layer.Operator with { Bias = BiasSharing.LikeKernel });
        writer.WriteNumber("outputChannels", layer.OutputChannels);
        if (layer.OriginalSize.Count > 0) ConvolutionJson.WriteSizes(writer, "originalSize", layer.OriginalSize);
        if (layer.OutputPadding.Count > 0) ConvolutionJson.WriteSizes(writer, "outputPadding", layer.OutputPadding);
        if (layer.SizeOf is not null) writer.WriteString("sizeOf", layer.SizeOf);
        if (!layer.Bias) writer.WriteBoolean("bias", false);
        InitialiserJson.Write(writer, layer.Initialiser);
    }

    public static Dense ReadDense(LocatedObject keys) => new(keys.Required("outputs").Whole(1))
    {
        Bias = keys.Optional("bias")?.Truth() ?? true,
        Initialiser = InitialiserJson.Read(keys.Optional("initialiser")),
    };

    public static void Write(Utf8JsonWriter writer, Dense layer)
    {
        writer.WriteNumber("outputs", layer.Outputs);
        if (!layer.Bias) writer.WriteBoolean("bias", false);
        InitialiserJson.Write(writer, layer.Initialiser);
    }
}
