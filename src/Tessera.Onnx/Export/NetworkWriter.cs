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
        var (shapes, others) = (network.Shapes(1), OtherShapes());
        foreach (var index in network.Graph.Order) Write(index, shapes, others);
        if (refused.Count > 0) throw new NotSupportedException($"{Title}: {refused.Count} of {network.Layers.Count} layers cannot be written as ONNX: {string.Join("; ", refused)}.");
        return new OnnxGraph(
            Title,
            nodes,
            initialisers,
            [Value(NetworkDescription.InputName, [1, .. network.InputShape.AsSpan()], [OtherBatch, .. network.InputShape.AsSpan()])],
            [.. network.Graph.FurtherOutputs.Prepend(network.Layers.Count - 1).Select(index => Value(network.Layers[index].Name, shapes[index], others[index]))]);
    }

    /// <summary>Whether a later layer takes this pooling's winners.</summary>
    public bool TakesWinners(string pool) => network.Layers.Any(layer => layer is Networks.Layers.MaxUnpool or Networks.Layers.MaxPositions && layer.Reference == pool);

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

    /// <summary>A batch that shows, beside that of 1, which sizes depend on it: the one that is written for, or a prime, for any, that a slice's steps do not come near.</summary>
    private int OtherBatch => options.Batch ?? 61;

    private Sizes[] OtherShapes()
    {
        var batch = options.Batch ?? 2;
        try
        {
            // A size may be right for one other batch by chance.
            if (options.Batch is null) network.Shapes(batch, checksElements: false);
            batch = OtherBatch;
            return network.Shapes(batch, checksElements: false);
        }
        catch (ArgumentException exception)
        {
            var ending = options.Batch is null ? "it is no network for any batch; export it with a batch of 1" : "export it with another batch";
            throw new NotSupportedException($"{Title}: with a batch of {batch}, {exception.Message} As ONNX, {ending}.", exception);
        }
    }

    private void Write(int index, IReadOnlyList<Sizes> shapes, IReadOnlyList<Sizes> others)
    {
        var layer = network.Layers[index];
        var scope = new LayerScope(this, layer, network.InputShapes(index, 1, shapes), network.InputShapes(index, OtherBatch, others), shapes[index])
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

    /// <summary>A value with its sizes at a batch of 1 and of <see cref="OtherBatch"/>: those that differ depend on it.</summary>
    private OnnxValue Value(string name, Sizes one, Sizes other) => new(
        name,
        OnnxElement.Float,
        [.. one.Zip(other).Select(size => size.First == size.Second || options.Batch is not null
            ? new OnnxDimension(size.Second, null)
            : new OnnxDimension(null, size.First == 1 && size.Second == OtherBatch ? "batch" : null))]);

    private static string Json(Layer layer)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) LayerJson.Write(writer, layer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private sealed record WrittenWeight(string Parameter, string Initialiser, Sizes Shape, int[]? Places);
}
