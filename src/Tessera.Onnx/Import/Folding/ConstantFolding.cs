using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import.Folding;

/// <summary>What makes constants of nothing or of a shape.</summary>
internal static class ConstantFolding
{
    public static IEnumerable<KeyValuePair<string, Fold>> All { get; } =
    [
        new("ConstantOfShape", OfShape),
        new("Range", Range),
        new("Identity", static (_, inputs) => inputs[0]),
    ];

    public static NumberArray Constant(NodeImport node, FoldInputs inputs)
    {
        if (node.Attribute("value") is { Tensor: { } tensor }) return new NumberArray(tensor);
        if (node.Attribute("value_float") is { Kind: OnnxAttributeKind.Float } real) return new NumberArray(OnnxElement.Float, [], [real.Float]);
        if (node.Attribute("value_int") is { Kind: OnnxAttributeKind.Integer } whole) return new NumberArray(OnnxElement.Int64, [], [whole.Integer]);
        if (node.Attribute("value_floats") is { Kind: OnnxAttributeKind.Floats } reals)
            return new NumberArray(OnnxElement.Float, [reals.Floats.Count], [.. reals.Floats.Select(static value => (double)value)]);
        if (node.Attribute("value_ints") is { Kind: OnnxAttributeKind.Integers } wholes)
            return new NumberArray(OnnxElement.Int64, [wholes.Integers.Count], [.. wholes.Integers.Select(static value => (double)value)]);
        throw node.Wrong("it holds neither a tensor nor numbers");
    }

    private static NumberArray OfShape(NodeImport node, FoldInputs inputs)
    {
        var value = node.Attribute("value")?.Tensor;
        var shape = MovementFolding.ToSizes(node, inputs[0]);
        var count = MovementFolding.CountOf(node, shape);
        return new NumberArray(value?.Element ?? OnnxElement.Float, shape, value is { Count: > 0 } ? value.First : 0, () => node.Spend(count));
    }

    private static NumberArray Range(NodeImport node, FoldInputs inputs)
    {
        double start = inputs.Number(0), limit = inputs.Number(1), step = inputs.Number(2);
        var count = Math.Max(0, Math.Ceiling((limit - start) / step));
        if (!(count <= int.MaxValue)) throw node.Wrong(FormattableString.Invariant($"a range from {start} to {limit} in steps of {step}"));
        var numbers = new double[MovementFolding.Count(node, [(int)count])];
        for (var index = 0; index < numbers.Length; index++) numbers[index] = start + (index * step);
        return new NumberArray(inputs[0].Element, [numbers.Length], numbers);
    }
}
