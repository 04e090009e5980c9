using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>
/// What takes elements from places, or lays them to places, that constants name: GatherElements, and ScatterElements with its older form Scatter.
/// All are copies of single elements (<see cref="Taking"/>), and sums, products, maxima or minima of those that share a place.
/// </summary>
internal static class PlaceOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        new("GatherElements", GatherElements),
        new("ScatterElements", ScatterElements),
        new("Scatter", ScatterElements),
    ];

    private static void GatherElements(NodeImport node)
    {
        var data = OperandOf(node, 0);
        var (indices, axis) = Indices(node, data, data.Flow);
        Give(node, Taking.Taken(node, data, Places(node, indices, data.Shape, axis), indices.Shape, 0));
    }

    private static void ScatterElements(NodeImport node)
    {
        if (node.Input(1) is Winners winners)
        {
            node.Give(Unpooled(node, winners));
            return;
        }

        // What is constant is so for each example of what is not.
        var like = node.Input(0) as Flow ?? node.Input(2) as Flow;
        Operand data = OperandOf(node, 0, like), updates = OperandOf(node, 2, like);
        var (indices, axis) = Indices(node, data, like);
        if (updates.Shape != indices.Shape) throw node.Wrong($"updates of {updates.Shape} for indices of {indices.Shape}; there must be one for each");
        var targets = Places(node, indices, data.Shape, axis);
        var count = Taking.Elements(node, data.Shape);
        node.Spend(count);
        var reduction = node.Text("reduction", "none");
        if (reduction == "none")
        {
            // What is laid to one place twice is the last, as in NumPy.
            int[] kept = [.. Enumerable.Range(0, count)], laid = new int[count];
            Array.Fill(laid, Taking.Nowhere);
            for (var index = 0; index < targets.Length; index++) (kept[targets[index]], laid[targets[index]]) = (Taking.Nowhere, index);
            Give(node, Sum(node, Taking.Taken(node, data, kept, data.Shape, 0), Taking.Taken(node, updates, laid, data.Shape, 0)));
            return;
        }

        var (neutral, function, join) = reduction switch
        {
            "add" => (0.0, ReduceFunction.Sum, (Layer)new Add()),
            "mul" => (1, ReduceFunction.Product, new Multiply()),
            "max" => (-float.MaxValue, ReduceFunction.Maximum, new Maximum()),
            "min" => (float.MaxValue, ReduceFunction.Minimum, new Minimum()),
            _ => throw node.Wrong($"reduction is '{reduction}'; none, add, mul, max and min are read"),
        };
        var laidOver = updates.Flow is { HasBatch: true } flow ? Taking.Folded(node, flow, Taking.Rounds(node, targets, count), data.Shape, 0, neutral, function) : node.Numbers(Folded(node, updates, targets, data.Shape, neutral, function));
        node.Give(reduction == "add" && data.IsZero ? laidOver : ArithmeticOperators.Apply(node, join, AsFlow(node, data), laidOver));
    }

    /// <summary>What our own export makes of a max unpooling whose windows overlap: all positions and values as rows, added into zeros.</summary>
    private static Flow Unpooled(NodeImport node, Winners winners)
    {
        var updates = node.Flow(2);
        var isZeros = winners.IsRow && node.Input(0) is Known { AtTwo: var zeros } && zeros.Shape.Count == 1 && zeros.Count == winners.Pooled.AtTwo.Product && zeros.IsZero;
        if (!isZeros || updates.Rank != 1 || node.Integer("axis", 0) is not (0 or -1) || node.Text("reduction", "none") != "add") throw node.Wrong("positions of a max pooling's winners are read where one row of values is added into one row of zeros as long as what was pooled");
        var values = ShapeOperators.To(node, updates, winners.Pool.AtTwo, winners.Pool.AtThree);
        var layer = node.Add(new MaxUnpool(winners.Pool.Layer), [values], (winners.Pool, winners.Pooled));
        return ShapeOperators.To(node, layer, [(int)layer.AtTwo.Product], [(int)layer.AtThree.Product]);
    }

    /// <summary>What is gathered from or scattered into: numbers, those of one example of <paramref name="like"/>, or a value whose examples stand apart.</summary>
    private static Operand OperandOf(NodeImport node, int index, Flow? like = null)
    {
        if (node.Input(index) is Known) return new Operand(null, Taking.OneExample(node, index, like));
        var flow = node.Flow(index);
        if (flow.HasBatch && (flow.AtTwo[0] != node.Batch || flow.AtThree[0] != node.Batch + 1 || flow.AtTwo.From(1) != flow.AtThree.From(1))) throw node.Wrong($"input {index}, {flow}, has its batch on another axis than the first; places are read for each example by itself");
        return new Operand(flow, null);
    }

    /// <summary>The indices for one example, and the axis of an example that they go along.</summary>
    private static (NumberArray Indices, int Axis) Indices(NodeImport node, Operand data, Flow? like)
    {
        if (node.Input(1) is not Known) throw node.Wrong("its indices are computed by the network; only constants, and the positions of a max pooling that are added into zeros, are read");
        var indices = Taking.OneExample(node, 1, like);
        node.Spend(indices.Count);
        var batch = node.AxisOffset == 0 && like is { HasBatch: true } ? 1 : 0;
        var rank = data.Shape.Count + batch;
        var given = node.Integer("axis", 0);
        if (given < -rank || given >= rank) throw node.Wrong($"axis {given} of an input of {rank} axes");
        var axis = (int)(given < 0 ? given + rank : given) - batch;
        return axis >= 0 ? (indices, axis) : throw node.Wrong("its indices go along the batch, whose examples stay apart");
    }

    /// <summary>The element of the data that each index stands for.</summary>
    private static int[] Places(NodeImport node, NumberArray indices, Sizes data, int axis)
    {
        if (indices.Shape.Count != data.Count || indices.Shape.Where((size, other) => other != axis && size > data[other]).Any()) throw node.Wrong($"indices of {indices.Shape} for {data} along axis {axis}; on the others they may not be longer");
        Taking.Elements(node, data);
        var strides = data.RowMajorStrides();
        var place = new int[data.Count];
        var places = new int[indices.Count];
        for (var index = 0; index < places.Length; index++)
        {
            var number = indices.Values[index];
            if (!(number >= -data[axis] && number < data[axis])) throw node.Wrong(FormattableString.Invariant($"index {number} of an axis of {data[axis]}"));
            for (var other = 0; other < place.Length; other++) places[index] += (int)(strides[other] * (other != axis ? place[other] : number < 0 ? (int)number + data[axis] : (int)number));
            Folding.MovementFolding.Step(place, indices.Shape);
        }

        return places;
    }

    /// <summary>The same of constants.</summary>
    private static NumberArray Folded(NodeImport node, Operand updates, int[] targets, Sizes shape, double neutral, ReduceFunction function)
    {
        var numbers = updates.Numbers ?? throw node.Wrong("its updates are made of constants alone by layers, which is not read");
        var folded = new double[Taking.Elements(node, shape)];
        Array.Fill(folded, neutral);
        for (var index = 0; index < targets.Length; index++)
        {
            var (one, other) = (folded[targets[index]], numbers.Values[index]);
            folded[targets[index]] = function switch
            {
                ReduceFunction.Sum => one + other,
                ReduceFunction.Product => one * other,
                ReduceFunction.Maximum => Math.Max(one, other),
                _ => Math.Min(one, other),
            };
        }

        return new NumberArray(numbers.Element, shape, folded);
    }

    private static Flow AsFlow(NodeImport node, Operand operand) => operand.Flow ?? node.Numbers(operand.Numbers!);

    private static Operand Sum(NodeImport node, Operand one, Operand other)
    {
        if (one.IsZero) return other;
        if (other.IsZero) return one;
        if (one.Numbers is { } left && other.Numbers is { } right) return new Operand(null, new NumberArray(left.Element, left.Shape, [.. left.Values.Zip(right.Values, static (x, y) => x + y)]));
        return new Operand(ArithmeticOperators.Apply(node, new Add(), AsFlow(node, one), AsFlow(node, other)), null);
    }

    private static void Give(NodeImport node, Operand operand) => node.Give(operand.Flow is { } flow ? flow : new Known(operand.Numbers!));
}
