using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Folding;

/// <summary>What moves constants' elements and computes none; shapes are as the model's, without a batch put before them.</summary>
internal static class MovementFolding
{
    public static IEnumerable<KeyValuePair<string, Fold>> All { get; } =
    [
        new("Concat", Concatenate),
        new("Gather", Gather),
        new("Slice", Slice),
        new("Reshape", Reshape),
        new("Flatten", Flatten),
        new("Squeeze", Squeeze),
        new("Unsqueeze", Unsqueeze),
        new("Transpose", Transpose),
        new("Expand", static (node, inputs) =>
        {
            var shape = Broadcast(node, inputs[0].Shape, ToSizes(node, inputs[1]));
            return new NumberArray(inputs[0].Element, shape, Expand(node, inputs[0], shape));
        }),
        new("Tile", Tile),
    ];

    /// <summary>Whether an operator computes nothing: sizes that depend on the batch come out of it as they went in.</summary>
    public static bool Moves(string name) => name is "Cast" or "CastLike" or "Identity" or "ConstantOfShape" || All.Any(known => known.Key == name);

    /// <summary>Whole numbers as sizes, steps or axes; beyond 32 bits they stand for "as far as there is".</summary>
    public static Sizes ToSizes(NodeImport node, NumberArray numbers)
    {
        node.Spend(numbers.Count);
        return Sizes.Create(Array.ConvertAll(
            numbers.Values,
            value => value == Math.Floor(value) ? (int)Math.Clamp(value, int.MinValue, int.MaxValue) : throw node.Wrong(FormattableString.Invariant($"{value} is no whole number"))));
    }

    /// <summary>The elements of a shape, taken from what an import may compute before memory is.</summary>
    public static int Count(NodeImport node, Sizes shape)
    {
        var count = CountOf(node, shape);
        node.Spend(count);
        return count;
    }

    /// <summary>The elements of a shape.</summary>
    public static int CountOf(NodeImport node, Sizes shape)
    {
        var count = 1.0;
        foreach (var size in shape) count *= size >= 0 ? size : throw node.Wrong($"a size of {size} in the shape {shape}");
        if (shape.Count > NodeImport.MostAxes) throw node.Wrong($"a constant of {shape.Count} axes; at most {NodeImport.MostAxes} are read");
        if (count > int.MaxValue) throw node.Wrong($"a constant of the shape {shape}");
        return (int)count;
    }

    public static int Axis(NodeImport node, int axis, int rank) => axis >= -rank && axis < rank ? (axis + rank) % rank : throw node.Wrong($"axis {axis} of {rank}");

    /// <summary>The next index of a shape, row by row.</summary>
    public static void Step(int[] place, Sizes shape)
    {
        for (var axis = place.Length - 1; axis >= 0; axis--)
        {
            if (++place[axis] < shape[axis]) return;
            place[axis] = 0;
        }
    }

    public static Sizes Broadcast(NodeImport node, Sizes one, Sizes other) =>
        BroadcastShape.Join(one, other, out _) ?? throw node.Wrong($"the shapes {one} and {other} do not fit each other");

    public static double[] Expand(NodeImport node, NumberArray input, Sizes shape)
    {
        if (input.Shape == shape) return input.Values;
        var strides = input.Shape.RowMajorStrides();
        var added = shape.Count - input.Shape.Count;
        return Collect(node, shape, place =>
        {
            long from = 0;
            for (var axis = 0; axis < strides.Length; axis++) from += input.Shape[axis] == 1 ? 0 : place[axis + added] * strides[axis];
            return input.Values[from];
        });
    }

    /// <summary>A constant split into parts gives several constants.</summary>
    public static bool TrySplit(NodeImport node)
    {
        if (node.Input(0) is not Known { DependsOnBatch: false } known) return false;
        var input = known.AtTwo;
        var axis = Axis(node, node.Size("axis", 0), input.Shape.Count);
        var parts = SplitSizes(node, input.Shape[axis]);
        var start = 0;
        for (var index = 0; index < parts.Length; index++)
        {
            var from = start;
            Sizes shape = [.. input.Shape.AsSpan()[..axis], parts[index], .. input.Shape.From(axis + 1).AsSpan()];
            node.Give(new Known(new NumberArray(input.Element, shape, Moved(node, input, shape, (place, target) => target == axis ? place + from : place))), index);
            start += parts[index];
        }

        return true;
    }

    /// <summary>The sizes of a Split's parts: said, or equal with a smaller last one.</summary>
    public static int[] SplitSizes(NodeImport node, int size)
    {
        var said = node.IntegersFrom("split", 1);
        var count = node.OutputCount;
        if (count == 0) throw node.Wrong("it has no output");
        var each = (int)(((long)size + count - 1) / count);
        int[] parts = said is { Count: > 0 } ? said.Value.AsSpan().ToArray() : [.. Enumerable.Range(0, count).Select(index => (int)Math.Clamp(size - ((long)index * each), 0, each))];
        if (parts.Length != count || parts.Sum(static part => (long)part) != size || parts.Any(static part => part < 0)) throw node.Wrong($"parts of [{string.Join(", ", parts)}] of an axis of {size} for {count} outputs");
        return parts;
    }

    private static double[] Collect(NodeImport node, Sizes shape, Func<int[], double> value)
    {
        var numbers = new double[Count(node, shape)];
        var place = new int[shape.Count];
        for (var index = 0; index < numbers.Length; index++)
        {
            numbers[index] = value(place);
            Step(place, shape);
        }

        return numbers;
    }

    /// <summary>The elements of an input of the same number of axes, each index mapped by itself.</summary>
    private static double[] Moved(NodeImport node, NumberArray input, Sizes shape, Func<int, int, int> source)
    {
        var strides = input.Shape.RowMajorStrides();
        return Collect(node, shape, place =>
        {
            long from = 0;
            for (var axis = 0; axis < strides.Length; axis++) from += source(place[axis], axis) * strides[axis];
            return input.Values[from];
        });
    }

    private static NumberArray Concatenate(NodeImport node, FoldInputs inputs)
    {
        var rank = inputs[0].Shape.Count;
        var axis = Axis(node, node.Size("axis", 1), rank);
        long total = 0;
        foreach (var input in inputs.All)
        {
            if (input.Shape.Count != rank) throw node.Wrong($"its inputs {inputs[0].Shape} and {input.Shape} have different numbers of axes");
            for (var other = 0; other < rank; other++)
            {
                if (other != axis && input.Shape[other] != inputs[0].Shape[other]) throw node.Wrong($"its inputs {inputs[0].Shape} and {input.Shape} differ on axis {other}");
            }

            total += input.Shape[axis];
        }

        Sizes shape = [.. inputs[0].Shape.AsSpan()[..axis], checked((int)total), .. inputs[0].Shape.From(axis + 1).AsSpan()];
        var numbers = new double[Count(node, shape)];
        var inner = shape.From(axis + 1).Product;
        long outer = 1, start = 0;
        for (var before = 0; before < axis; before++) outer *= shape[before];
        foreach (var input in inputs.All)
        {
            var length = input.Shape[axis] * inner;
            for (long row = 0; row < outer; row++) Array.Copy(input.Values, row * length, numbers, (row * total * inner) + start, length);
            start += length;
        }

        return new NumberArray(inputs[0].Element, shape, numbers);
    }

    private static NumberArray Gather(NodeImport node, FoldInputs inputs)
    {
        var (input, indices) = (inputs[0], inputs[1]);
        var axis = Axis(node, node.Size("axis", 0), input.Shape.Count);
        Sizes shape = [.. input.Shape.AsSpan()[..axis], .. indices.Shape.AsSpan(), .. input.Shape.From(axis + 1).AsSpan()];
        var strides = input.Shape.RowMajorStrides();
        var indexStrides = indices.Shape.RowMajorStrides();
        var size = input.Shape[axis];
        return new NumberArray(input.Element, shape, Collect(node, shape, place =>
        {
            long at = 0, from = 0;
            for (var a = 0; a < indexStrides.Length; a++) at += place[axis + a] * indexStrides[a];
            var index = (long)indices.Values[at];
            if (index < -size || index >= size) throw node.Wrong($"index {index} of an axis of {size}");
            for (var a = 0; a < strides.Length; a++)
            {
                from += strides[a] * (a < axis ? place[a] : a == axis ? (index + size) % size : place[a + indexStrides.Length - 1]);
            }

            return input.Values[from];
        }));
    }

    private static NumberArray Slice(NodeImport node, FoldInputs inputs)
    {
        var input = inputs[0];
        var rank = input.Shape.Count;
        Sizes starts, ends, axes, steps;
        if (node.Attribute("starts") is not null) (starts, ends, axes, steps) = (node.Integers("starts"), node.Integers("ends"), node.Integers("axes"), Sizes.Empty);
        else (starts, ends, axes, steps) = (ToSizes(node, inputs[1]), ToSizes(node, inputs[2]), List(3), List(4));
        if (ends.Count != starts.Count || (axes.Count > 0 && axes.Count != starts.Count) || (steps.Count > 0 && steps.Count != starts.Count))
            throw node.Wrong($"{starts.Count} starts, {ends.Count} ends, {axes.Count} axes and {steps.Count} steps; there must be as many of each");
        int[] first = new int[rank], step = new int[rank], sizes = input.Shape.AsSpan().ToArray();
        Array.Fill(step, 1);
        for (var index = 0; index < starts.Count; index++)
        {
            var axis = Axis(node, axes.Count > 0 ? axes[index] : index, rank);
            (first[axis], step[axis], sizes[axis]) = SliceOf(node, input.Shape[axis], starts[index], ends[index], steps.Count > 0 ? steps[index] : 1);
        }

        var shape = Sizes.Create(sizes);
        return new NumberArray(input.Element, shape, Moved(node, input, shape, (place, axis) => first[axis] + (place * step[axis])));

        Sizes List(int index) => inputs.Optional(index) is { } list ? ToSizes(node, list) : Sizes.Empty;
    }

    /// <summary>Start, step and number of what is cut out of an axis.</summary>
    public static (int First, int Step, int Count) SliceOf(NodeImport node, int size, int start, int end, int step)
    {
        if (step == 0) throw node.Wrong("a step of 0");
        long from = start < 0 ? start + (long)size : start, to = end < 0 ? end + (long)size : end;
        (from, to) = step > 0 ? (Math.Clamp(from, 0, size), Math.Clamp(to, 0, size)) : (Math.Clamp(from, 0, size - 1), Math.Clamp(to, -1, size - 1));
        var count = step > 0 ? (to - from + step - 1) / step : (from - to - step - 1) / -(long)step;
        return ((int)from, step, (int)Math.Max(0, count));
    }

    private static NumberArray Reshape(NodeImport node, FoldInputs inputs)
    {
        var input = inputs[0];
        var said = node.Attribute("shape") is not null ? node.Integers("shape") : ToSizes(node, inputs[1]);
        var sizes = said.Select((size, axis) => size != 0 || node.Integer("allowzero", 0) != 0 ? size : axis < input.Shape.Count ? input.Shape[axis] : throw node.Wrong($"size {axis} of {said} is copied from {input.Shape}, which has no such axis")).ToArray();
        var open = Array.IndexOf(sizes, -1);
        if (open >= 0)
        {
            long others = 1;
            foreach (var size in sizes) others *= size == -1 ? 1 : size;
            sizes[open] = others > 0 && input.Count % others == 0 ? (int)(input.Count / others) : throw node.Wrong($"the shape {said} does not divide {input.Shape}");
        }

        return View(node, input, Sizes.Create(sizes));
    }

    private static NumberArray View(NodeImport node, NumberArray input, Sizes shape) => shape.All(static size => size >= 0) && shape.Product == input.Count
        ? new NumberArray(input.Element, shape, input.Values)
        : throw node.Wrong($"the shape {shape} has another number of elements than {input.Shape}");

    private static NumberArray Flatten(NodeImport node, FoldInputs inputs) => View(node, inputs[0], ShapeRules.Flattened(node, inputs[0].Shape));

    private static NumberArray Squeeze(NodeImport node, FoldInputs inputs)
    {
        var shape = inputs[0].Shape;
        var axes = ListOf(node, inputs, "axes") is { } said
            ? said.Select(axis => Axis(node, axis, shape.Count)).ToHashSet()
            : [.. Enumerable.Range(0, shape.Count).Where(axis => shape[axis] == 1)];
        return View(node, inputs[0], ShapeRules.Squeezed(shape, axes));
    }

    private static NumberArray Unsqueeze(NodeImport node, FoldInputs inputs)
    {
        var said = ListOf(node, inputs, "axes") ?? throw node.Wrong("its axes are missing");
        var rank = inputs[0].Shape.Count + said.Count;
        return View(node, inputs[0], ShapeRules.Unsqueezed(inputs[0].Shape, ShapeRules.Distinct(node, said, axis => Axis(node, axis, rank))));
    }

    private static Sizes? ListOf(NodeImport node, FoldInputs inputs, string attribute) => node.Attribute(attribute) is not null ? node.Integers(attribute)
        : inputs.Optional(1) is { } list ? ToSizes(node, list) : null;

    private static NumberArray Transpose(NodeImport node, FoldInputs inputs)
    {
        var input = inputs[0];
        var rank = input.Shape.Count;
        var said = node.Integers("perm");
        int[] order = said.Count > 0 ? [.. said] : [.. Enumerable.Range(0, rank).Reverse()];
        if (!order.Order().SequenceEqual(Enumerable.Range(0, rank))) throw node.Wrong($"perm {said} is no order of {rank} axes");
        var strides = input.Shape.RowMajorStrides();
        var shape = Sizes.Create(Array.ConvertAll(order, axis => input.Shape[axis]));
        return new NumberArray(input.Element, shape, Collect(node, shape, place =>
        {
            long from = 0;
            for (var axis = 0; axis < rank; axis++) from += place[axis] * strides[order[axis]];
            return input.Values[from];
        }));
    }

    private static NumberArray Tile(NodeImport node, FoldInputs inputs)
    {
        var input = inputs[0];
        var times = ToSizes(node, inputs[1]);
        if (times.Count != input.Shape.Count) throw node.Wrong($"{times.Count} repeats for {input.Shape}");
        var shape = Sizes.Create([.. input.Shape.Select((size, axis) => (int)Math.Clamp((long)size * times[axis], int.MinValue, int.MaxValue))]);
        return new NumberArray(input.Element, shape, Moved(node, input, shape, (place, axis) => place % input.Shape[axis]));
    }
}
