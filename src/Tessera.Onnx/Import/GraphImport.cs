using System.Runtime.InteropServices;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Format;
using Tessera.Onnx.Import.Folding;
using Tessera.Onnx.Import.Operators;

namespace Tessera.Onnx.Import;

/// <summary>Goes through a graph node by node, and makes of each either a layer or numbers.</summary>
internal sealed class GraphImport(OnnxModel model, string name, OnnxImportOptions options)
{
    private readonly OnnxGraph graph = model.Graph;
    private readonly Dictionary<string, Value> values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Flow> constants = new(StringComparer.Ordinal);
    private readonly HashSet<string> weights = [.. model.Graph.Initialisers.Where(static tensor => tensor.Element.IsReal()).Select(static tensor => tensor.Name)];
    private readonly List<OnnxNode> unread = [];
    private readonly long held = model.Graph.Initialisers.Sum(static tensor => (long)tensor.Count) + model.Graph.Nodes.Sum(static node => node.Attributes.Sum(static attribute => (long)(attribute.Tensor?.Count ?? 0)));
    private long spent;
    private NodeImport? arithmetic;
    private readonly Dictionary<string, int> uses = new(StringComparer.Ordinal);

    /// <summary>The version of the operators.</summary>
    public int Opset => model.Opset;

    /// <summary>The layers made so far.</summary>
    public LayerList Layers { get; } = new();

    /// <summary>How many axes of the network stand before those of the model: one where the model knows no batch.</summary>
    public int AxisOffset => options.FirstAxisIsBatch ? 0 : 1;

    /// <summary>What the model says the batch is, where it says a number; 1 otherwise.</summary>
    public int DeclaredBatch { get; private set; } = 1;

    /// <summary>The smaller of the two batches that everything is computed for; the other one is larger by one.</summary>
    public int Batch { get; private init; } = 2;

    public ImportedNetwork Run()
    {
        if (options.InputShape.Count == 0 && options.Inputs.Count == 0 && options.FirstAxisIsBatch && TesseraModel.TryRead(model, out var network, out var parameters))
        {
            return new ImportedNetwork(network, parameters, NetworkDescription.InputName, [.. graph.Outputs.Select(static output => (output.Name, output.Name))]);
        }

        var (inputName, shape, inputs) = Read();
        var imported = Finish(inputName, shape) with { Inputs = inputs };
        if (arithmetic is not null) CheckEven(imported.Network);
        return imported;
    }

    private (string Name, Sizes Shape, (string Name, Sizes Shape)[] Inputs) Read()
    {
        CheckReadable();
        foreach (var tensor in graph.Initialisers) values[tensor.Name] = new Known(new NumberArray(tensor));
        foreach (var (constant, tensor) in options.Constants) values[constant] = Constant(constant, tensor);
        foreach (var tensor in options.Tensors) values[tensor.Name] = new Known(new NumberArray(tensor));
        var inputs = Inputs();
        Sizes[] shapes = [.. inputs.Select(ShapeOf)];
        var shape = Joined(shapes);
        if (shape.Count > NodeImport.MostAxes || shape.Aggregate(1.0, static (product, size) => product * size) > int.MaxValue) throw Wrong($"input '{inputs[0].Name}' of {shape}: an example of more than {NodeImport.MostAxes} axes or {int.MaxValue} elements");
        Flow whole = new(NetworkDescription.InputName, [Batch, .. shape.AsSpan()], [Batch + 1, .. shape.AsSpan()], OnnxElement.Float);
        foreach (var used in graph.Nodes.SelectMany(static node => node.Inputs).Concat(graph.Outputs.Select(static output => output.Name)))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(uses, used, out _)++;
        }

        TakeApart(whole, inputs, shapes);
        foreach (var node in graph.Nodes) Import(node);
        CheckAllRead();
        return (string.Join(", ", inputs.Select(static input => input.Name)), shape, [.. inputs.Zip(shapes, static (input, each) => (input.Name, each))]);
    }

    /// <summary>A network for any batch must come of other batches too; halves of a batch, the smaller of two sizes or remainders make another one.</summary>
    private void CheckEven(NetworkDescription network)
    {
        var other = new GraphImport(model, name, options) { Batch = 7 };
        try
        {
            var (_, shape, _) = other.Read();
            if (other.Described(shape).Equals(network)) return;
        }
        catch (Exception exception) when (exception is InvalidDataException or ArgumentException or OverflowException)
        {
            // What fits batches of two and three and no others is said below.
        }

        throw arithmetic!.Wrong("it computes with the size of the batch, and what comes of it does not grow evenly with the batch, so that no network is right for every batch; export the model for one batch, with its sizes as numbers");
    }

    /// <summary>What of a graph's outputs can be computed while importing; null for an output that becomes layers. All inputs must be given as constants.</summary>
    public IReadOnlyList<NumberArray?> Fold()
    {
        CheckReadable();
        foreach (var tensor in graph.Initialisers.Concat(options.Tensors)) values[tensor.Name] = new Known(new NumberArray(tensor));
        foreach (var node in graph.Nodes) Import(node);
        return [.. graph.Outputs.Select(output => (Find(output.Name) as Known)?.AtTwo)];
    }

    /// <summary>Keeps the first node that computes with sizes which depend on the batch.</summary>
    public void NoteArithmeticOfBatch(NodeImport node) => arithmetic ??= node;

    /// <summary>How many nodes and outputs of the graph take a value.</summary>
    public int Uses(string value) => uses.GetValueOrDefault(value);

    /// <summary>What a name stands for; null for an input left out.</summary>
    public Value? Find(string value) => value.Length == 0 ? null : values.GetValueOrDefault(value);

    public void Define(string value, Value meaning, NodeImport node)
    {
        var rank = meaning switch
        {
            Flow flow => flow.Rank,
            Known known => Math.Max(known.AtTwo.Shape.Count, known.AtThree.Shape.Count),
            _ => 0,
        };
        if (rank > NodeImport.MostAxes) throw node.Wrong($"'{value}' has {rank} axes; at most {NodeImport.MostAxes} are read");
        if (value.Length > 0) values[value] = meaning;
    }

    /// <summary>A layer that gives a constant of the graph; all who take it take the same layer. What training changes is what the file holds as its weights.</summary>
    public Flow ConstantLayer(string value, NumberArray numbers)
    {
        if (value.Length > 0 && constants.TryGetValue(value, out var known)) return known;
        if (numbers.Count == 0) throw Wrong($"constant '{value}' has no elements");
        if (numbers.Shape.Count > NodeImport.MostAxes) throw Wrong($"constant '{value}' has {numbers.Shape.Count} axes; at most {NodeImport.MostAxes} are read");
        var layer = new Constant(numbers.Shape) { Name = Layers.NameFor(value.Length > 0 ? value : "constant"), IsTrained = numbers.Count > 1 && weights.Contains(value) };
        Layers.Add(layer);
        Layers.Fill($"{layer.Name}.value", numbers.Count, numbers.CopyTo);
        var flow = new Flow(layer.Name, numbers.Shape, numbers.Shape, numbers.Element) { HasBatch = false };
        if (value.Length > 0) constants[value] = flow;
        return flow;
    }

    /// <summary>What may be computed while importing: twice as many numbers as the model holds, and a million.</summary>
    public void Spend(long numbers, NodeImport node)
    {
        spent += numbers;
        // What is made for larger batches is larger.
        if (spent > ((2 * held) + (1 << 20)) * ((Batch + 1) / 2)) throw node.Wrong("the constants computed in this model are far larger than the model; it may be hostile");
    }

    public InvalidDataException Wrong(string what) => new($"{name}: {what}.");

    private static Known Constant(string constant, System.Numerics.Tensors.Tensor<float> tensor)
    {
        var numbers = new float[tensor.FlattenedLength];
        tensor.FlattenTo(numbers);
        return new Known(new NumberArray(OnnxTensor.Of(constant, Sizes.Of(tensor.Lengths), numbers)));
    }

    private void CheckReadable()
    {
        if (model.Functions > 0) throw Wrong($"it defines {model.Functions} functions of its own, which are not read; export it with its functions inlined");
        if (Opset is < OnnxImport.FirstOpset or > OnnxImport.LastOpset)
        {
            throw Wrong($"it is written in version {Opset} of the operators; versions {OnnxImport.FirstOpset} to {OnnxImport.LastOpset} are read");
        }
    }

    /// <summary>One error for all nodes that are not read, by operator.</summary>
    private void CheckAllRead()
    {
        var operators = unread
            .GroupBy(static node => node.Domain.Length > 0 ? $"{node.Domain}.{node.Operator}" : node.Operator)
            .Select(static group => $"{group.Key} ({string.Join(", ", group.Take(8).Select(static node => node.Label))}{(group.Count() > 8 ? $" and {group.Count() - 8} more" : "")}){(FoldingTable.Operators.ContainsKey(group.Key) ? ", of what the network computes" : "")}")
            .ToArray();
        if (operators.Length > 0) throw Wrong($"operators that are not read: {string.Join("; ", operators)}");
    }

    /// <summary>The inputs that samples go into.</summary>
    private OnnxValue[] Inputs()
    {
        var open = graph.Inputs.Where(value => !values.ContainsKey(value.Name)).ToArray();
        var names = string.Join(", ", open.Select(static value => value.Name));
        string[] wanted = options.Inputs.Count > 0 ? [.. options.Inputs] : options.Input is { } one ? [one] : [];
        if (wanted.Distinct().Count() != wanted.Length) throw Wrong($"the inputs {string.Join(", ", wanted)} name one twice");
        OnnxValue[] chosen = [.. wanted.Select(name => Array.Find(open, value => value.Name == name) ?? throw Wrong($"there is no input '{name}'; the inputs are {names}"))];
        if (chosen.Length > 0) return chosen;
        return open.Length switch
        {
            1 => open,
            0 => throw Wrong("it takes no input: everything in it is a constant"),
            _ => throw Wrong($"it takes {open.Length} inputs ({names}): name those that samples go into (OnnxImportOptions.Input, or OnnxImportOptions.Inputs for several, which are put behind one another), and give the others as OnnxImportOptions.Constants"),
        };
    }

    /// <summary>The shape of one sample of all inputs: one behind another along the first axis where they differ on no other, and else as rows.</summary>
    private static Sizes Joined(Sizes[] shapes)
    {
        if (shapes.Length == 1) return shapes[0];
        var alike = shapes.All(shape => shape.From(1) == shapes[0].From(1));
        var along = shapes.Sum(shape => alike ? shape[0] : shape.Aggregate(1.0, static (product, size) => product * size));
        return [(int)Math.Min(along, int.MaxValue), .. alike ? shapes[0].From(1).AsSpan() : []];
    }

    private void TakeApart(Flow whole, OnnxValue[] inputs, Sizes[] shapes)
    {
        var start = 0;
        for (var index = 0; index < inputs.Length; index++)
        {
            var (flow, shape) = (whole, shapes[index]);
            if (inputs.Length > 1)
            {
                NodeImport here = new(this, new OnnxNode("Input", [], [inputs[index].Name]));
                var length = whole.Rank == 2 ? (int)shape.Product : shape[0];
                flow = ShapeOperators.To(here, here.Add(new Slice([1], [start], [start + length]), whole), [Batch, .. shape.AsSpan()], [Batch + 1, .. shape.AsSpan()]);
                start += length;
            }

            values[inputs[index].Name] = flow with { Element = inputs[index].Element.IsReal() || inputs[index].Element == OnnxElement.Undefined ? OnnxElement.Float : inputs[index].Element };
        }
    }

    /// <summary>The shape of one example: what the caller says, or else the model.</summary>
    private Sizes ShapeOf(OnnxValue input)
    {
        var said = input.Dimensions;
        if (said is { Count: > 0 } && options.FirstAxisIsBatch && said[0].Size is > 0 and <= int.MaxValue and { } batch) DeclaredBatch = (int)batch;
        var given = options.Inputs.Count > 0 ? options.InputShapes.GetValueOrDefault(input.Name) : options.InputShape;
        if (given.Count > 0)
        {
            if (said is not null && said.Count != given.Count + 1 - AxisOffset) throw Wrong($"input '{input.Name}' is [{string.Join(", ", said)}], so one example has {said.Count - 1 + AxisOffset} axes, but the shape given, {given}, has {given.Count}");
            return given;
        }

        var where = options.Inputs.Count > 0 ? "OnnxImportOptions.InputShapes" : "OnnxImportOptions.InputShape";
        var one = said?.Skip(1 - AxisOffset).ToArray() ?? [];
        if (one.Length == 0) throw Wrong($"input '{input.Name}' has {(said is null ? "no shape" : $"the shape [{string.Join(", ", said)}]")} in the model; say the shape of one example ({where}), such as [3, 224, 224]");
        if (one.All(static size => size.Size is > 0 and <= int.MaxValue)) return Sizes.Create([.. one.Select(static size => (int)size.Size!.Value)]);
        throw Wrong($"input '{input.Name}' is [{string.Join(", ", said!)}]: sizes without a number; say the shape of one example ({where}), such as [{string.Join(", ", one.Select(static size => size.Size is > 0 ? size.ToString() : "224"))}]");
    }

    private void Import(OnnxNode node)
    {
        foreach (var taken in node.Inputs)
        {
            if (taken.Length > 0 && !values.ContainsKey(taken)) throw Wrong($"node {node.Label}: it takes '{taken}', which no node before it gives and which is no input");
        }

        var here = new NodeImport(this, node);
        var isKnown = node.Domain.Length == 0 && (OperatorTable.Layers.ContainsKey(node.Operator) || FoldingTable.Operators.ContainsKey(node.Operator));
        if (!isKnown) unread.Add(node);
        if (!isKnown || here.Inputs.Any(static input => input is Unread))
        {
            LeaveUnread(here);
            return;
        }

        try
        {
            if (FoldingTable.TryFold(here)) return;
            if (OperatorTable.Layers.TryGetValue(node.Operator, out var import))
            {
                import(here);
                return;
            }

            unread.Add(node);
            LeaveUnread(here);
        }
        catch (OverflowException exception)
        {
            throw new InvalidDataException($"{name}: node {node.Label} ({node.Operator}): it computes with sizes that are too large.", exception);
        }
        catch (ArgumentException exception)
        {
            // A layer that does not fit says so itself, and is called as the node is.
            throw new InvalidDataException($"{name}: node {node.Label} ({node.Operator}): {exception.Message.Split(" (Parameter", 2)[0]}", exception);
        }
    }

    private void LeaveUnread(NodeImport node)
    {
        foreach (var output in node.Outputs) Define(output, new Unread(), node);
    }

    private ImportedNetwork Finish(string inputName, Sizes shape)
    {
        if (graph.Outputs.Count == 0) throw Wrong("it has no output");
        try
        {
            return Built(inputName, shape);
        }
        catch (OverflowException exception)
        {
            throw new InvalidDataException($"{name}: its network has sizes that are too large.", exception);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"{name}: {exception.Message.Split(" (Parameter", 2)[0]}", exception);
        }
    }

    private ImportedNetwork Built(string inputName, Sizes shape)
    {
        var outputs = Outputs();
        var (network, parameters) = Layers.Build(graph.Name, shape, [.. outputs.Select(static output => output.Flow.Layer)], (8 * held) + (1 << 20));
        return new ImportedNetwork(network, parameters, inputName, [.. outputs.Select(static output => (output.Name, output.Flow.Layer))]);
    }

    private (string Name, Flow Flow)[] Outputs()
    {
        // Beside an output that depends on the input, constants may be given out.
        var outputs = graph.Outputs.Select((output, place) => (output.Name, Flow: place > 0 && Find(output.Name) is Known { DependsOnBatch: false } known ? ConstantLayer(output.Name, known.AtTwo) : OutputFlow(output.Name))).ToArray();
        var first = outputs[0].Flow;
        // What the network gives must be a layer that no other one takes.
        if (first.Layer == NetworkDescription.InputName || Uses(outputs[0].Name) > 1 || Layers.IsTaken(first.Layer) || outputs.Skip(1).Any(output => output.Flow.Layer == first.Layer))
        {
            first = Identity(first, outputs[0].Name);
            outputs[0].Flow = first;
        }

        return outputs;
    }

    /// <summary>The network without the numbers of its parameters.</summary>
    private NetworkDescription Described(Sizes shape) => Layers.Describe(graph.Name, shape, [.. Outputs().Select(static output => output.Flow.Layer)]);

    private Flow OutputFlow(string output) => Find(output) switch
    {
        Flow flow when flow.Layer != NetworkDescription.InputName => flow,
        Flow flow => Identity(flow, output),
        Winners winners => new NodeImport(this, new OnnxNode("MaxPool", [], [output])).Positions(winners),
        Known => throw Wrong($"output '{output}' is a constant and depends on no input"),
        _ => throw Wrong($"output '{output}' is given by no node"),
    };

    private Flow Identity(Flow flow, string output)
    {
        var layer = Layers.NameFor(output);
        Layers.Add(new Reshape(flow.AtTwo.From(1)) { Name = layer, Inputs = [flow.Layer] });
        return flow with { Layer = layer };
    }
}
