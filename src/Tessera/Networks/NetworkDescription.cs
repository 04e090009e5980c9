using System.Globalization;

namespace Tessera.Networks;

/// <summary>
/// A directed graph of named layers over one input, checked and with every shape known: immutable, and equal to another
/// that says the same. The output is that of the last layer in the list; other layers' outputs may be given out beside it.
/// </summary>
public sealed class NetworkDescription : IEquatable<NetworkDescription>
{
    /// <summary>What layers call the network's input.</summary>
    public const string InputName = "input";

    /// <summary>The most axes of a tensor: a few words of a file may ask for many layers over all of them.</summary>
    internal const int MostAxes = 64;

    private readonly Layer[] layers;
    private readonly NetworkGraph graph;
    private readonly int[] layerOfParameter = [];

    /// <summary>Names the layers that have no name, checks the graph and infers every shape.</summary>
    /// <param name="name">The network's name.</param>
    /// <param name="input">The shape of one example, [C, i_1 … i_d], without the batch.</param>
    /// <param name="layers">The layers; each takes the one before it unless it names others, before or after it.</param>
    /// <param name="furtherOutputs">Layers whose outputs are wanted beside the last one's; no loss is computed from them.</param>
    /// <exception cref="ArgumentException">A name stands twice or is unknown, layers go in a circle, or a layer does not fit its inputs.</exception>
    public NetworkDescription(string name, Sizes input, IReadOnlyList<Layer> layers, LayerNames furtherOutputs = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(layers);
        if (input.Count == 0 || input.Any(static size => size < 1))
        {
            throw new ArgumentException($"{Title(name)}: the input shape {input} must have a number of channels and the spatial sizes, all at least 1, such as [1, 28, 28].", nameof(input));
        }

        if (input.Count >= MostAxes) throw new ArgumentException($"{Title(name)}: the input shape has {input.Count} axes; at most {MostAxes - 1} are possible beside the batch.", nameof(input));
        if (input.Aggregate(1.0, static (product, size) => product * size) > int.MaxValue)
        {
            throw new ArgumentException($"{Title(name)}: the input shape {input} has more than {int.MaxValue} elements; use smaller sizes.", nameof(input));
        }

        if (layers.Count == 0) throw new ArgumentException($"{Title(name)}: it has no layers; give at least one.", nameof(layers));
        Name = name;
        InputShape = input;
        this.layers = WithNames(layers);
        FurtherOutputs = furtherOutputs;
        graph = new NetworkGraph(Title(name), this.layers, furtherOutputs);
        var shapes = Shapes(1);
        var owned = Enumerable.Range(0, this.layers.Length).SelectMany(index => ParametersOf(index, shapes).Select(parameter => (index, parameter))).ToArray();
        layerOfParameter = [.. owned.Select(static pair => pair.index)];
        Parameters = [.. owned.Select(static pair => pair.parameter)];
        // A constant may meet the batch by its own first axis: with one example it would pass for the batch.
        if (this.layers.Any(static layer => layer.InputCount == 0)) Shapes(2, checksElements: false);
        try
        {
            ParameterCount = Parameters.Sum(static parameter => parameter.Description.Shape.Product);
            TrainedParameterCount = Parameters.Where(static parameter => parameter.Description.IsTrained).Sum(static parameter => parameter.Description.Shape.Product);
        }
        catch (OverflowException exception)
        {
            throw new ArgumentException($"{Title(name)}: its layers have more parameters than can be counted in 64 bits; use smaller ones.", nameof(layers), exception);
        }
    }

    /// <summary>The network's name.</summary>
    public string Name { get; }

    /// <summary>The shape of one example, [C, i_1 … i_d].</summary>
    public Sizes InputShape { get; }

    /// <summary>The layers in the order given, each with its name.</summary>
    public IReadOnlyList<Layer> Layers => layers;

    /// <summary>Layers whose outputs an execution keeps and gives out beside the last layer's.</summary>
    public LayerNames FurtherOutputs { get; }

    /// <summary>Every parameter in the order of the layers, with its full name such as <c>conv1.kernel</c>.</summary>
    public IReadOnlyList<(string Name, ParameterDescription Description)> Parameters { get; }

    /// <summary>The number of elements of all parameters, statistics among them.</summary>
    public long ParameterCount { get; }

    /// <summary>The number of elements that training changes.</summary>
    public long TrainedParameterCount { get; }

    /// <summary>Who takes whose output.</summary>
    internal NetworkGraph Graph => graph;

    /// <summary>The shape of the output, [N, …], for a batch.</summary>
    public Sizes OutputShape(int batch) => Shapes(batch)[^1];

    /// <summary>The output shape of every layer, in the order of <see cref="Layers"/>, for a batch.</summary>
    /// <exception cref="ArgumentException">The batch is below 1.</exception>
    public IReadOnlyList<Sizes> Shapes(int batch) => Shapes(batch, checksElements: true);

    /// <summary>The same, also for a batch whose values would be too large to be made.</summary>
    internal Sizes[] Shapes(int batch, bool checksElements)
    {
        if (batch < 1) throw new ArgumentException($"{Title(Name)}: a batch of {batch}; it must be at least 1.", nameof(batch));
        var shapes = new Sizes[layers.Length];
        foreach (var index in graph.Order)
        {
            var inputs = InputShapes(index, batch, shapes);
            CheckRanks(index, inputs);
            shapes[index] = layers[index].InferShape(inputs);
            CheckBatch(index, inputs, shapes[index], batch);
            CheckParameters(index, inputs, batch);
            if (checksElements) CheckElements(index, shapes[index]);
        }

        return shapes;
    }

    /// <summary>The shapes that a layer's <see cref="Layer.InferShape"/> takes: its inputs', then those its reference adds.</summary>
    /// <param name="layer">The layer's place in <see cref="Layers"/>.</param>
    /// <param name="batch">The batch.</param>
    public IReadOnlyList<Sizes> InputShapes(int layer, int batch) => InputShapes(layer, batch, Shapes(batch));

    /// <summary>The layer of this name, or null.</summary>
    public Layer? Find(string name) => Array.Find(layers, layer => layer.Name == name);

    /// <inheritdoc/>
    public bool Equals(NetworkDescription? other) =>
        other is not null && Name == other.Name && InputShape == other.InputShape && FurtherOutputs.Equals(other.FurtherOutputs) && layers.AsSpan().SequenceEqual(other.layers);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NetworkDescription);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, InputShape, layers.Length, layers[^1]);

    /// <summary>The name, the input and every layer with its output shape for one example.</summary>
    public override string ToString()
    {
        var shapes = Shapes(1);
        return $"{Title(Name)}: {InputShape}" + string.Concat(layers.Select((layer, index) =>
            string.Create(CultureInfo.InvariantCulture, $"\n  {layer.Name} ({layer.Kind}): {OfOneExample(index, shapes[index])}")));
    }

    /// <summary>The place of the layer that a parameter (by its place in <see cref="Parameters"/>) belongs to.</summary>
    internal int LayerOfParameter(int parameter) => layerOfParameter[parameter];

    /// <summary>What a layer gives for one example: its output shape without the batch, or all of it where there is no batch.</summary>
    internal Sizes OfOneExample(int layer, Sizes shape) => graph.DependsOnInput[layer] ? shape.From(1) : shape;

    internal IReadOnlyList<Sizes> InputShapes(int index, int batch, IReadOnlyList<Sizes> shapes)
    {
        var sources = graph.Sources[index];
        var inputs = sources.Select(Shape).ToList();
        if (graph.References[index] is { } reference)
        {
            inputs.Add(Shape(reference));
            inputs.Add(Shape(graph.FirstSource(reference)));
        }

        return inputs;

        Sizes Shape(int source) => source < 0 ? [batch, .. InputShape.AsSpan()] : shapes[source];
    }

    private static string Title(string name) => name.Length > 0 ? name : "network";

    private static Layer[] WithNames(IReadOnlyList<Layer> layers)
    {
        var taken = layers.Select(static layer => layer.Name).ToHashSet(StringComparer.Ordinal);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        return [.. layers.Select(layer =>
        {
            if (layer.Name.Length > 0) return layer;
            string name;
            do
            {
                var number = counts[layer.ShortName] = counts.GetValueOrDefault(layer.ShortName) + 1;
                name = string.Create(CultureInfo.InvariantCulture, $"{layer.ShortName}{number}");
            }
            while (!taken.Add(name));
            return layer with { Name = name };
        })];
    }

    private IEnumerable<(string Name, ParameterDescription Description)> ParametersOf(int index, IReadOnlyList<Sizes> shapes) =>
        layers[index].Parameters(InputShapes(index, 1, shapes)).Select(parameter => ($"{layers[index].Name}.{parameter.Name}", parameter));

    private void CheckRanks(int index, IReadOnlyList<Sizes> inputs)
    {
        var layer = layers[index];
        for (var i = 0; i < graph.Sources[index].Length; i++)
        {
            if (inputs[i].Count >= layer.LeastRank) continue;
            throw layer.Misfit($"its input {layer.InputLabel(i)} {inputs[i]} has {inputs[i].Count} axes, but {layer.Kind} needs at least {layer.LeastRank}; reshape it first.");
        }
    }

    /// <summary>What joins a batch with constants must leave the batch where it was; a layer of one input may move it on purpose.</summary>
    private void CheckBatch(int index, IReadOnlyList<Sizes> inputs, Sizes shape, int batch)
    {
        if (layers[index].InputCount == 1 || !graph.DependsOnInput[index] || (shape.Count > 0 && shape[0] == batch)) return;
        var isBatched = graph.Sources[index].Select(source => source < 0 || graph.DependsOnInput[source]).ToArray();
        if (Array.TrueForAll(isBatched, static batched => batched) || !isBatched.Index().Any(source => source.Item && inputs[source.Index][0] == batch)) return;
        throw layers[index].Misfit($"for a batch of {batch} its output is {shape}, whose first axis is not the batch; give constants 1 on the axis that meets the batch, and no axis before it.");
    }

    /// <summary>Parameters are those of one example: where a layer has moved the batch to another axis, what follows it would want others.</summary>
    private void CheckParameters(int index, IReadOnlyList<Sizes> inputs, int batch)
    {
        // None are known yet when the constructor asks for one example.
        var own = Array.IndexOf(layerOfParameter, index);
        if (own < 0) return;
        foreach (var parameter in layers[index].Parameters(inputs))
        {
            var shape = Parameters[own++].Description.Shape;
            if (parameter.Shape == shape) continue;
            throw layers[index].Misfit($"for a batch of {batch} its {parameter.Name} would be {parameter.Shape}, but for one example it is {shape}: a layer before it has moved the batch from the first axis; leave it there, or run one example at a time.");
        }
    }

    private void CheckElements(int index, Sizes shape)
    {
        if (shape.Count > MostAxes) throw layers[index].Misfit($"its output has {shape.Count} axes; at most {MostAxes} are possible.");
        long elements;
        try
        {
            elements = shape.Product;
        }
        catch (OverflowException)
        {
            elements = long.MaxValue;
        }

        if (elements > int.MaxValue)
        {
            throw layers[index].Misfit($"its output {shape} has more than {int.MaxValue} elements; use a smaller batch or smaller sizes.");
        }
    }
}
