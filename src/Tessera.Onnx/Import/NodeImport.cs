using System.Globalization;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import;

/// <summary>One node being imported: its attributes, what its inputs stand for, and the layers made of it.</summary>
internal sealed class NodeImport(GraphImport graph, OnnxNode node)
{
    /// <summary>The most axes of a value: what a node of a few bytes makes of a shape must not grow with the file.</summary>
    public const int MostAxes = ModelReader.MostAxes;

    public string Operator => node.Operator;

    public int Opset => graph.Opset;

    public int AxisOffset => graph.AxisOffset;

    public int DeclaredBatch => graph.DeclaredBatch;

    public LayerList Layers => graph.Layers;

    public int InputCount => node.Inputs.Count;

    public int OutputCount => node.Outputs.Count;

    public IReadOnlyList<string> Outputs => node.Outputs;

    public IEnumerable<Value?> Inputs => node.Inputs.Select(graph.Find);

    /// <summary>Takes this many numbers from what an import may compute; a small file cannot ask for much memory.</summary>
    public void Spend(long numbers) => graph.Spend(numbers, this);

    /// <summary>Says that it computes with sizes that depend on the batch, which need not grow with it evenly.</summary>
    public void NoteArithmeticOfBatch() => graph.NoteArithmeticOfBatch(this);

    /// <summary>The smaller of the two batches that everything is computed for; the other one is larger by one.</summary>
    public int Batch => graph.Batch;

    /// <summary>For an operator that is defined for a batch alone.</summary>
    public void CheckBatch()
    {
        if (AxisOffset > 0) throw Wrong("its first axis is the batch; import the model with OnnxImportOptions.FirstAxisIsBatch");
    }

    // Attributes.

    public OnnxAttribute? Attribute(string name) => node.Attributes.FirstOrDefault(attribute => attribute.Name == name);

    public long Integer(string name, long otherwise) => Attribute(name) is not { } attribute ? otherwise
        : attribute.Kind == OnnxAttributeKind.Integer ? attribute.Integer : throw WrongKind(attribute, "a whole number");

    /// <summary>A whole number that sizes and axes may have.</summary>
    public int Size(string name, int otherwise) => ToSize(name, Integer(name, otherwise));

    public double Real(string name, double otherwise) => Attribute(name) is not { } attribute ? otherwise
        : attribute.Kind == OnnxAttributeKind.Float ? Meant(attribute.Float) : throw WrongKind(attribute, "a real number");

    public string Text(string name, string otherwise) => Attribute(name) is not { } attribute ? otherwise
        : attribute.Kind == OnnxAttributeKind.Text ? attribute.Text : throw WrongKind(attribute, "a text");

    /// <summary>A list of whole numbers; empty where the attribute is not there.</summary>
    public Sizes Integers(string name) => Attribute(name) is not { } attribute ? Sizes.Empty
        : attribute.Kind == OnnxAttributeKind.Integers ? Sizes.Create([.. attribute.Integers.Select(value => ToSize(name, value))]) : throw WrongKind(attribute, "a list of whole numbers");

    // Inputs.

    /// <summary>What an input stands for; null where it is left out.</summary>
    public Value? Input(int index) => index < node.Inputs.Count ? graph.Find(node.Inputs[index]) : null;

    public bool Has(int index) => index < node.Inputs.Count && node.Inputs[index].Length > 0;

    /// <summary>An input as a layer; a constant becomes a layer that gives it.</summary>
    public Flow Flow(int index = 0) => Input(index) switch
    {
        Flow flow => flow,
        Known known => graph.ConstantLayer(node.Inputs[index], ForAnyBatch(known, index)),
        null => throw Wrong($"input {index} is missing"),
        Winners winners => Positions(winners),
        _ => throw Wrong($"input {index} ('{node.Inputs[index]}') comes of a node that is not read"),
    };

    /// <summary>The positions of a max pooling's winners as numbers, in the shape of what it gives.</summary>
    public Flow Positions(Winners winners)
    {
        if (AxisOffset > 0) throw Wrong("the positions of a max pooling are counted over the batch; import the model with OnnxImportOptions.FirstAxisIsBatch");
        var positions = Add(new MaxPositions(winners.Pool.Layer), [winners.Pool], (winners.Pool, winners.Pooled)) with { Element = OnnxElement.Int64 };
        return winners.IsRow ? Operators.ShapeOperators.To(this, positions, [(int)positions.AtTwo.Product], [(int)positions.AtThree.Product]) : positions;
    }

    /// <summary>An input that must be a constant, the same for every batch; null where it is left out.</summary>
    public NumberArray? Constant(int index)
    {
        if (!Has(index)) return null;
        if (Input(index) is not Known known) throw Wrong($"input {index} ('{node.Inputs[index]}') is computed from the network's input; it must be a constant");
        return known.DependsOnBatch ? throw Wrong($"input {index} ('{node.Inputs[index]}') depends on the size of the batch") : known.AtTwo;
    }

    /// <summary>A constant of a single number, or the first of one that has several.</summary>
    public double Number(int index) => RequiredConstant(index) is { Count: > 0 } numbers ? numbers.First : throw Wrong($"input {index} ('{node.Inputs[index]}') has no elements");

    public NumberArray RequiredConstant(int index) => Constant(index) ?? throw Wrong($"input {index} is missing");

    /// <summary>A constant list of whole numbers; null where the input is left out.</summary>
    public Sizes? ConstantIntegers(int index)
    {
        if (Constant(index) is not { } numbers) return null;
        Spend(numbers.Count);
        return Sizes.Create([.. numbers.Values.Select(value => ToSize($"input {index}", value))]);
    }

    /// <summary>Axes and the like: an attribute in old versions of the operators, an input since.</summary>
    /// <returns>Null where they are left out.</returns>
    public Sizes? IntegersFrom(string attribute, int input) => Attribute(attribute) is not null ? Integers(attribute) : ConstantIntegers(input);

    /// <summary>An axis of the model, counted from the end where negative, as an axis of the network.</summary>
    public int Axis(long axis, int rank)
    {
        var modelRank = rank - AxisOffset;
        if (axis < -modelRank || axis >= modelRank) throw Wrong($"axis {axis} of an input of {modelRank} axes");
        return (int)(axis < 0 ? axis + modelRank : axis) + AxisOffset;
    }

    /// <summary>Numbers that are the same for each example, however many examples there are: for one, on an axis of size 1.</summary>
    public NumberArray ForAnyBatch(Known known, int index)
    {
        if (!known.DependsOnBatch) return known.AtTwo;
        var (two, three) = (known.AtTwo, known.AtThree);
        Spend(two.Count + three.Count);
        var count = two.Count / Batch;
        if (two.Shape.Count == 0 || three.Shape.Count != two.Shape.Count || two.Shape[0] != Batch || three.Shape[0] != Batch + 1 || two.Shape.From(1) != three.Shape.From(1)
            || !two.Values.AsSpan(0, count).SequenceEqual(two.Values.AsSpan(count)) || !three.Values.AsSpan(0, count).SequenceEqual(two.Values.AsSpan(0, count)))
        {
            throw Wrong($"input {index} ('{node.Inputs[index]}') depends on the size of the batch");
        }

        return new NumberArray(two.Element, [1, .. two.Shape.From(1).AsSpan()], two.Values[..count]);
    }

    /// <summary>A number as a layer.</summary>
    public Flow Scalar(double value) => Numbers(new NumberArray(OnnxElement.Float, [], [value]));

    /// <summary>Numbers as a layer.</summary>
    public Flow Numbers(NumberArray numbers) => graph.ConstantLayer("", numbers);

    // Layers.

    /// <summary>A name for a layer of this node.</summary>
    public string NewName() => Layers.NameFor(node.Name.Length > 0 ? node.Name : node.Outputs.FirstOrDefault(static output => output.Length > 0) ?? node.Operator);

    /// <summary>Adds a layer over some values and finds out its shape.</summary>
    /// <param name="layer">The layer; its name and inputs are set here.</param>
    /// <param name="inputs">What it takes.</param>
    /// <param name="referenced">What its reference names, and the first input of that.</param>
    public Flow Add(Layer layer, ReadOnlySpan<Flow> inputs, (Flow Layer, Flow Input)? referenced = null)
    {
        var names = new string[inputs.Length];
        List<Sizes> atTwo = [], atThree = [];
        for (var index = 0; index < inputs.Length; index++)
        {
            names[index] = inputs[index].Layer;
            atTwo.Add(inputs[index].AtTwo);
            atThree.Add(inputs[index].AtThree);
        }

        if (referenced is { } reference)
        {
            atTwo.AddRange([reference.Layer.AtTwo, reference.Input.AtTwo]);
            atThree.AddRange([reference.Layer.AtThree, reference.Input.AtThree]);
        }

        layer = layer with { Name = layer.Name.Length > 0 ? layer.Name : NewName(), Inputs = LayerNames.Create(names) };
        foreach (var input in inputs)
        {
            if (input.Rank < layer.LeastRank) throw Wrong($"its input is {input}; {layer.Kind} needs at least {layer.LeastRank} axes");
        }

        var (shapeAtTwo, shapeAtThree) = (layer.InferShape(atTwo), layer.InferShape(atThree));
        if (shapeAtTwo.Count != shapeAtThree.Count) throw Wrong("the number of axes of what it gives depends on the size of the batch");
        if (shapeAtThree.Aggregate(1.0, static (product, size) => product * size) > (Batch + 1.0) * int.MaxValue) throw Wrong($"its output {shapeAtTwo} for a batch of two has more elements than a network can hold; use smaller sizes");
        var flow = new Flow(layer.Name, shapeAtTwo, shapeAtThree, inputs.Length > 0 ? inputs[0].Element : OnnxElement.Float)
        {
            HasBatch = HasBatch(inputs),
        };
        Layers.Add(layer);
        return flow;

        static bool HasBatch(ReadOnlySpan<Flow> inputs)
        {
            foreach (var input in inputs)
            {
                if (input.HasBatch) return true;
            }

            return false;
        }
    }

    public Flow Add(Layer layer, Flow input) => Add(layer, [input]);

    /// <summary>Says what a parameter of a layer is filled with.</summary>
    public void Fill(Flow layer, string parameter, NumberArray numbers) => Layers.Fill($"{layer.Layer}.{parameter}", numbers.Count, numbers.CopyTo);

    /// <summary>Gives the node's output its meaning.</summary>
    public void Give(Value value, int output = 0)
    {
        if (output < node.Outputs.Count) graph.Define(node.Outputs[output], value, this);
    }

    /// <summary>Whether an output has a name and somebody takes it.</summary>
    public bool IsUsed(int output) => output < node.Outputs.Count && node.Outputs[output].Length > 0 && graph.Uses(node.Outputs[output]) > 0;

    /// <summary>Whether nobody but this node takes its input.</summary>
    public bool IsOnlyUser(int input) => graph.Uses(node.Inputs[input]) == 1;

    public InvalidDataException Wrong(string what) => graph.Wrong($"node {node.Label} ({node.Operator}): {what}");

    /// <summary>Files hold 0.0099999997764… where 0.01 was meant: the shortest number of which a float is made.</summary>
    private static double Meant(float value) => double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private InvalidDataException WrongKind(OnnxAttribute attribute, string wanted) => Wrong($"attribute {attribute.Name} is {attribute.Kind}, where {wanted} is due");

    private int ToSize(string what, double value) => value is >= int.MinValue and <= int.MaxValue && value == Math.Floor(value) ? (int)value
        : value > int.MaxValue ? int.MaxValue
        : value < int.MinValue ? int.MinValue
        : throw Wrong(FormattableString.Invariant($"{what} holds {value}, which is no whole number"));
}
