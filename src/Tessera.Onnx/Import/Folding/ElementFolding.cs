using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import.Folding;

/// <summary>Functions of constants, element by element, and sums over axes.</summary>
internal static class ElementFolding
{
    public static IEnumerable<KeyValuePair<string, Fold>> All { get; } =
    [
        Of("Add", static (x, y) => x + y),
        Of("Sum", static (x, y) => x + y),
        Of("Sub", static (x, y) => x - y),
        Of("Mul", static (x, y) => x * y),
        new("Div", (node, inputs) => Pairs(node, inputs, IsReal(inputs[0]) ? static (x, y) => x / y : static (x, y) => Math.Truncate(x / y))),
        new("Mod", (node, inputs) => Pairs(node, inputs, node.Integer("fmod", 0) != 0 ? static (x, y) => x % y : static (x, y) => x - (y * Math.Floor(x / y)))),
        Of("Pow", Math.Pow),
        Of("Min", Math.Min),
        Of("Max", Math.Max),
        Of("Equal", static (x, y) => x == y ? 1 : 0, OnnxElement.Bool),
        Of("Greater", static (x, y) => x > y ? 1 : 0, OnnxElement.Bool),
        Of("Less", static (x, y) => x < y ? 1 : 0, OnnxElement.Bool),
        Of("GreaterOrEqual", static (x, y) => x >= y ? 1 : 0, OnnxElement.Bool),
        Of("LessOrEqual", static (x, y) => x <= y ? 1 : 0, OnnxElement.Bool),
        Of("And", static (x, y) => x != 0 && y != 0 ? 1 : 0),
        Of("Or", static (x, y) => x != 0 || y != 0 ? 1 : 0),
        Of("Not", static x => x == 0 ? 1 : 0),
        Of("Neg", static x => -x),
        Of("Abs", Math.Abs),
        Of("Floor", Math.Floor),
        Of("Ceil", Math.Ceiling),
        Of("Round", static x => Math.Round(x)),
        Of("Sqrt", Math.Sqrt),
        Of("Exp", Math.Exp),
        Of("Log", Math.Log),
        Of("Reciprocal", static x => 1 / x),
        new("Cast", static (node, inputs) => Cast(node, inputs, (OnnxElement)node.Integer("to", 0))),
        new("CastLike", static (node, inputs) => Cast(node, inputs, inputs[1].Element)),
        new("Where", Where),
        new("ReduceSum", (node, inputs) => Reduce(node, inputs, static (x, y) => x + y)),
        new("ReduceProd", (node, inputs) => Reduce(node, inputs, static (x, y) => x * y)),
        new("ReduceMax", (node, inputs) => Reduce(node, inputs, Math.Max)),
        new("ReduceMin", (node, inputs) => Reduce(node, inputs, Math.Min)),
    ];

    private static KeyValuePair<string, Fold> Of(string name, Func<double, double, double> function, OnnxElement? element = null) =>
        new(name, (node, inputs) => Pairs(node, inputs, function, element));

    private static KeyValuePair<string, Fold> Of(string name, Func<double, double> function) =>
        new(name, (node, inputs) =>
        {
            MovementFolding.Count(node, inputs[0].Shape);
            return new NumberArray(inputs[0].Element, inputs[0].Shape, Array.ConvertAll(inputs[0].Values, value => function(value)));
        });

    private static bool IsReal(NumberArray numbers) => numbers.Element.IsReal();

    private static NumberArray Pairs(NodeImport node, FoldInputs inputs, Func<double, double, double> function, OnnxElement? element = null)
    {
        var result = inputs[0];
        for (var input = 1; input < inputs.Count; input++)
        {
            var other = inputs[input];
            var shape = MovementFolding.Broadcast(node, result.Shape, other.Shape);
            MovementFolding.Count(node, shape);
            double[] left = MovementFolding.Expand(node, result, shape), right = MovementFolding.Expand(node, other, shape);
            var numbers = new double[left.Length];
            for (var index = 0; index < numbers.Length; index++) numbers[index] = function(left[index], right[index]);
            result = new NumberArray(element ?? result.Element, shape, numbers);
        }

        return result;
    }

    private static NumberArray Cast(NodeImport node, FoldInputs inputs, OnnxElement element)
    {
        if (element.Bytes() == 0) throw node.Wrong($"it makes {element} of numbers");
        var input = inputs[0];
        if (element == input.Element || (element == OnnxElement.Double && input.Element.IsReal())) return new NumberArray(element, input.Shape, input.Values);
        return new NumberArray(element, input.Shape, Array.ConvertAll(input.Values, value => element switch
        {
            OnnxElement.Bool => value != 0 ? 1 : 0,
            OnnxElement.Float => (float)value,
            OnnxElement.Float16 => (double)(Half)value,
            OnnxElement.Double or OnnxElement.BFloat16 => value,
            _ => Math.Truncate(value),
        }));
    }

    private static NumberArray Where(NodeImport node, FoldInputs inputs)
    {
        var (condition, yes, no) = (inputs[0], inputs[1], inputs[2]);
        var shape = MovementFolding.Broadcast(node, MovementFolding.Broadcast(node, condition.Shape, yes.Shape), no.Shape);
        MovementFolding.Count(node, shape);
        double[] choices = MovementFolding.Expand(node, condition, shape), left = MovementFolding.Expand(node, yes, shape), right = MovementFolding.Expand(node, no, shape);
        return new NumberArray(yes.Element, shape, [.. choices.Select((choice, index) => choice != 0 ? left[index] : right[index])]);
    }

    private static NumberArray Reduce(NodeImport node, FoldInputs inputs, Func<double, double, double> function)
    {
        var input = inputs[0];
        var rank = input.Shape.Count;
        var said = node.Attribute("axes") is not null ? node.Integers("axes") : inputs.Optional(1) is { } given ? MovementFolding.ToSizes(node, given) : Sizes.Empty;
        if (said.Count == 0 && node.Integer("noop_with_empty_axes", 0) != 0) return input;
        var axes = new bool[rank];
        if (said.Count == 0) Array.Fill(axes, true);
        foreach (var axis in said) axes[MovementFolding.Axis(node, axis, rank)] = true;
        Sizes kept = Sizes.Create([.. input.Shape.Select((size, axis) => axes[axis] ? 1 : size)]);
        var strides = kept.RowMajorStrides();
        node.Spend(input.Count);
        var numbers = new double[MovementFolding.Count(node, kept)];
        var isFilled = new bool[numbers.Length];
        var place = new int[rank];
        foreach (var value in input.Values)
        {
            long target = 0;
            for (var axis = 0; axis < rank; axis++) target += axes[axis] ? 0 : place[axis] * strides[axis];
            numbers[target] = isFilled[target] ? function(numbers[target], value) : value;
            isFilled[target] = true;
            MovementFolding.Step(place, input.Shape);
        }

        var shape = node.Integer("keepdims", 1) != 0 ? kept : Sizes.Create([.. input.Shape.Where((_, axis) => !axes[axis])]);
        return new NumberArray(input.Element, shape, numbers);
    }
}
