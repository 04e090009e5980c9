using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Import.Folding;

namespace Tessera.Onnx.Import.Operators;

/// <summary>What moves elements and computes none.</summary>
internal static class ShapeOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        new("Identity", static node => node.Give(node.Input(0) is Winners winners ? winners : node.Flow())),
        new("Reshape", Reshape),
        new("Flatten", Flatten),
        new("Squeeze", Squeeze),
        new("Unsqueeze", Unsqueeze),
        new("Concat", Concatenate),
        new("Transpose", Transpose),
        new("Slice", Cut),
        new("Split", Split),
        new("Gather", Gather),
        new("Expand", Expand),
        new("Tile", Tile),
        new("DepthToSpace", static node => node.Give(node.Add(
            new DepthToSpace(Block(node), node.Text("mode", "DCR") == "CRD" ? BlockOrder.ColumnRowDepth : BlockOrder.DepthColumnRow), node.Flow()))),
        new("SpaceToDepth", static node => node.Give(node.Add(new SpaceToDepth(Block(node)), node.Flow()))),
    ];

    /// <summary>A reshape to a shape known for both batches.</summary>
    public static Flow To(NodeImport node, Flow input, Sizes atTwo, Sizes atThree)
    {
        if (atTwo == input.AtTwo && atThree == input.AtThree) return input;
        var keepsBatch = atTwo.Count > 1 && atTwo[0] == input.AtTwo[0] && atThree[0] == input.AtThree[0] && !input.IsFixed(0);
        var isFixedBehind = atTwo.From(1) == atThree.From(1);
        if (keepsBatch && isFixedBehind) return node.Add(atTwo.Count == 2 ? new Flatten() : new Reshape(atTwo.From(1)), input);
        // A size that depends on the batch is copied from the same place, or it is what is left.
        var sizes = new int[atTwo.Count];
        var open = -1;
        for (var axis = 0; axis < sizes.Length; axis++)
        {
            if (atTwo[axis] == atThree[axis]) sizes[axis] = atTwo[axis];
            else if (axis < input.Rank && atTwo[axis] == input.AtTwo[axis] && atThree[axis] == input.AtThree[axis]) sizes[axis] = 0;
            else if (open < 0) sizes[open = axis] = -1;
            else throw node.Wrong($"it makes {atTwo} of {input} for a batch of two, with more than one size that depends on the batch");
        }

        return node.Add(new View(Sizes.Create(sizes)), input);
    }

    private static void Reshape(NodeImport node)
    {
        // Winners stay those of their pooling, where they are handed on as one row.
        if (node.Input(0) is Winners winners && node.Input(1) is Known { AtTwo: { Count: 1, First: -1 } })
        {
            node.Give(winners with { IsRow = true });
            return;
        }

        var input = node.Flow();
        if (node.Attribute("shape") is not null)
        {
            var always = node.Integers("shape").ToArray().Select(static size => (double)size).ToArray();
            node.Give(To(node, input, Target(node, input, always, input.AtTwo), Target(node, input, always, input.AtThree)));
            return;
        }

        if (node.Input(1) is not Known shape) throw node.Wrong("its shape is computed from the network's numbers");
        node.Give(To(node, input, Target(node, input, shape.AtTwo.Values, input.AtTwo), Target(node, input, shape.AtThree.Values, input.AtThree)));
    }

    /// <summary>
    /// The shape that a reshape's list of sizes means: 0 copies, one −1 is what is left. A model exported for one batch has its number in the list:
    /// where the sizes fit no other batch, that number stands for any.
    /// </summary>
    private static Sizes Target(NodeImport node, Flow input, double[] list, Sizes from)
    {
        if (list.Length > NodeImport.MostAxes) throw node.Wrong($"a shape of {list.Length} axes; at most {NodeImport.MostAxes} are read");
        var copies = node.Integer("allowzero", 0) == 0;
        var sizes = new long[list.Length];
        for (var axis = 0; axis < list.Length; axis++)
        {
            sizes[axis] = (long)list[axis];
            if (sizes[axis] == 0 && copies) sizes[axis] = axis + node.AxisOffset < from.Count ? from[axis + node.AxisOffset] : throw node.Wrong($"size {axis} of the shape is copied from {input}, which has no such axis");
        }

        var prefix = from.AsSpan()[..node.AxisOffset];
        long count = from.Product;
        foreach (var size in prefix) count /= size;
        var isBatched = node.AxisOffset == 0 && !input.IsFixed(0) && sizes.Length > 0 && sizes[0] == node.DeclaredBatch && from[0] != node.DeclaredBatch;
        var open = Array.IndexOf(sizes, -1);
        if (isBatched && (open >= 0 || Product(sizes) != count)) sizes[0] = from[0];
        if (open >= 0)
        {
            var others = -Product(sizes);
            if (others <= 0 || count % others != 0) throw node.Wrong($"the shape [{string.Join(", ", list)}] does not divide {input}");
            sizes[open] = count / others;
        }

        if (Product(sizes) != count || sizes.Any(static size => size is < 0 or > int.MaxValue)) throw node.Wrong($"the shape [{string.Join(", ", list)}] has another number of elements than {input}");
        return [.. prefix, .. sizes.Select(static size => (int)size)];
    }

    private static long Product(long[] sizes)
    {
        long product = 1;
        foreach (var size in sizes) product = unchecked(product * size);
        return product;
    }

    private static void Flatten(NodeImport node)
    {
        var input = node.Flow();
        node.Give(To(node, input, Flat(input.AtTwo), Flat(input.AtThree)));

        Sizes Flat(Sizes shape) => [.. shape.AsSpan()[..node.AxisOffset], .. ShapeRules.Flattened(node, shape.From(node.AxisOffset)).AsSpan()];
    }

    private static void Squeeze(NodeImport node)
    {
        var input = node.Flow();
        var axes = node.IntegersFrom("axes", 1) is { } given
            ? given.Select(axis => node.Axis(axis, input.Rank)).ToHashSet()
            : [.. Enumerable.Range(node.AxisOffset, input.Rank - node.AxisOffset).Where(axis => input.AtTwo[axis] == 1 && input.AtThree[axis] == 1)];
        foreach (var axis in axes)
        {
            if (input.AtTwo[axis] != 1) throw node.Wrong($"axis {axis - node.AxisOffset} of {input} is not of size 1");
        }

        node.Give(To(node, input, ShapeRules.Squeezed(input.AtTwo, axes), ShapeRules.Squeezed(input.AtThree, axes)));
    }

    private static void Unsqueeze(NodeImport node)
    {
        var input = node.Flow();
        var given = node.IntegersFrom("axes", 1) ?? throw node.Wrong("its axes are missing");
        var axes = ShapeRules.Distinct(node, given, axis => node.Axis(axis, input.Rank + given.Count));
        node.Give(To(node, input, ShapeRules.Unsqueezed(input.AtTwo, axes), ShapeRules.Unsqueezed(input.AtThree, axes)));
    }

    private static void Concatenate(NodeImport node)
    {
        if (node.Inputs.Any(static input => input is Known))
        {
            node.Give(WithConstants(node));
            return;
        }

        if (node.InputCount == 0) throw node.Wrong("it has no input");
        var inputs = Enumerable.Range(0, node.InputCount).Select(node.Flow).ToArray();
        node.Give(inputs.Length == 1 ? inputs[0] : node.Add(new Concatenate { Axis = node.Axis(node.Integer("axis", 1), inputs[0].Rank) }, inputs));
    }

    /// <summary>Constants have no batch to be put beside one: each operand is laid into zeros of the whole size, and they are added. Zeros are the border alone.</summary>
    private static Flow WithConstants(NodeImport node)
    {
        var rank = (node.Inputs.OfType<Flow>().FirstOrDefault() ?? throw node.Wrong("it puts nothing of the network's beside its constants")).Rank;
        var axis = node.Axis(node.Integer("axis", 1), rank);
        if (axis == 0) throw node.Wrong("it puts constants beside the examples of a batch");
        var operands = node.Inputs.Select((input, index) => input is Known known ? (Known: node.ForAnyBatch(known, index), Flow: null) : (Known: (NumberArray?)null, Flow: node.Flow(index))).ToArray();
        foreach (var (known, flow) in operands)
        {
            var shape = known?.Shape ?? flow!.AtTwo;
            if (shape.Count != rank && (known is null || shape.Count != rank - node.AxisOffset)) throw node.Wrong($"it puts {shape} beside what has {rank - node.AxisOffset} axes");
            node.Spend(known?.Count ?? 0);
        }

        var sizes = operands.Select(operand => operand.Flow?.AtTwo[axis] ?? operand.Known!.Shape[axis - (operand.Known.Shape.Count < rank ? node.AxisOffset : 0)]).ToArray();
        var (start, total) = (0, sizes.Sum());
        var parts = new List<Flow>();
        for (var index = 0; index < operands.Length; index++)
        {
            var (known, flow) = operands[index];
            if (known is null || known.Values.Any(static value => value != 0))
            {
                var part = flow ?? node.Flow(index);
                int[] low = new int[part.Rank], high = new int[part.Rank];
                var at = axis - rank + part.Rank;
                (low[at], high[at]) = (start, total - start - sizes[index]);
                parts.Add(node.Add(new PadAxes(Sizes.Create(low), Sizes.Create(high)), part));
            }

            start += sizes[index];
        }

        return parts.Count == 1 ? parts[0] : ArithmeticOperators.Apply(node, new Add(), [.. parts]);
    }

    private static void Transpose(NodeImport node)
    {
        var input = node.Flow();
        var said = node.Integers("perm");
        var rank = input.Rank - node.AxisOffset;
        int[] order = said.Count > 0 ? [.. said] : [.. Enumerable.Range(0, rank).Reverse()];
        node.Give(node.Add(new Permute([.. Enumerable.Range(0, node.AxisOffset), .. order.Select(axis => axis + node.AxisOffset)]), input));
    }

    private static void Cut(NodeImport node)
    {
        var input = node.Flow();
        var starts = node.IntegersFrom("starts", 1) ?? throw node.Wrong("its starts are missing");
        var ends = node.IntegersFrom("ends", 2) ?? throw node.Wrong("its ends are missing");
        var said = node.IntegersFrom("axes", 3) is { Count: > 0 } axes ? axes : Sizes.Create([.. Enumerable.Range(0, starts.Count)]);
        var steps = node.ConstantIntegers(4) ?? Sizes.Empty;
        var along = said.Select(axis => node.Axis(axis, input.Rank)).ToArray();
        node.Give(node.Add(new Slice(Sizes.Create(along), starts, ends) { Steps = steps.All(static step => step == 1) ? Sizes.Empty : steps }, input));
    }

    private static void Split(NodeImport node)
    {
        var input = node.Flow();
        var axis = node.Axis(node.Integer("axis", 0), input.Rank);
        var start = 0;
        foreach (var (size, output) in MovementFolding.SplitSizes(node, input.AtTwo[axis]).Select(static (size, output) => (size, output)))
        {
            if (node.IsUsed(output)) node.Give(node.Add(new Slice([axis], [start], [start + size]), input), output);
            start += size;
        }
    }

    private static void Gather(NodeImport node)
    {
        var input = node.Flow();
        var indices = node.RequiredConstant(1);
        node.Give(node.Add(new Gather(node.Axis(node.Integer("axis", 0), input.Rank), MovementFolding.ToSizes(node, indices), indices.Shape), input));
    }

    private static void Expand(NodeImport node)
    {
        var input = node.Flow();
        if (node.Input(1) is not Known shape) throw node.Wrong("its shape is computed from the network's numbers");
        Sizes atTwo = MovementFolding.ToSizes(node, shape.AtTwo), atThree = MovementFolding.ToSizes(node, shape.AtThree);
        if (atTwo.Count + node.AxisOffset > input.Rank && node.AxisOffset > 0)
        {
            var added = Enumerable.Repeat(1, atTwo.Count + node.AxisOffset - input.Rank).ToArray();
            input = To(node, input, [input.AtTwo[0], .. added, .. input.AtTwo.From(1).AsSpan()], [input.AtThree[0], .. added, .. input.AtThree.From(1).AsSpan()]);
        }

        if (atTwo.Count != atThree.Count) throw node.Wrong("its shape has another number of axes for every batch");
        // A size that depends on the batch is there already: 1 leaves it as it is.
        node.Give(node.Add(new Expand(Sizes.Create([.. atTwo.Select((size, axis) => size == atThree[axis] ? size : 1)])), input));
    }

    private static void Tile(NodeImport node)
    {
        var flow = node.Flow();
        var times = node.ConstantIntegers(1) ?? throw node.Wrong("its repeats are missing");
        if (times.Count != flow.Rank - node.AxisOffset) throw node.Wrong($"{times.Count} repeats for {flow}");
        for (var axis = 0; axis < times.Count; axis++)
        {
            if (times[axis] is < 1 or > 4096) throw node.Wrong($"{times[axis]} repeats on axis {axis}; 1 to 4096 are read");
            // Each repeat is an input of a layer.
            node.Spend(8L * times[axis]);
            if (times[axis] > 1) flow = node.Add(new Concatenate { Axis = axis + node.AxisOffset }, [.. Enumerable.Repeat(flow, times[axis])]);
        }

        node.Give(flow);
    }

    private static Sizes Block(NodeImport node) => Sizes.Repeat(node.Size("blocksize", 0), Math.Max(0, node.Flow().Rank - 2));
}
