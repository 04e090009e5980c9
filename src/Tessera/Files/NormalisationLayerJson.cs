using System.Text.Json;
using Tessera.Networks.Layers;

namespace Tessera.Files;

/// <summary>The keys of layers that bring signals to one scale.</summary>
internal static class NormalisationLayerJson
{
    public static LayerKind[] Kinds { get; } =
    [
        LayerKind.Of("batch-normalisation", ReadBatch, WriteBatch),
        LayerKind.Of(
            "instance-normalisation",
            keys => new InstanceNormalisation { Epsilon = keys.Optional("epsilon")?.Real(0) ?? new InstanceNormalisation().Epsilon },
            (writer, layer) => writer.WriteNumber("epsilon", layer.Epsilon)),
        LayerKind.Of("group-normalisation", ReadGroup, WriteGroup),
        LayerKind.Of("layer-normalisation", ReadLayer, WriteLayer),
        LayerKind.Of("local-response-normalisation", ReadLocal, WriteLocal),
    ];

    private static BatchNormalisation ReadBatch(LocatedObject keys)
    {
        var defaults = new BatchNormalisation();
        return defaults with { Momentum = keys.Optional("momentum")?.Real(0, 1) ?? defaults.Momentum, Epsilon = keys.Optional("epsilon")?.Real(0) ?? defaults.Epsilon };
    }

    private static void WriteBatch(Utf8JsonWriter writer, BatchNormalisation layer)
    {
        writer.WriteNumber("momentum", layer.Momentum);
        writer.WriteNumber("epsilon", layer.Epsilon);
    }

    private static GroupNormalisation ReadGroup(LocatedObject keys)
    {
        var layer = new GroupNormalisation(keys.Required("groups").Whole(1));
        return layer with { Epsilon = keys.Optional("epsilon")?.Real(0) ?? layer.Epsilon };
    }

    private static void WriteGroup(Utf8JsonWriter writer, GroupNormalisation layer)
    {
        writer.WriteNumber("groups", layer.Groups);
        writer.WriteNumber("epsilon", layer.Epsilon);
    }

    private static LayerNormalisation ReadLayer(LocatedObject keys)
    {
        var defaults = new LayerNormalisation();
        return new LayerNormalisation
        {
            Axis = keys.Optional("axis")?.Whole(int.MinValue) ?? defaults.Axis,
            Shift = keys.Optional("shift")?.Truth() ?? defaults.Shift,
            Epsilon = keys.Optional("epsilon")?.Real(0) ?? defaults.Epsilon,
        };
    }

    private static void WriteLayer(Utf8JsonWriter writer, LayerNormalisation layer)
    {
        writer.WriteNumber("axis", layer.Axis);
        if (!layer.Shift) writer.WriteBoolean("shift", false);
        writer.WriteNumber("epsilon", layer.Epsilon);
    }

    private static LocalResponseNormalisation ReadLocal(LocatedObject keys)
    {
        var layer = new LocalResponseNormalisation(keys.Required("size").Whole(1));
        return layer with
        {
            Alpha = keys.Optional("alpha")?.Real(0) ?? layer.Alpha,
            Beta = keys.Optional("beta")?.Real() ?? layer.Beta,
            Bias = keys.Optional("bias")?.Real(0) ?? layer.Bias,
        };
    }

    private static void WriteLocal(Utf8JsonWriter writer, LocalResponseNormalisation layer)
    {
        writer.WriteNumber("size", layer.Size);
        writer.WriteNumber("alpha", layer.Alpha);
        writer.WriteNumber("beta", layer.Beta);
        writer.WriteNumber("bias", layer.Bias);
    }
}
