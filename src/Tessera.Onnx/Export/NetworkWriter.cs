using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export;

/// <summary>Writes the layers of a network, one after another, as the nodes of a graph.</summary>
internal sealed class NetworkWriter
{
    private readonly NetworkDescription network;
    private readonly IWeights weights;
    private readonly OnnxExportOptions options;
    private readonly List<OnnxNode> nodes = [];
    private readonly List<OnnxTensor> initialisers = [];
    private readonly HashSet<string> names;
    private readonly HashSet<string> shared;
    private readonly List<WrittenWeight> written = [];
    private readonly Dictionary<string, PoolWinners> winners = new(StringComparer.Ordinal);
    private readonly List<string> refused = [];

    private double room;

    /// <param name="network">The network.</param>
    /// <param name="weights">Where its weights come from.</param>
    /// <param name="options">How to write.</param>
    /// <param name="room">The most numbers that lists of places and constants may have together: a description that came in a file may ask for any number.</param>
    public NetworkWriter(NetworkDescription network, IWeights weights, OnnxExportOptions options, double room = double.PositiveInfinity)
    {
        this.room = room;
        this.network = network;
        this.weights = weights;
        this.options = options;
        shared = [.. network.Layers.Where(static layer => layer.TakesKernelOfReference).Select(static layer => layer.Reference!)];
        // Values and initialisers share one space of names; what layers give comes first in it.
        names = [.. network.Layers.Select(static layer => layer.Name), NetworkDescription.InputName];
    }

    /// <summary>The version of the standard operators.</summary>
    public int Opset => options.Opset;

    /// <summary>The places of the winners of max poolings that are undone later, by the pooling's name.</summary>
    public Dictionary<string, PoolWinners> Winners => winners;

    /// <exception cref="NotSupportedException">Layers cannot be written; the message names all of them.</exception>
    public OnnxGraph Write()
    {
        var shapes = network.Shapes(1);
        foreach (var index in network.Graph.Order) Write(index, shapes);
        if (refused.Count > 0) throw new NotSupportedException($"{Title}: {refused.Count} of {network.Layers.Count} layers cannot be written as ONNX: {string.Join("; ", refused)}.");
        return new OnnxGraph(
            Title,
            nodes,
            initialisers,
            [Value(NetworkDescription.InputName, network.InputShape)],
            [Value(network.Layers[^1].Name, shapes[^1].From(1))]);
    }

    /// <summary>Whether a later layer undoes this pooling.</summary>
    public bool IsUnpooled(string pool) => network.Layers.Any(layer => layer is Networks.Layers.MaxUnpool unpool && unpool.Of == pool);

    /// <summary>A name that nothing else in the graph has.</summary>
    public string Unused(string wanted)
    {
        var name = wanted;
        for (var number = 2; !names.Add(name); number++) name = string.Create(CultureInfo.InvariantCulture, $"{wanted}_{number}");
        return name;
    }

    /// <summary>Asks for a list of numbers, before it is made; false where it would be longer than an array can be, or all of them than there is room for.</summary>
    public bool HasRoom(double count)
    {
        room -= count;
        return count <= Array.MaxLength / sizeof(float) && room >= 0;
    }

    public void Add(OnnxNode node) => nodes.Add(node);

    public void Add(OnnxTensor tensor) => initialisers.Add(tensor);

    /// <summary>The initialiser that holds a layer's parameter so; written once, also where two layers share it in one form.</summary>
    public string Weight(string layer, string name, Sizes shape, int[]? places)
    {
        var parameter = $"{layer}.{name}";
        foreach (var known in written)
        {
            if (known.Parameter == parameter && known.Shape == shape && known.Places.AsSpan().SequenceEqual(places)) return known.Initialiser;
        }

        var initialiser = Unused(parameter);
        initialisers.Add(weights.Tensor(parameter, initialiser, shape, places));
        if (shared.Contains(layer)) written.Add(new WrittenWeight(parameter, initialiser, shape, places));
        return initialiser;
    }

    private string Title => network.Name.Length > 0 ? network.Name : "network";

    private void Write(int index, IReadOnlyList<Sizes> shapes)
    {
        var layer = network.Layers[index];
        var scope = new LayerScope(this, layer, network.InputShapes(index, 1), shapes[index])
        {
            Inputs = [.. network.Graph.Sources[index].Select(Name)],
            Referenced = network.Graph.References[index] is >= 0 and { } place ? network.Layers[place] : null,
        };
        try
        {
            if (LayerWriters.Write(scope) is { } result) Finish(layer, index, result, scope);
            else refused.Add($"{layer.Name} ({layer.Kind})");
        }
        catch (NotSupportedException exception)
        {
            refused.Add($"{layer.Name} ({layer.Kind}: {exception.Message})");
        }
        catch (OverflowException)
        {
            refused.Add($"{layer.Name} ({layer.Kind}: as standard operators it has sizes beyond {int.MaxValue})");
        }
    }

    /// <summary>The node that gives a layer's output takes the layer's name, and says which layer it is.</summary>
    private void Finish(Layer layer, int index, string result, LayerScope scope)
    {
        if (nodes.Count == 0 || nodes[^1].Outputs[0] != result || scope.Inputs.Contains(result)) scope.Node("Identity", result);
        var last = nodes[^1];
        nodes[^1] = last with
        {
            Name = layer.Name,
            Outputs = [layer.Name, .. last.Outputs.Skip(1)],
            Metadata = options.KeepLayers
                ? new Dictionary<string, string>(StringComparer.Ordinal) { [LayerMetadata.Layer] = Json(layer), [LayerMetadata.Place] = index.ToString(CultureInfo.InvariantCulture) }
                : last.Metadata,
        };
    }

    private string Name(int place) => place < 0 ? NetworkDescription.InputName : network.Layers[place].Name;

    private OnnxValue Value(string name, Sizes example) => new(
        name,
        OnnxElement.Float,
        [new OnnxDimension(options.Batch, options.Batch is null ? "batch" : null), .. example.Select(static size => new OnnxDimension(size, null))]);

    private static string Json(Layer layer)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) LayerJson.Write(writer, layer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private sealed record WrittenWeight(string Parameter, string Initialiser, Sizes Shape, int[]? Places);
}
