using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Onnx.Export;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import;

/// <summary>
/// Gives the network back that <see cref="OnnxExport"/> wrote a model from: the very layers, tiled, unshared and table-connected ones among
/// them, and the very bits of the weights. What a file says of its layers is believed only where writing them once more gives the file's own
/// nodes and numbers; a model that was changed since is what its nodes say, as any other.
/// </summary>
internal static class TesseraModel
{
    /// <summary>How many numbers may be made for each that the file has: a weight's own, a list of its places, one of its table's, and as much for a tied layer.</summary>
    private const double NumbersForEach = 6;

    /// <summary>The network and its weights, or false for a model that does not say, or no longer is, what it was written from.</summary>
    public static bool TryRead(OnnxModel model, [NotNullWhen(true)] out NetworkDescription? network, [NotNullWhen(true)] out NetworkParameters<float>? parameters)
    {
        network = null;
        parameters = null;
        if (!model.Metadata.TryGetValue(LayerMetadata.Network, out var name) || model.OtherDomains.Count > 0 || model.Functions > 0) return false;
        var graph = model.Graph;
        if (graph.Inputs.Count != 1 || graph.Inputs[0] is not { Name: NetworkDescription.InputName, Element: OnnxElement.Float, Dimensions.Count: > 1 } input) return false;
        if (graph.Initialisers.DistinctBy(static tensor => tensor.Name).Count() != graph.Initialisers.Count) return false;
        var numbers = graph.Initialisers.Sum(static tensor => (double)tensor.Count);
        try
        {
            var options = new OnnxExportOptions { Opset = model.Opset }.Checked();
            Sizes shape = [.. input.Dimensions.Skip(1).Select(static dimension => checked((int)(dimension.Size ?? 0)))];
            var described = new NetworkDescription(name, shape, Layers(graph));
            if (described.ParameterCount > numbers) return false;
            var taken = NetworkParameters<float>.Zero(described);
            var byName = graph.Initialisers.ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
            new NetworkWriter(described, new ParametersIn(taken, byName), options, numbers * NumbersForEach).Write();
            if (!IsSame(new NetworkWriter(described, new ParametersOut<float>(taken), options, numbers * NumbersForEach).Write(), graph, byName)) return false;
            (network, parameters) = (described, taken);
            return true;
        }
        catch (Exception exception) when (exception is InvalidDataException or ArgumentException or NotSupportedException or OverflowException)
        {
            return false;
        }
    }

    private static Layer[] Layers(OnnxGraph graph)
    {
        var layers = new SortedList<int, Layer>();
        foreach (var node in graph.Nodes)
        {
            if (!node.Metadata.TryGetValue(LayerMetadata.Layer, out var json)) continue;
            var place = node.Metadata.TryGetValue(LayerMetadata.Place, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
            var value = LocatedValue.Parse(Encoding.UTF8.GetBytes(json), node.Label);
            // A few letters may ask for a large table; what was written lists every connection.
            if (value.Members.Exists(static key => key is { Name: "channels", Kind: LocatedKind.Object } && key.Members.Exists(static way => way.Name is "ring" or "random"))) throw new InvalidDataException(node.Label);
            layers.Add(place, LayerJson.Read(value));
        }

        return [.. layers.Values];
    }

    private static bool IsSame(OnnxGraph written, OnnxGraph graph, Dictionary<string, OnnxTensor> initialisers)
    {
        if (written.Nodes.Count != graph.Nodes.Count || written.Initialisers.Count != initialisers.Count || written.Outputs.Count != graph.Outputs.Count) return false;
        for (var index = 0; index < written.Nodes.Count; index++)
        {
            if (!Bytes(written.Nodes[index]).AsSpan().SequenceEqual(Bytes(graph.Nodes[index]))) return false;
        }

        for (var index = 0; index < written.Outputs.Count; index++)
        {
            if (written.Outputs[index].Name != graph.Outputs[index].Name) return false;
        }

        return written.Initialisers.All(tensor => initialisers.TryGetValue(tensor.Name, out var other)
            && tensor.Element == other.Element && tensor.Dimensions.SequenceEqual(other.Dimensions) && tensor.Data.Span.SequenceEqual(other.Data.Span));

        static byte[] Bytes(OnnxNode node) => node.Attributes.Any(static attribute => attribute.Kind is OnnxAttributeKind.Graph or OnnxAttributeKind.Other or OnnxAttributeKind.Undefined) ? []
            : ModelWriter.Write(node with { Metadata = new Dictionary<string, string>() }).ToArray();
    }
}
