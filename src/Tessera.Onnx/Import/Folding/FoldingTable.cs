using Tessera.Onnx.Format;

namespace Tessera.Onnx.Import.Folding;

/// <summary>Computes a node's output of constants; where one of those depends on the batch, it is called for a batch of two and of three.</summary>
/// <param name="node">For attributes and errors.</param>
/// <param name="inputs">The constants.</param>
internal delegate NumberArray Fold(NodeImport node, FoldInputs inputs);

/// <summary>The operators that are computed while importing, where none of their inputs depends on the numbers of the network's input.</summary>
internal static class FoldingTable
{
    public static IReadOnlyDictionary<string, Fold> Operators { get; } = new Dictionary<string, Fold>(
        [
            new("Constant", ConstantFolding.Constant),
            new("Shape", static (node, _) => throw node.Wrong("its input has no shape")),
            new("Size", static (node, _) => throw node.Wrong("its input has no shape")),
            .. ConstantFolding.All,
            .. ElementFolding.All,
            .. MovementFolding.All,
        ],
        StringComparer.Ordinal);

    /// <summary>Computes the node if it can be; false where it must become a layer.</summary>
    public static bool TryFold(NodeImport node)
    {
        if (node.Operator is "Shape" or "Size")
        {
            node.Give(ShapeOf(node));
            return true;
        }

        if (!Operators.TryGetValue(node.Operator, out var fold)) return node.Operator == "Split" && MovementFolding.TrySplit(node);
        var inputs = node.Inputs.ToArray();
        if (inputs.Any(static input => input is not null and not Known)) return false;
        if (!MovementFolding.Moves(node.Operator) && inputs.Any(static input => input is Known { DependsOnBatch: true })) node.NoteArithmeticOfBatch();
        var atTwo = Folded(static known => known.AtTwo);
        node.Give(inputs.Any(static input => input is Known { DependsOnBatch: true }) ? new Known(atTwo, Folded(static known => known.AtThree)) : new Known(atTwo));
        return true;

        NumberArray Folded(Func<Known, NumberArray> choose)
        {
            var result = fold(node, new FoldInputs(node, [.. inputs.Select(input => input is Known known ? choose(known) : null)]));
            if (result.IsHeld) node.Spend(result.Count);
            return result;
        }
    }

    private static Known ShapeOf(NodeImport node)
    {
        var (atTwo, atThree) = node.Input(0) switch
        {
            Flow flow => (flow.AtTwo.From(node.AxisOffset), flow.AtThree.From(node.AxisOffset)),
            Known known => (known.AtTwo.Shape, known.AtThree.Shape),
            _ => throw node.Wrong("its input has no shape"),
        };
        return new Known(Numbers(atTwo), Numbers(atThree));

        NumberArray Numbers(Sizes shape)
        {
            if (node.Operator == "Size") return new NumberArray(OnnxElement.Int64, [], [shape.Product]);
            int start = Bound("start", 0), end = Bound("end", shape.Count);
            return NumberArray.Integers(end > start ? shape.AsSpan()[start..end] : []);

            int Bound(string attribute, int otherwise)
            {
                var bound = node.Size(attribute, otherwise);
                return Math.Clamp(bound < 0 ? bound + shape.Count : bound, 0, shape.Count);
            }
        }
    }
}
