using System.Text.Json;
using Tessera.Connections;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Files;

/// <summary>The keys of layers that look through windows without weights: pooling, unpooling, upsampling and padding.</summary>
internal static class WindowLayerJson
{
    public static LayerKind[] Kinds { get; } =
    [
        LayerKind.Of("max-pool", ReadMaxPool, (writer, layer) => WritePool(writer, layer.Operator)),
        LayerKind.Of("average-pool", ReadAveragePool, (writer, layer) => WritePool(writer, layer.Operator)),
        LayerKind.Of("lp-pool", ReadLpPool, (writer, layer) => WritePool(writer, layer.Operator)),
        LayerKind.Of("global-pool", ReadGlobalPool, WriteGlobalPool),
        LayerKind.Of("channel-pool", keys => new ChannelPool(keys.Required("size").Whole(1)), (writer, layer) => writer.WriteNumber("size", layer.Size)),
        LayerKind.Of("max-positions", keys => new MaxPositions(keys.Required("of").NonEmptyText()), (writer, layer) => writer.WriteString("of", layer.Of)),
        LayerKind.Of("max-unpool", keys => new MaxUnpool(keys.Required("of").NonEmptyText()), (writer, layer) => writer.WriteString("of", layer.Of)),
        LayerKind.Of("upsample", ReadUpsample, WriteUpsample),
        LayerKind.Of("pad", ReadPad, WritePad),
        LayerKind.Of("resize", ResizeJson.Read, (writer, layer) => ResizeJson.Write(writer, layer.Operator)),
    ];

    private static MaxPool ReadMaxPool(LocatedObject keys)
    {
        var pool = ReadPool(keys);
        return new MaxPool { Window = pool.Window, Stride = pool.Stride, Dilation = pool.Dilation, Padding = pool.Padding, CeilMode = pool.CeilMode };
    }

    private static AveragePool ReadAveragePool(LocatedObject keys)
    {
        var pool = ReadPool(keys);
        return new AveragePool
        {
            Window = pool.Window,
            Stride = pool.Stride,
            Dilation = pool.Dilation,
            Padding = pool.Padding,
            CeilMode = pool.CeilMode,
            CountIncludesPadding = keys.Optional("countIncludesPadding")?.Truth() ?? false,
        };
    }

    private static LpPool ReadLpPool(LocatedObject keys)
    {
        var pool = ReadPool(keys);
        return new LpPool
        {
            Window = pool.Window,
            Stride = pool.Stride,
            Dilation = pool.Dilation,
            Padding = pool.Padding,
            CeilMode = pool.CeilMode,
            P = ReadP(keys),
        };
    }

    private static GlobalPool ReadGlobalPool(LocatedObject keys) => new(keys.Optional("pooling")?.OneOf("max", "average", "lp") switch
    {
        "max" => PoolingKind.Max,
        "lp" => PoolingKind.Lp,
        _ => PoolingKind.Average,
    })
    { P = ReadP(keys) };

    private static double ReadP(LocatedObject keys) => keys.Optional("p")?.Real(1) ?? 2;

    private static PoolingDescription ReadPool(LocatedObject keys)
    {
        var windowValue = keys.Required("window");
        var window = windowValue.WholeNumbers(1);
        if (window.Count == 0) throw windowValue.WrongBecause("one size per spatial axis, such as [2, 2], is needed");
        return new PoolingDescription
        {
            Window = window,
            Stride = ConvolutionJson.PerAxis(keys.Optional("stride"), window.Count, "window"),
            Dilation = ConvolutionJson.PerAxis(keys.Optional("dilation"), window.Count, "window"),
            Padding = ConvolutionJson.ReadPadding(keys.Optional("padding"), window.Count, "window"),
            CeilMode = keys.Optional("ceilMode")?.Truth() ?? false,
        };
    }

    private static void WritePool(Utf8JsonWriter writer, PoolingDescription pool)
    {
        ConvolutionJson.WriteSizes(writer, "window", pool.Window);
        if (pool.Stride.Count > 0) ConvolutionJson.WriteSizes(writer, "stride", pool.Stride);
        if (pool.Dilation.Count > 0) ConvolutionJson.WriteSizes(writer, "dilation", pool.Dilation);
        ConvolutionJson.WritePadding(writer, pool.Padding);
        if (pool.CeilMode) writer.WriteBoolean("ceilMode", true);
        if (pool.CountIncludesPadding) writer.WriteBoolean("countIncludesPadding", true);
        WriteP(writer, pool.P);
    }

    private static void WriteGlobalPool(Utf8JsonWriter writer, GlobalPool layer)
    {
        if (layer.Pooling != PoolingKind.Average) writer.WriteString("pooling", layer.Pooling == PoolingKind.Max ? "max" : "lp");
        WriteP(writer, layer.P);
    }

    private static void WriteP(Utf8JsonWriter writer, double p)
    {
        if (p != 2) writer.WriteNumber("p", p);
    }

    private static Upsample ReadUpsample(LocatedObject keys) => new(keys.Required("factors").WholeNumbers(1))
    {
        Mode = keys.Optional("mode")?.OneOf("nearest", "linear") == "linear" ? UpsamplingMode.Linear : UpsamplingMode.Nearest,
    };

    private static void WriteUpsample(Utf8JsonWriter writer, Upsample layer)
    {
        ConvolutionJson.WriteSizes(writer, "factors", layer.Factors);
        if (layer.Mode == UpsamplingMode.Linear) writer.WriteString("mode", "linear");
    }

    /// <summary>What stands in a border, under the key <c>mode</c>.</summary>
    internal static BorderMode ReadBorder(LocatedObject keys) => keys.Optional("mode")?.OneOf("zero", "reflect", "replicate", "circular") switch
    {
        "reflect" => BorderMode.Reflect,
        "replicate" => BorderMode.Replicate,
        "circular" => BorderMode.Circular,
        _ => BorderMode.Zero,
    };

    /// <summary>Writes what <see cref="ReadBorder"/> reads.</summary>
    internal static void WriteBorder(Utf8JsonWriter writer, BorderMode mode)
    {
        if (mode != BorderMode.Zero) writer.WriteString("mode", mode.ToString().ToLowerInvariant());
    }

    private static Pad ReadPad(LocatedObject keys)
    {
        var value = keys.Required("padding");
        if (value.Kind != LocatedKind.List) throw value.WrongBecause("[low, high] for each axis, such as [[1, 1], [2, 2]], is needed");
        var padding = ConvolutionJson.ReadPadding(value, value.Items.Count, "padding");
        return new Pad(padding.Low, padding.High)
        {
            Mode = ReadBorder(keys),
        };
    }

    private static void WritePad(Utf8JsonWriter writer, Pad layer)
    {
        ConvolutionJson.WritePadding(writer, Padding.Explicit(layer.Low, layer.High));
        WriteBorder(writer, layer.Mode);
    }
}
