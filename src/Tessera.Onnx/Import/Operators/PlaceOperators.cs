using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>
/// What takes elements from places, or lays them to places, that constants name: GatherElements, ScatterElements (and its older form, Scatter), MaxUnpool and Col2Im.
/// All are copies of single elements and of one number around them (Gather behind a border), and sums, products, maxima or minima of those that share a place.
/// </summary>
internal static class PlaceOperators
{
    /// <summary>A place that nothing is taken from.</summary>
    private const int Nowhere = -1;

    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        new("GatherElements", GatherElements),
        new("ScatterElements", ScatterElements),
        new("Scatter", ScatterElements),
        new("Col2Im", Overlay),
    ];

    /// <summary>A max unpooling by positions that are constants, counted over all of what was pooled, as it is without a size that is said.</summary>
    public static void Unpool(NodeImport node)
    {
        node.CheckBatch();
        var input = node.Flow();
        if (input.Rank < 3) throw node.Wrong($"its input {input} has no spatial axes");
        Sizes window = node.Integers("kernel_shape"), stride = node.Integers("strides"), pads = node.Integers("pads");
        var rank = input.Rank - 2;
        if (window.Count != rank || (stride.Count > 0 && stride.Count != rank) || (pads.Count > 0 && pads.Count != 2 * rank)) throw node.Wrong($"kernel_shape {window}, strides {stride} and pads {pads} for an input of {input}; {rank} axes need {rank}, {rank} and {2 * rank}");
        Sizes pooled = Sizes.Create([.. Enumerable.Range(0, rank).Select(axis => checked(((input.AtTwo[axis + 2] - 1) * (stride.Count > 0 ? stride[axis] : 1)) + window[axis] - (pads.Count > 0 ? pads[axis] + pads[rank + axis] : 0)))]);
        Sizes shape = [input.AtTwo[1], .. pooled.AsSpan()];
        node.Spend(Elements(node, shape));
        var positions = OneExample(node, 1, input, shape.Product);
        if (positions.Shape != input.AtTwo.From(1)) throw node.Wrong($"positions of {positions.Shape} for examples of {input.AtTwo.From(1)}; there must be one for each element");
        var places = new int[shape.Product];
        Array.Fill(places, Nowhere);
        for (var index = 0; index < positions.Count; index++)
        {
            var place = positions.Values[index];
            if (!(place >= 0 && place < places.Length)) throw node.Wrong(FormattableString.Invariant($"position {place} in an example of {shape}; 0 to {places.Length - 1} are there"));
            places[(int)place] = index;
        }

        var given = Taken(node, new Operand(input, null), places, shape, 0).Flow!;
        if (node.Input(2) is Known size)
        {
            // Positions count in the size that windows and strides imply; what is said beyond it is zeros behind.
            int[] high = [.. MaxUnpoolSize(node, size, input).Select((wanted, axis) => wanted - shape[axis])];
            if (high.Any(static amount => amount < 0)) throw node.Wrong($"output_shape [{string.Join(", ", size.AtTwo.Values)}] is smaller than the {shape} that its windows come from");
            if (high.Any(static amount => amount > 0)) given = node.Add(new PadAxes(Sizes.Repeat(0, input.Rank), [0, .. high]), given);
        }

        node.Give(given);
    }

    private static Sizes MaxUnpoolSize(NodeImport node, Known size, Flow input)
    {
        var said = Folding.MovementFolding.ToSizes(node, size.AtTwo);
        return said.Count == input.Rank ? said.From(1) : throw node.Wrong($"output_shape has {said.Count} sizes for an input of {input}");
    }

    private static void GatherElements(NodeImport node)
    {
        var data = OperandOf(node, 0);
        var (indices, axis) = Indices(node, data, data.Flow);
        Give(node, Taken(node, data, Places(node, indices, data.Shape, axis), indices.Shape, 0));
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
        var count = Elements(node, data.Shape);
        node.Spend(count);
        var reduction = node.Text("reduction", "none");
        if (reduction == "none")
        {
            // What is laid to one place twice is the last, as in NumPy.
            int[] kept = [.. Enumerable.Range(0, count)], laid = new int[count];
            Array.Fill(laid, Nowhere);
            for (var index = 0; index < targets.Length; index++) (kept[targets[index]], laid[targets[index]]) = (Nowhere, index);
            Give(node, Sum(node, Taken(node, data, kept, data.Shape, 0), Taken(node, updates, laid, data.Shape, 0)));
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
        var laidOver = Folded(node, AsFlow(node, updates), Rounds(node, targets, count), data.Shape, 0, neutral, function);
        node.Give(data.Numbers is { } numbers && neutral == 0 && numbers.Values.All(static value => value == 0) ? laidOver : ArithmeticOperators.Apply(node, join, AsFlow(node, data), laidOver));
    }

    /// <summary>Patches [N, C·∏k, ∏o] added up where they meet, [N, C, i…].</summary>
    private static void Overlay(NodeImport node)
    {
        node.CheckBatch();
        var input = node.Flow();
        Sizes image = node.ConstantIntegers(1) ?? throw node.Wrong("its image_shape is missing"), window = node.ConstantIntegers(2) ?? throw node.Wrong("its block_shape is missing");
        var rank = image.Count;
        Sizes stride = Or(node.Integers("strides"), 1, rank), dilation = Or(node.Integers("dilations"), 1, rank), pads = Or(node.Integers("pads"), 0, 2 * rank);
        if (rank == 0 || window.Count != rank || stride.Count != rank || dilation.Count != rank || pads.Count != 2 * rank || input.Rank != 3) throw node.Wrong($"an image of {image}, blocks of {window}, strides {stride}, dilations {dilation} and pads {pads} for an input of {input}; each axis needs one number, and pads two");
        if (image.Concat(window).Concat(stride).Concat(dilation).Any(static size => size < 1)) throw node.Wrong($"an image of {image}, blocks of {window}, strides {stride} and dilations {dilation}; each must be at least 1");
        int plane = Elements(node, image), taps = Elements(node, window);
        var positions = new int[rank];
        for (var axis = 0; axis < rank; axis++)
        {
            var room = (long)image[axis] + pads[axis] + pads[rank + axis] - ((long)dilation[axis] * (window[axis] - 1)) - 1;
            positions[axis] = room < 0 ? throw node.Wrong($"axis {axis}: a block of {window[axis]} in an image of {image[axis]} with the pads {pads}") : checked((int)(room / stride[axis]) + 1);
        }

        var laid = Sizes.Create(positions).Product;
        if (!input.IsFixed(1) || !input.IsFixed(2) || input.AtTwo[1] % taps != 0 || input.AtTwo[2] != laid) throw node.Wrong($"its input {input} is not [N, channels × {taps}, {laid}]");
        node.Spend(plane + checked(taps * laid));
        var targets = new int[taps * laid];
        for (var patch = 0; patch < targets.Length; patch++)
        {
            var (q, o) = Math.DivRem(patch, (int)laid);
            int place = 0, step = 1;
            for (var axis = rank - 1; axis >= 0; axis--)
            {
                (q, var tap) = Math.DivRem(q, window[axis]);
                (o, var at) = Math.DivRem(o, positions[axis]);
                var i = ((long)at * stride[axis]) + ((long)tap * dilation[axis]) - pads[axis];
                place = place < 0 || i < 0 || i >= image[axis] ? Nowhere : place + (int)(i * step);
                step *= image[axis];
            }

            targets[patch] = place;
        }

        var channels = input.AtTwo[1] / taps;
        var rows = ShapeOperators.To(node, input, [input.AtTwo[0], channels, targets.Length], [input.AtThree[0], channels, targets.Length]);
        node.Give(Folded(node, rows, Rounds(node, targets, plane), image, 2, 0, ReduceFunction.Sum));
    }

    /// <summary>What our own export makes of a max unpooling whose windows overlap: all positions and values as rows, added into zeros.</summary>
    private static Flow Unpooled(NodeImport node, Winners winners)
    {
        var updates = node.Flow(2);
        var isZeros = node.Input(0) is Known { AtTwo: var zeros } && zeros.Shape.Count == 1 && zeros.Count == winners.Pooled.AtTwo.Product && zeros.Values.All(static value => value == 0);
        if (!isZeros || updates.Rank != 1 || node.Integer("axis", 0) is not (0 or -1) || node.Text("reduction", "none") != "add") throw node.Wrong("positions of a max pooling's winners are read where one row of values is added into one row of zeros as long as what was pooled");
        var values = ShapeOperators.To(node, updates, winners.Pool.AtTwo, winners.Pool.AtThree);
        var layer = node.Add(new MaxUnpool(winners.Pool.Layer), [values], (winners.Pool, winners.Pooled));
        return ShapeOperators.To(node, layer, [(int)layer.AtTwo.Product], [(int)layer.AtThree.Product]);
    }

    private static Sizes Or(Sizes given, int otherwise, int count) => given.Count > 0 ? given : Sizes.Repeat(otherwise, count);

    private static int Elements(NodeImport node, Sizes shape)
    {
        var count = shape.Aggregate(1.0, static (product, size) => product * Math.Max(0, size));
        return count <= int.MaxValue ? (int)count : throw node.Wrong($"the shape {shape} has more elements than a network can hold");
    }

    /// <summary>What is gathered from or scattered into: numbers, those of one example of <paramref name="like"/>, or a value whose examples stand apart.</summary>
    private static Operand OperandOf(NodeImport node, int index, Flow? like = null)
    {
        if (node.Input(index) is Known) return new Operand(null, OneExample(node, index, like));
        var flow = node.Flow(index);
        if (flow.HasBatch && (flow.AtTwo[0] != 2 || flow.AtThree[0] != 3 || flow.AtTwo.From(1) != flow.AtThree.From(1))) throw node.Wrong($"input {index}, {flow}, has its batch on another axis than the first; places are read for each example by itself");
        return new Operand(flow, null);
    }

    /// <summary>The indices for one example, and the axis of an example that they go along.</summary>
    private static (NumberArray Indices, int Axis) Indices(NodeImport node, Operand data, Flow? like)
    {
        if (node.Input(1) is not Known) throw node.Wrong("its indices are computed by the network; only constants, and the positions of a max pooling that are added into zeros, are read");
        var indices = OneExample(node, 1, like);
        node.Spend(indices.Count);
        var batch = node.AxisOffset == 0 && like is { HasBatch: true } ? 1 : 0;
        var rank = data.Shape.Count + batch;
        var given = node.Integer("axis", 0);
        if (given < -rank || given >= rank) throw node.Wrong($"axis {given} of an input of {rank} axes");
        var axis = (int)(given < 0 ? given + rank : given) - batch;
        return axis >= 0 ? (indices, axis) : throw node.Wrong("its indices go along the batch, whose examples stay apart");
    }

    /// <summary>
    /// A constant for one example: what it says of each must be the same. Where the model was made for one batch, it has that many on its first axis.
    /// </summary>
    /// <param name="node">For errors.</param>
    /// <param name="index">The input.</param>
    /// <param name="like">The value with whose examples it goes; null for none, and without a batch it is for all alike.</param>
    /// <param name="stepOfExample">How much more its numbers are from example to example.</param>
    private static NumberArray OneExample(NodeImport node, int index, Flow? like, long stepOfExample = 0)
    {
        if (node.Input(index) is not Known known || like is not { HasBatch: true } || node.AxisOffset > 0) return node.RequiredConstant(index);
        var numbers = known.AtTwo;
        var examples = numbers.Shape.Count > 0 ? numbers.Shape[0] : 0;
        if (examples < 1 || (!known.DependsOnBatch && examples != 1 && examples != node.DeclaredBatch)) throw node.Wrong($"input {index} of {numbers.Shape} has {examples} examples, and the network any number; it must say the same of all");
        var each = numbers.Count / examples;
        for (var element = each; element < numbers.Count; element++)
        {
            if (numbers.Values[element] != numbers.Values[element % each] + (element / each * stepOfExample)) throw node.Wrong($"input {index} differs from example to example; it must say the same of all");
        }

        return new NumberArray(numbers.Element, numbers.Shape.From(1), numbers.Values[..each]);
    }

    /// <summary>The element of the data that each index stands for.</summary>
    private static int[] Places(NodeImport node, NumberArray indices, Sizes data, int axis)
    {
        if (indices.Shape.Count != data.Count || indices.Shape.Where((size, other) => other != axis && size > data[other]).Any()) throw node.Wrong($"indices of {indices.Shape} for {data} along axis {axis}; on the others they may not be longer");
        Elements(node, data);
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

    /// <summary>For each target, in as many lists as the most that meet at one, what is laid there, [rounds, targets].</summary>
    private static int[][] Rounds(NodeImport node, int[] targets, int count)
    {
        var met = new int[count];
        foreach (var target in targets) met[Math.Max(target, 0)] += target < 0 ? 0 : 1;
        var rounds = Math.Max(1, met.Length == 0 ? 0 : met.Max());
        node.Spend((long)rounds * count);
        var lists = new int[rounds][];
        for (var round = 0; round < rounds; round++) Array.Fill(lists[round] = new int[count], Nowhere);
        for (var index = targets.Length - 1; index >= 0; index--)
        {
            if (targets[index] >= 0) lists[--met[targets[index]]][targets[index]] = index;
        }

        return lists;
    }

    /// <summary>Elements of a row brought to places, round by round, and the rounds made one.</summary>
    private static Flow Folded(NodeImport node, Flow rows, int[][] rounds, Sizes shape, int axis, double filling, ReduceFunction function)
    {
        var row = axis > 0 ? rows : Row(node, rows);
        var along = row.Rank - 1;
        Sizes each = rounds.Length == 1 ? shape : [rounds.Length, .. shape.AsSpan()];
        var taken = Gathered(node, row, [.. rounds.SelectMany(static round => round)], each, filling);
        return rounds.Length == 1 ? taken : node.Add(new Reduce(function, [along]) { KeepSizes = false }, taken);
    }

    /// <summary>Elements at places, in a shape; <paramref name="filling"/> where there is none.</summary>
    private static Operand Taken(NodeImport node, Operand from, int[] places, Sizes shape, double filling)
    {
        if (from.Numbers is { } numbers) return new Operand(null, new NumberArray(numbers.Element, shape, Array.ConvertAll(places, place => place < 0 ? filling : numbers.Values[place])));
        var isWhole = shape == from.Shape && places.Index().All(static place => place.Item == place.Index);
        return isWhole ? from : new Operand(Gathered(node, Row(node, from.Flow!), places, shape, filling), null);
    }

    /// <summary>Along the last axis of a row.</summary>
    private static Flow Gathered(NodeImport node, Flow row, int[] places, Sizes shape, double filling)
    {
        var (axis, length) = (row.Rank - 1, row.AtTwo[^1]);
        if (Array.Exists(places, static place => place < 0)) row = node.Add(new PadAxes(Sizes.Repeat(0, row.Rank), [.. Sizes.Repeat(0, axis), 1]) { Value = filling }, row);
        return node.Add(new Gather(axis, Sizes.Create(Array.ConvertAll(places, place => place < 0 ? length : place)), shape), row);
    }

    /// <summary>Each example's elements as one row.</summary>
    private static Flow Row(NodeImport node, Flow flow)
    {
        var batch = flow.HasBatch ? 1 : 0;
        return ShapeOperators.To(node, flow, Of(flow.AtTwo), Of(flow.AtThree));

        Sizes Of(Sizes shape) => [.. shape.AsSpan()[..batch], checked((int)shape.From(batch).Product)];
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

    private sealed record Operand(Flow? Flow, NumberArray? Numbers)
    {
        /// <summary>The shape of one example.</summary>
        public Sizes Shape { get; } = Flow is { } flow ? flow.AtTwo.From(flow.HasBatch ? 1 : 0) : Numbers!.Shape;

        public bool IsZero => Numbers is { } numbers && numbers.Values.All(static value => value == 0);
    }
}
