using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Sums and the like over axes, and the place of the largest.</summary>
internal static class ReductionOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        Of("ReduceSum", ReduceFunction.Sum),
        Of("ReduceMean", ReduceFunction.Mean),
        Of("ReduceMax", ReduceFunction.Maximum),
        Of("ReduceMin", ReduceFunction.Minimum),
        Of("ReduceL2", ReduceFunction.L2),
        Of("ReduceProd", ReduceFunction.Product),
        Of("ReduceL1", ReduceFunction.Sum, ElementFunction.Absolute),
        Of("ReduceLogSum", ReduceFunction.Sum, after: ElementFunction.Logarithm),
        Of("ReduceLogSumExp", ReduceFunction.Sum, ElementFunction.Exponential, ElementFunction.Logarithm),
        new("ReduceSumSquare", static node => node.Give(Reduce(node, ReduceFunction.Sum, node.Add(new Multiply(), [node.Flow(), node.Flow()])))),
        new("ArgMax", static node => Place(node, node.Flow())),
        new("ArgMin", static node => Place(node, node.Add(new Elementwise(ElementFunction.Negate), node.Flow()))),
    ];

    private static KeyValuePair<string, OperatorImport> Of(string name, ReduceFunction function, ElementFunction? before = null, ElementFunction? after = null) => new(name, node =>
    {
        var input = node.Flow();
        if (before is { } first) input = node.Add(new Elementwise(first), input);
        var reduced = Reduce(node, function, input);
        node.Give(after is { } last ? node.Add(new Elementwise(last), reduced) : reduced);
    });

    private static Flow Reduce(NodeImport node, ReduceFunction function, Flow input)
    {
        var said = node.IntegersFrom("axes", 1) ?? Sizes.Empty;
        if (said.Count == 0 && node.Integer("noop_with_empty_axes", 0) != 0) return input;
        var axes = said.Count > 0 ? said.Select(axis => node.Axis(axis, input.Rank)).ToArray() : [.. Enumerable.Range(node.AxisOffset, input.Rank - node.AxisOffset)];
        return node.Add(new Reduce(function, Sizes.Create(axes)) { KeepSizes = node.Integer("keepdims", 1) != 0 }, input);
    }

    private static void Place(NodeImport node, Flow input) => node.Give(node.Add(
        new ArgMax(node.Axis(node.Integer("axis", 0), input.Rank)) { KeepSize = node.Integer("keepdims", 1) != 0, LastIndex = node.Integer("select_last_index", 0) != 0 },
        input) with
    { Element = OnnxElement.Int64 });
}
