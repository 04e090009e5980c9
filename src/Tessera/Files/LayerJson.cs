using System.Text.Json;
using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Files;

/// <summary>One entry of a model file's <c>layers</c>: the key <c>layer</c> names its kind, <c>name</c> and <c>inputs</c> are for all kinds.</summary>
internal static class LayerJson
{
    private static readonly LayerKind[] Kinds =
    [
        LayerKind.Of("convolution", OperatorLayerJson.ReadConvolution, OperatorLayerJson.Write),
        LayerKind.Of("transposed-convolution", OperatorLayerJson.ReadTransposed, OperatorLayerJson.Write),
        LayerKind.Of("dense", OperatorLayerJson.ReadDense, OperatorLayerJson.Write),
        .. WindowLayerJson.Kinds,
        .. CodingLayerJson.Kinds,
        .. ActivationLayerJson.Kinds,
        .. NormalisationLayerJson.Kinds,
        .. MovingLayerJson.Kinds,
        .. ArithmeticLayerJson.Kinds,
        LayerKind.Of("dropout", keys => new Dropout(keys.Required("rate").Real(0, 1)), (writer, layer) => writer.WriteNumber("rate", layer.Rate)),
    ];

    public static Layer Read(LocatedValue value)
    {
        var keys = new LocatedObject(value, "layer");
        var word = keys.Required("layer").OneOf([.. Kinds.Select(kind => kind.Word)]);
        var (name, inputs) = (keys.Optional("name"), keys.Optional("inputs"));
        var layer = Kinds.Single(kind => kind.Word == word).Read(keys) with
        {
            Name = name?.NonEmptyText() ?? "",
            Inputs = inputs is null ? LayerNames.Empty : ReadNames(inputs),
        };
        keys.Close();
        return layer;
    }

    public static void Write(Utf8JsonWriter writer, Layer layer)
    {
        var kind = Array.Find(Kinds, kind => kind.Word == layer.Kind)
            ?? throw new NotSupportedException($"{layer.Name}: a model file has no word for layers of the kind {layer.Kind}.");
        writer.WriteStartObject();
        writer.WriteString("layer", layer.Kind);
        if (layer.Name.Length > 0) writer.WriteString("name", layer.Name);
        WriteNames(writer, "inputs", layer.Inputs);
        kind.Write(writer, layer);
        writer.WriteEndObject();
    }

    /// <summary>Writes a list of layer names, or nothing where there are none.</summary>
    public static void WriteNames(Utf8JsonWriter writer, string key, LayerNames names)
    {
        if (names.Count == 0) return;
        writer.WriteStartArray(key);
        foreach (var name in names) writer.WriteStringValue(name);
        writer.WriteEndArray();
    }

    public static LayerNames ReadNames(LocatedValue value)
    {
        if (value.Kind == LocatedKind.Text) return [value.NonEmptyText()];
        if (value.Kind != LocatedKind.List) throw value.WrongBecause("a list of layer names, such as [\"conv1\", \"input\"], is needed");
        return [.. value.Items.Select(item => item.NonEmptyText())];
    }
}
