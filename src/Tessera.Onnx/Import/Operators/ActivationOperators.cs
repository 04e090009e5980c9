using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Functions of one tensor, element by element.</summary>
internal static class ActivationOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        Of("Relu", static _ => new Relu()),
        Of("LeakyRelu", static node => new LeakyRelu(node.Real("alpha", 0.01))),
        Of("ThresholdedRelu", static node => new ThresholdedRelu(node.Real("alpha", 1))),
        Of("Elu", static node => new Elu(node.Real("alpha", 1))),
        Of("Celu", static node => new Celu(node.Real("alpha", 1))),
        Of("Selu", static node => new Selu(node.Real("alpha", new Selu().Alpha), node.Real("gamma", new Selu().Gamma))),
        Of("Gelu", static node => new Gelu(Exact: node.Text("approximate", "none") != "tanh")),
        Of("Sigmoid", static _ => new Sigmoid()),
        Of("HardSigmoid", static node => new HardSigmoid(node.Real("alpha", 0.2), node.Real("beta", 0.5))),
        Of("HardSwish", static _ => new HardSwish()),
        Of("Tanh", static _ => new Tanh()),
        Of("Softplus", static _ => new Softplus()),
        Of("Softsign", static _ => new Softsign()),
        Of("Mish", static _ => new Mish()),
        Of("Clip", Clipped),
        Of("Abs", static _ => new Elementwise(ElementFunction.Absolute)),
        Of("Neg", static _ => new Elementwise(ElementFunction.Negate)),
        Of("Exp", static _ => new Elementwise(ElementFunction.Exponential)),
        Of("Log", static _ => new Elementwise(ElementFunction.Logarithm)),
        Of("Sqrt", static _ => new Elementwise(ElementFunction.SquareRoot)),
        Of("Reciprocal", static _ => new Elementwise(ElementFunction.Reciprocal)),
        Of("Floor", static _ => new Elementwise(ElementFunction.Floor)),
        Of("Ceil", static _ => new Elementwise(ElementFunction.Ceiling)),
        Of("Round", static _ => new Elementwise(ElementFunction.Round)),
        Of("Erf", static _ => new Elementwise(ElementFunction.Erf)),
        Of("Sin", static _ => new Elementwise(ElementFunction.Sine)),
        Of("Cos", static _ => new Elementwise(ElementFunction.Cosine)),
        Of("Sign", static _ => new Elementwise(ElementFunction.Sign)),
        new("PRelu", Parametric),
        new("Cast", static node => Cast(node, (OnnxElement)node.Integer("to", 0))),
        new("CastLike", static node => Cast(node, node.Input(1) switch { Known known => known.AtTwo.Element, Flow like => like.Element, _ => throw node.Wrong("input 1 is missing") })),
    ];

    private static KeyValuePair<string, OperatorImport> Of(string name, Func<NodeImport, Layer> layer) =>
        new(name, node => node.Give(node.Add(layer(node), node.Flow())));

    /// <summary>A bound is an attribute before version 11 and an input since; the largest float stands for none.</summary>
    private static double? Bound(NodeImport node, string attribute, int input)
    {
        var bound = node.Attribute(attribute) is not null ? (double?)node.Real(attribute, 0) : node.Has(input) ? node.Number(input) : null;
        return bound is null || Math.Abs(bound.Value) >= float.MaxValue ? null : bound;
    }

    /// <summary>Where the bounds cross, everything is the upper one.</summary>
    private static Clip Clipped(NodeImport node)
    {
        var (least, most) = (Bound(node, "min", 1), Bound(node, "max", 2));
        return new Clip(least > most ? most : least, most);
    }

    private static void Parametric(NodeImport node)
    {
        var input = node.Flow();
        var slope = node.RequiredConstant(1);
        var isShared = slope.Count == 1;
        // One for each channel is [C, 1, …]; in the oldest models [C].
        var isPerChannel = node.AxisOffset == 0 && input.Rank > 1 && slope.Count == input.AtTwo[1]
            && (slope.Shape.Count == 1 ? input.Rank == 2 || node.Opset < 7 || slope.Shape[0] != input.AtTwo[^1] : slope.Shape.Count >= input.Rank - 1 && slope.Shape[^(input.Rank - 1)] == slope.Count);
        if (isShared || isPerChannel)
        {
            var layer = node.Add(new PRelu { Shared = isShared }, input);
            node.Fill(layer, "slope", slope);
            node.Give(layer);
            return;
        }

        // x above 0 and slope · x below, for a slope of any shape: relu(x) − slope · relu(−x).
        var below = node.Add(new Relu(), node.Add(new Elementwise(ElementFunction.Negate), input));
        var scaled = ArithmeticOperators.Apply(node, new Multiply(), below, node.Flow(1));
        node.Give(node.Add(new Add(), [node.Add(new Relu(), input), node.Add(new Elementwise(ElementFunction.Negate), scaled)]));
    }

    /// <summary>Networks compute in one precision: what is cast to another keeps its value, also where that has fewer digits.</summary>
    private static void Cast(NodeImport node, OnnxElement element)
    {
        var flow = node.Flow();
        if (element.IsReal())
        {
            node.Give(flow with { Element = OnnxElement.Float });
            return;
        }

        if (element.Bytes() == 0) throw node.Wrong($"it makes {element} of what the network computes; networks compute in float");
        if (element == flow.Element || flow.Element == OnnxElement.Bool)
        {
            node.Give(flow with { Element = element });
            return;
        }

        // Whatever is not 0 is true.
        var cut = element != OnnxElement.Bool ? node.Add(new Elementwise(ElementFunction.Truncate), flow)
            : node.Add(new Elementwise(ElementFunction.Absolute), node.Add(new Elementwise(ElementFunction.Sign), flow));
        node.Give(cut with { Element = element });
    }
}
