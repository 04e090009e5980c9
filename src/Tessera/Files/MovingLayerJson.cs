using System.Text.Json;
using Tessera.Networks.Layers;

namespace Tessera.Files;

/// <summary>The keys of layers that move elements to other places, or see them in another shape.</summary>
internal static class MovingLayerJson
{
    private static readonly string[] BlockOrders = ["depth-column-row", "column-row-depth"];

    public static LayerKind[] Kinds { get; } =
    [
        LayerKind.Of("flatten", keys => new Flatten { Axis = Number(keys, "axis", 1) }, (writer, layer) => WriteNumber(writer, "axis", layer.Axis, 1)),
        LayerKind.Of(
            "reshape",
            keys => new Reshape(keys.Required("shape").WholeNumbers(1)),
            (writer, layer) => ConvolutionJson.WriteSizes(writer, "shape", layer.Shape)),
        LayerKind.Of(
            "view",
            keys => new View(keys.Required("dimensions").WholeNumbers(-1)),
            (writer, layer) => ConvolutionJson.WriteSizes(writer, "dimensions", layer.Dimensions)),
        LayerKind.Of(
            "permute",
            keys => new Permute(keys.Required("order").WholeNumbers(int.MinValue)),
            (writer, layer) => ConvolutionJson.WriteSizes(writer, "order", layer.Order)),
        LayerKind.Of("slice", ReadSlice, WriteSlice),
        LayerKind.Of("gather", ReadGather, WriteGather),
        LayerKind.Of(
            "expand",
            keys => new Expand(keys.Required("dimensions").WholeNumbers(1)),
            (writer, layer) => ConvolutionJson.WriteSizes(writer, "dimensions", layer.Dimensions)),
        LayerKind.Of("depth-to-space", keys => new DepthToSpace(keys.Required("block").WholeNumbers(1), ReadOrder(keys)), (writer, layer) => WriteBlock(writer, layer.Block, layer.Order)),
        LayerKind.Of("space-to-depth", keys => new SpaceToDepth(keys.Required("block").WholeNumbers(1), ReadOrder(keys)), (writer, layer) => WriteBlock(writer, layer.Block, layer.Order)),
        LayerKind.Of("pad-axes", ReadPad, WritePad),
        LayerKind.Of("concatenate", keys => new Concatenate { Axis = Number(keys, "axis", 1) }, (writer, layer) => WriteNumber(writer, "axis", layer.Axis, 1)),
    ];

    private static int Number(LocatedObject keys, string key, int otherwise) => keys.Optional(key)?.Whole(int.MinValue) ?? otherwise;

    private static void WriteNumber(Utf8JsonWriter writer, string key, int number, int otherwise)
    {
        if (number != otherwise) writer.WriteNumber(key, number);
    }

    private static Slice ReadSlice(LocatedObject keys) =>
        new(keys.Required("axes").WholeNumbers(int.MinValue), keys.Required("starts").WholeNumbers(int.MinValue), keys.Required("ends").WholeNumbers(int.MinValue))
        {
            Steps = keys.Optional("steps")?.WholeNumbers(int.MinValue) ?? Sizes.Empty,
        };

    private static void WriteSlice(Utf8JsonWriter writer, Slice layer)
    {
        ConvolutionJson.WriteSizes(writer, "axes", layer.AlongAxes);
        ConvolutionJson.WriteSizes(writer, "starts", layer.Starts);
        ConvolutionJson.WriteSizes(writer, "ends", layer.Ends);
        if (layer.Steps.Count > 0) ConvolutionJson.WriteSizes(writer, "steps", layer.Steps);
    }

    private static Gather ReadGather(LocatedObject keys)
    {
        var (axis, indices) = (keys.Required("axis").Whole(int.MinValue), keys.Required("indices").WholeNumbers(int.MinValue));
        return new Gather(axis, indices, keys.Optional("shape")?.WholeNumbers(1) ?? [indices.Count]);
    }

    private static void WriteGather(Utf8JsonWriter writer, Gather layer)
    {
        writer.WriteNumber("axis", layer.Axis);
        ConvolutionJson.WriteSizes(writer, "indices", layer.Indices);
        if (layer.Shape.Count != 1) ConvolutionJson.WriteSizes(writer, "shape", layer.Shape);
    }

    private static PadAxes ReadPad(LocatedObject keys)
    {
        var value = keys.Required("padding");
        if (value.Kind != LocatedKind.List) throw value.WrongBecause("[low, high] for each axis of the full shape, such as [[0, 0], [1, -1]], is needed");
        foreach (var pair in value.Items)
        {
            if (pair.Kind != LocatedKind.List || pair.Items.Count != 2) throw pair.WrongBecause("a pair [low, high] of positions before and after the axis is needed, such as [1, -1]");
        }

        return new PadAxes([.. value.Items.Select(static pair => pair.Items[0].Whole(int.MinValue))], [.. value.Items.Select(static pair => pair.Items[1].Whole(int.MinValue))])
        {
            Mode = WindowLayerJson.ReadBorder(keys),
            Value = keys.Optional("value")?.Real() ?? 0,
        };
    }

    private static void WritePad(Utf8JsonWriter writer, PadAxes layer)
    {
        writer.WriteStartArray("padding");
        for (var axis = 0; axis < layer.Low.Count; axis++) ConvolutionJson.WriteRow(writer, [layer.Low[axis], layer.High[axis]]);
        writer.WriteEndArray();
        WindowLayerJson.WriteBorder(writer, layer.Mode);
        if (layer.Value != 0) writer.WriteNumber("value", layer.Value);
    }

    private static BlockOrder ReadOrder(LocatedObject keys) => (BlockOrder)Array.IndexOf(BlockOrders, keys.Optional("order")?.OneOf(BlockOrders) ?? BlockOrders[0]);

    private static void WriteBlock(Utf8JsonWriter writer, Sizes block, BlockOrder order)
    {
        ConvolutionJson.WriteSizes(writer, "block", block);
        if (order != BlockOrder.DepthColumnRow) writer.WriteString("order", BlockOrders[(int)order]);
    }
}
