using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Comparisons and choices: true is 1 and false 0, and the sign of a difference says which number is larger.</summary>
internal static class LogicOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        new("Equal", static node => Give(node, Not(node, node.Add(new Elementwise(ElementFunction.Absolute), Sign(node, 0, 1))))),
        new("Greater", static node => Give(node, node.Add(new Relu(), Sign(node, 0, 1)))),
        new("Less", static node => Give(node, node.Add(new Relu(), Sign(node, 1, 0)))),
        new("GreaterOrEqual", static node => Give(node, Not(node, node.Add(new Relu(), Sign(node, 1, 0))))),
        new("LessOrEqual", static node => Give(node, Not(node, node.Add(new Relu(), Sign(node, 0, 1))))),
        new("Not", static node => Give(node, Not(node, node.Flow()))),
        new("And", static node => Give(node, ArithmeticOperators.Apply(node, new Multiply(), node.Flow(0), node.Flow(1)))),
        new("Or", static node => Give(node, ArithmeticOperators.Apply(node, new Maximum(), node.Flow(0), node.Flow(1)))),
        new("Where", Where),
    ];

    private static void Give(NodeImport node, Flow flow) => node.Give(flow with { Element = OnnxElement.Bool });

    private static Flow Sign(NodeImport node, int left, int right) =>
        node.Add(new Elementwise(ElementFunction.Sign), ArithmeticOperators.Apply(node, new Subtract(), node.Flow(left), node.Flow(right)));

    private static Flow Not(NodeImport node, Flow flow) => node.Add(new Subtract(), [node.Scalar(1), flow]);

    /// <summary>c · x + (1 − c) · y: for finite numbers.</summary>
    private static void Where(NodeImport node)
    {
        var (condition, chosen, other) = (node.Flow(0), node.Flow(1), node.Flow(2));
        node.Give(ArithmeticOperators.Apply(
            node,
            new Add(),
            ArithmeticOperators.Apply(node, new Multiply(), condition, chosen),
            ArithmeticOperators.Apply(node, new Multiply(), Not(node, condition), other)) with
        { Element = chosen.Element });
    }
}
