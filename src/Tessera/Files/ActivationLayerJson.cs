using System.Text.Json;
using Tessera.Networks.Layers;

namespace Tessera.Files;

/// <summary>The keys of layers that bend signals: functions of one element, with and without trained parameters, and softmax.</summary>
internal static class ActivationLayerJson
{
    /// <summary>The words of <see cref="ElementFunction"/>, in its order.</summary>
    private static readonly string[] Functions =
    [
        "absolute", "negate", "exponential", "logarithm", "square-root", "reciprocal", "floor", "ceiling", "round", "truncate", "erf", "sine", "cosine", "sign",
    ];

    public static LayerKind[] Kinds { get; } =
    [
        LayerKind.Of("relu", _ => new Relu()),
        LayerKind.Of(
            "leaky-relu",
            keys => new LeakyRelu(keys.Optional("slope")?.Real(0, 1) ?? new LeakyRelu().Slope),
            (writer, layer) => writer.WriteNumber("slope", layer.Slope)),
        LayerKind.Of("prelu", ReadPRelu, WritePRelu),
        LayerKind.Of(
            "thresholded-relu",
            keys => new ThresholdedRelu(keys.Optional("threshold")?.Real(0) ?? new ThresholdedRelu().Threshold),
            (writer, layer) => writer.WriteNumber("threshold", layer.Threshold)),
        LayerKind.Of(
            "elu",
            keys => new Elu(keys.Optional("alpha")?.Real(0) ?? new Elu().Alpha),
            (writer, layer) => writer.WriteNumber("alpha", layer.Alpha)),
        LayerKind.Of(
            "celu",
            keys => new Celu(keys.Optional("alpha")?.Real(0) ?? new Celu().Alpha),
            (writer, layer) => writer.WriteNumber("alpha", layer.Alpha)),
        LayerKind.Of("selu", ReadSelu, WriteSelu),
        LayerKind.Of("soft-threshold", ReadSoftThreshold, WriteSoftThreshold),
        LayerKind.Of("clip", keys => new Clip(keys.Optional("minimum")?.Real(), keys.Optional("maximum")?.Real()), WriteClip),
        LayerKind.Of("sigmoid", _ => new Sigmoid()),
        LayerKind.Of("hard-sigmoid", ReadHardSigmoid, WriteHardSigmoid),
        LayerKind.Of("tanh", _ => new Tanh()),
        LayerKind.Of("softsign", _ => new Softsign()),
        LayerKind.Of("softplus", _ => new Softplus()),
        LayerKind.Of("gelu", keys => new Gelu(keys.Optional("exact")?.Truth() ?? false), WriteGelu),
        LayerKind.Of("silu", _ => new Silu()),
        LayerKind.Of("hard-swish", _ => new HardSwish()),
        LayerKind.Of("mish", _ => new Mish()),
        LayerKind.Of("elementwise", ReadElementwise, (writer, layer) => writer.WriteString("function", Functions[(int)layer.Function])),
        LayerKind.Of("softmax", keys => new Softmax(ReadAxis(keys)), (writer, layer) => WriteAxis(writer, layer.Axis)),
        LayerKind.Of("log-softmax", keys => new LogSoftmax(ReadAxis(keys)), (writer, layer) => WriteAxis(writer, layer.Axis)),
    ];

    private static PRelu ReadPRelu(LocatedObject keys) =>
        new() { InitialValue = keys.Optional("initialValue")?.Real() ?? new PRelu().InitialValue, Shared = keys.Optional("shared")?.Truth() ?? false };

    private static void WritePRelu(Utf8JsonWriter writer, PRelu layer)
    {
        writer.WriteNumber("initialValue", layer.InitialValue);
        if (layer.Shared) writer.WriteBoolean("shared", true);
    }

    private static Selu ReadSelu(LocatedObject keys)
    {
        var defaults = new Selu();
        return new Selu(keys.Optional("alpha")?.Real(0) ?? defaults.Alpha, keys.Optional("gamma")?.Real(0) ?? defaults.Gamma);
    }

    private static void WriteSelu(Utf8JsonWriter writer, Selu layer)
    {
        var defaults = new Selu();
        if (layer.Alpha != defaults.Alpha) writer.WriteNumber("alpha", layer.Alpha);
        if (layer.Gamma != defaults.Gamma) writer.WriteNumber("gamma", layer.Gamma);
    }

    private static SoftThreshold ReadSoftThreshold(LocatedObject keys) => new()
    {
        InitialValue = keys.Optional("initialValue")?.Real(0) ?? new SoftThreshold().InitialValue,
        NonNegative = keys.Optional("nonNegative")?.Truth() ?? false,
    };

    private static void WriteSoftThreshold(Utf8JsonWriter writer, SoftThreshold layer)
    {
        writer.WriteNumber("initialValue", layer.InitialValue);
        writer.WriteBoolean("nonNegative", layer.NonNegative);
    }

    private static void WriteClip(Utf8JsonWriter writer, Clip layer)
    {
        if (layer.Minimum is { } minimum) writer.WriteNumber("minimum", minimum);
        if (layer.Maximum is { } maximum) writer.WriteNumber("maximum", maximum);
    }

    private static HardSigmoid ReadHardSigmoid(LocatedObject keys)
    {
        var defaults = new HardSigmoid();
        return new HardSigmoid(keys.Optional("alpha")?.Real(0) ?? defaults.Alpha, keys.Optional("beta")?.Real() ?? defaults.Beta);
    }

    private static void WriteHardSigmoid(Utf8JsonWriter writer, HardSigmoid layer)
    {
        writer.WriteNumber("alpha", layer.Alpha);
        writer.WriteNumber("beta", layer.Beta);
    }

    private static void WriteGelu(Utf8JsonWriter writer, Gelu layer)
    {
        if (layer.Exact) writer.WriteBoolean("exact", true);
    }

    private static Elementwise ReadElementwise(LocatedObject keys) =>
        new((ElementFunction)Array.IndexOf(Functions, keys.Required("function").OneOf(Functions)));

    // Whether the shape has the axis is asked when the network is made.
    private static int ReadAxis(LocatedObject keys) => keys.Optional("axis")?.Whole(int.MinValue) ?? 1;

    private static void WriteAxis(Utf8JsonWriter writer, int axis)
    {
        if (axis != 1) writer.WriteNumber("axis", axis);
    }
}
