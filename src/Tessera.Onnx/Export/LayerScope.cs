using Tessera.Networks;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Export;

/// <summary>
/// What the writer of one layer works with: it adds nodes, each from names of values to the name of what it gives, and returns the last
/// one's. Shapes are those of a batch of 1; what is written must hold for every batch, of which those of another batch tell what depends on it.
/// </summary>
internal sealed class LayerScope(NetworkWriter network, Layer layer, IReadOnlyList<Sizes> shapes, IReadOnlyList<Sizes> others, Sizes output)
{
    public Layer Layer => layer;

    /// <summary>The layer that <see cref="Layer.Reference"/> names; null for none and for the network's input.</summary>
    public Layer? Referenced { get; init; }

    /// <summary>The values it takes.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The first value it takes.</summary>
    public string Input => Inputs[0];

    /// <summary>The shapes that <see cref="Layer.InferShape"/> takes.</summary>
    public IReadOnlyList<Sizes> Shapes => shapes;

    /// <summary>The shape of the first input.</summary>
    public Sizes Shape => shapes[0];

    /// <summary>The shape of the output.</summary>
    public Sizes Output => output;

    /// <summary>Spatial axes of the first input.</summary>
    public int Rank => shapes[0].Count - 2;

    /// <summary>Whether no size but the first of each input depends on the batch.</summary>
    public bool BatchIsFirst => shapes.Zip(others).All(static pair => pair.First.Count == 0 || pair.First.From(1) == pair.Second.From(1));

    public int Opset => network.Opset;

    /// <summary>The network's winners of max poolings.</summary>
    public Dictionary<string, PoolWinners> Winners => network.Winners;

    /// <summary>Whether a later layer takes the winners of this one, a max pooling.</summary>
    public bool GivesWinners => network.TakesWinners(layer.Name);

    /// <summary>A node of one input.</summary>
    public string Node(string type, string input, params OnnxAttribute[] attributes) => Node(type, [input], attributes);

    /// <summary>A node; gives the name of its output.</summary>
    public string Node(string type, string[] inputs, params OnnxAttribute[] attributes) => Nodes(type, inputs, 1, attributes)[0];

    /// <summary>A node of several outputs.</summary>
    public string[] Nodes(string type, string[] inputs, int outputs, params OnnxAttribute[] attributes)
    {
        string[] given = [.. Enumerable.Range(0, outputs).Select(_ => network.Unused($"{layer.Name}/{type}"))];
        network.Add(new OnnxNode(type, inputs, given) { Name = given[0], Attributes = attributes });
        return given;
    }

    /// <summary>A parameter of this layer in a shape of its own, its elements in their own order or as <paramref name="places"/> says (−1 for 0).</summary>
    public string Weight(string parameter, Sizes shape, int[]? places = null) => network.Weight(layer.Name, parameter, shape, places);

    /// <summary>A parameter of the layer that this one refers to.</summary>
    public string WeightOfReference(string parameter, Sizes shape, int[]? places = null) => network.Weight(Referenced!.Name, parameter, shape, places);

    /// <summary>Numbers that belong to no parameter; a scalar where no shape is given.</summary>
    public string Constant(string name, ReadOnlySpan<float> values, Sizes shape = default)
    {
        var unused = network.Unused($"{layer.Name}/{name}");
        network.Add(OnnxTensor.Of(unused, shape, values));
        return unused;
    }

    /// <summary>One number.</summary>
    public string Constant(string name, double value) => Constant(name, [(float)value]);

    /// <summary>Whole numbers, as shapes, axes and indices are given; a list where no shape is.</summary>
    public string Integers(string name, ReadOnlySpan<long> values, Sizes shape = default)
    {
        var unused = network.Unused($"{layer.Name}/{name}");
        var tensor = OnnxTensor.Of(unused, values);
        network.Add(shape.Count == 0 ? tensor : tensor with { Dimensions = [.. shape] });
        return unused;
    }

    /// <summary>Asks for a list of so many numbers before it is made.</summary>
    /// <exception cref="NotSupportedException">It would take more than 2 GB.</exception>
    public int Count(double count) => network.HasRoom(count) ? (int)count : throw new NotSupportedException(FormattableString.Invariant($"a list of {count} numbers is more than a file holds"));

    /// <summary>One whole number without axes.</summary>
    public string Integer(string name, long value)
    {
        var unused = network.Unused($"{layer.Name}/{name}");
        network.Add(OnnxTensor.Of(unused, [value]) with { Dimensions = [] });
        return unused;
    }

    /// <summary>Another shape for the same elements, made of the first input's; the size that depends on the batch is what is left.</summary>
    /// <exception cref="NotSupportedException">More than one size depends on the batch.</exception>
    public string Reshape(string value, Func<Sizes, long[]> of)
    {
        long[] one = of(shapes[0]), other = of(others[0]);
        if (one.Zip(other).Count(static pair => pair.First != pair.Second) > 1) throw new NotSupportedException("several sizes depend on the batch; permute the batch to the front before it");
        return Reshape(value, [.. one.Select((size, axis) => size == other[axis] ? size : -1)]);
    }

    /// <summary>Another shape for the same elements; 0 keeps an axis, −1 is what is left.</summary>
    public string Reshape(string value, params long[] shape) => Node("Reshape", [value, Integers("shape", shape)]);

    public string Transpose(string value, params long[] order) => Node("Transpose", value, OnnxAttribute.Of("perm", order));

    /// <summary>The first <paramref name="sizes"/> elements of the axes from <paramref name="firstAxis"/> on, begun at <paramref name="starts"/>.</summary>
    public string Slice(string value, int firstAxis, IReadOnlyList<int> starts, IReadOnlyList<int> sizes) => Node(
        "Slice",
        [
            value,
            Integers("starts", [.. starts.Select(static start => (long)start)]),
            Integers("ends", [.. starts.Select((start, a) => (long)start + sizes[a])]),
            Integers("axes", [.. starts.Select((_, a) => (long)firstAxis + a)]),
        ]);

    /// <summary>A border of one value around the spatial axes; the value itself where there is none.</summary>
    public string Border(string value, IReadOnlyList<int> low, IReadOnlyList<int> high, float filling = 0)
    {
        if (low.All(static amount => amount == 0) && high.All(static amount => amount == 0)) return value;
        return Node("Pad", [value, Integers("pads", [0, 0, .. low, 0, 0, .. high]), Constant("filling", filling)]);
    }
}
