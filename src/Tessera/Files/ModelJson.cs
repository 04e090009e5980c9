using System.Globalization;
using System.Text;
using System.Text.Json;
using Tessera.Data;
using Tessera.Networks;
using Tessera.Training;

namespace Tessera.Files;

/// <summary>
/// Reads and writes model files: JSON with the keys <c>name</c>, <c>input</c>, <c>layers</c>, <c>furtherOutputs</c>, <c>training</c> and <c>data</c>, by the
/// schema in docs/tessera.schema.json. A file says neither more nor less than the descriptions in C# do. Comments and trailing commas are
/// allowed.
/// </summary>
public static class ModelJson
{
    /// <summary>The model that the file at <paramref name="path"/> describes.</summary>
    /// <exception cref="InvalidDataException">A key is unknown, missing or twice there, a value is wrong, or the layers do not fit; the message has file and line.</exception>
    public static ModelDescription Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Read(LocatedValue.ReadFile(path));
    }

    /// <summary>The model that <paramref name="json"/> describes; messages call the text <paramref name="name"/>.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Read(string)"/>.</exception>
    public static ModelDescription Parse(string json, string name = "text")
    {
        ArgumentNullException.ThrowIfNull(json);
        return Read(LocatedValue.Parse(Encoding.UTF8.GetBytes(json), name));
    }

    /// <summary>The model as JSON that <see cref="Parse"/> reads back to an equal one.</summary>
    public static string Format(ModelDescription model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return JsonText.Indented(writer =>
        {
            if (model.Network.Name.Length > 0) writer.WriteString("name", model.Network.Name);
            ConvolutionJson.WriteSizes(writer, "input", model.Network.InputShape);
            writer.WriteStartArray("layers");
            foreach (var layer in model.Network.Layers) LayerJson.Write(writer, layer);
            writer.WriteEndArray();
            LayerJson.WriteNames(writer, "furtherOutputs", model.Network.FurtherOutputs);
            DataJson.Write(writer, model.Data);
            TrainingJson.Write(writer, model.Training);
        });
    }

    /// <summary>Writes the model as the file at <paramref name="path"/>, whole or not at all.</summary>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write(string path, ModelDescription model) => JsonText.Write(path, Format(model));

    private static ModelDescription Read(LocatedValue value)
    {
        var keys = new LocatedObject(value, "model");
        keys.Optional("$schema");
        var name = keys.Optional("name")?.NonEmptyText() ?? "";
        var input = keys.Required("input").WholeNumbers(1);
        var layersValue = keys.Required("layers");
        if (layersValue.Kind != LocatedKind.List) throw layersValue.WrongBecause("a list of layers is needed");
        var layers = layersValue.Items.Select(LayerJson.Read).ToArray();
        var furtherOutputs = keys.Optional("furtherOutputs");
        var data = keys.Optional("data") is { } dataValue ? DataJson.Read(dataValue) : new DataDescription();
        var training = keys.Optional("training") is { } trainingValue ? TrainingJson.Read(trainingValue) : new TrainingDescription();
        keys.Close();
        try
        {
            return new ModelDescription(new NetworkDescription(name, input, layers, furtherOutputs is null ? default : LayerJson.ReadNames(furtherOutputs)), training, data);
        }
        catch (ArgumentException exception)
        {
            throw Misfit(layersValue, layers, exception);
        }
    }

    /// <summary>A network says which layer is wrong by name; the file knows on which line that layer stands.</summary>
    private static InvalidDataException Misfit(LocatedValue list, Layer[] layers, ArgumentException exception)
    {
        var message = exception.Message.Split(" (Parameter", 2)[0];
        var end = message.IndexOf(':', StringComparison.Ordinal);
        var index = end < 0 ? -1 : IndexOf(layers, message[..end]);
        return (index < 0 ? list : list.Items[index]).Wrong(message);
    }

    /// <summary>The place of a layer by its name, or by the name that a network gives it where it has none.</summary>
    private static int IndexOf(Layer[] layers, string name)
    {
        var named = Array.FindIndex(layers, layer => layer.Name == name);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var index = 0; named < 0 && index < layers.Length; index++)
        {
            if (layers[index].Name.Length > 0) continue;
            var number = counts[layers[index].ShortName] = counts.GetValueOrDefault(layers[index].ShortName) + 1;
            if (name == string.Create(CultureInfo.InvariantCulture, $"{layers[index].ShortName}{number}")) return index;
        }

        return named;
    }
}
