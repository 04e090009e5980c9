using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Functions of two or more tensors, element by element, with broadcasting.</summary>
internal static class ArithmeticOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        Of("Add", static () => new Add()),
        Of("Sum", static () => new Add()),
        Of("Mean", static () => new Add()),
        Of("Sub", static () => new Subtract()),
        Of("Mul", static () => new Multiply()),
        Of("Div", static () => new Divide()),
        Of("Pow", static () => new Power()),
        Of("Min", static () => new Minimum()),
        Of("Max", static () => new Maximum()),
    ];

    /// <summary>A function of operands that are laid to each other from their last axes.</summary>
    public static Flow Apply(NodeImport node, Layer layer, params Flow[] operands)
    {
        // Where the network has an axis before the model's, operands of fewer axes are laid to the others from the end by sizes of 1 behind it.
        var rank = operands.Max(operand => operand.HasBatch ? operand.Rank : operand.Rank + node.AxisOffset);
        for (var index = 0; node.AxisOffset > 0 && index < operands.Length; index++)
        {
            var operand = operands[index];
            if (!operand.HasBatch || operand.Rank == rank) continue;
            operands[index] = ShapeOperators.To(node, operand, Longer(operand.AtTwo), Longer(operand.AtThree));
        }

        return node.Add(layer, operands);

        Sizes Longer(Sizes shape) => [.. shape.AsSpan()[..node.AxisOffset], .. Enumerable.Repeat(1, rank - shape.Count), .. shape.From(node.AxisOffset).AsSpan()];
    }

    private static KeyValuePair<string, OperatorImport> Of(string name, Func<Layer> layer) => new(name, node =>
    {
        if (node.InputCount == 0) throw node.Wrong("it has no input");
        if (node.InputCount == 1)
        {
            node.Give(node.Flow());
            return;
        }

        if (node.Operator == "Add" && TryBias(node)) return;
        var operands = Enumerable.Range(0, node.InputCount).Select(node.Flow).ToArray();
        // Before version 7 the second operand was laid to the first from an axis that was said.
        if (node.Opset < 7 && node.Integer("broadcast", 0) != 0 && node.Attribute("axis") is not null && operands.Length > 1 && !operands[1].HasBatch)
        {
            var behind = operands[0].Rank - node.Axis(node.Integer("axis", 0), operands[0].Rank) - operands[1].Rank;
            if (behind > 0) operands[1] = node.Add(new View([.. operands[1].AtTwo.AsSpan(), .. Enumerable.Repeat(1, behind)]), operands[1]);
        }

        var result = Apply(node, layer(), operands);
        node.Give(node.Operator == "Mean" ? node.Add(new Multiply(), [result, node.Scalar(1.0 / operands.Length)]) : result);
    });

    /// <summary>A constant that is added to what a layer without a bias gives, one number for each of its outputs, becomes its bias.</summary>
    private static bool TryBias(NodeImport node)
    {
        for (var side = 0; side < 2; side++)
        {
            if (node.Input(side) is not Flow flow || node.Input(1 - side) is not Known { DependsOnBatch: false } known || !node.IsOnlyUser(side)) continue;
            if (node.Layers.Find(flow.Layer) is not Dense { Bias: false } dense || known.AtTwo.Count != dense.Outputs || known.AtTwo.Shape.Count == 0 || known.AtTwo.Shape[^1] != dense.Outputs) continue;
            node.Layers.Replace(dense with { Bias = true });
            node.Fill(flow, "bias", known.AtTwo);
            node.Give(flow);
            return true;
        }

        return false;
    }
}
