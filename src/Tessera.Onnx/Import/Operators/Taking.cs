using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>What constants name places of: elements of each example as a row, copied by a list, with one number where nothing is named.</summary>
internal static class Taking
{
    /// <summary>A place that nothing is taken from.</summary>
    public const int Nowhere = -1;

    /// <summary>The elements of a shape.</summary>
    public static int Elements(NodeImport node, Sizes shape)
    {
        var count = shape.Aggregate(1.0, static (product, size) => product * Math.Max(0, size));
        return count <= int.MaxValue ? (int)count : throw node.Wrong($"the shape {shape} has more elements than a network can hold");
    }

    /// <summary>
    /// A constant for one example: what it says of each must be the same. Where the model was made for one batch, it has that many on its first axis.
    /// </summary>
    /// <param name="node">For errors.</param>
    /// <param name="index">The input.</param>
    /// <param name="like">The value with whose examples it goes; null for none, and without a batch it is for all alike.</param>
    /// <param name="stepOfExample">How much more its numbers are from example to example.</param>
    public static NumberArray OneExample(NodeImport node, int index, Flow? like, long stepOfExample = 0)
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

    /// <summary>For each target, in as many lists as the most that meet at one, what is laid there, [rounds, targets].</summary>
    public static int[][] Rounds(NodeImport node, int[] targets, int count)
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
    public static Flow Folded(NodeImport node, Flow rows, int[][] rounds, Sizes shape, int axis, double filling, ReduceFunction function)
    {
        var row = axis > 0 ? rows : Row(node, rows);
        var along = row.Rank - 1;
        Sizes each = rounds.Length == 1 ? shape : [rounds.Length, .. shape.AsSpan()];
        var taken = Gathered(node, row, [.. rounds.SelectMany(static round => round)], each, filling);
        return rounds.Length == 1 ? taken : node.Add(new Reduce(function, [along]) { KeepSizes = false }, taken);
    }

    /// <summary>Elements at places, in a shape; <paramref name="filling"/> where there is none.</summary>
    public static Operand Taken(NodeImport node, Operand from, int[] places, Sizes shape, double filling)
    {
        if (from.Numbers is { } numbers) return new Operand(null, new NumberArray(numbers.Element, shape, Array.ConvertAll(places, place => place < 0 ? filling : numbers.Values[place])));
        var isWhole = shape == from.Shape && places.Index().All(static place => place.Item == place.Index);
        return isWhole ? from : new Operand(Gathered(node, Row(node, from.Flow!), places, shape, filling), null);
    }

    /// <summary>Along the last axis of a row.</summary>
    public static Flow Gathered(NodeImport node, Flow row, int[] places, Sizes shape, double filling)
    {
        var (axis, length) = (row.Rank - 1, row.AtTwo[^1]);
        if (Array.Exists(places, static place => place < 0)) row = node.Add(new PadAxes(Sizes.Repeat(0, row.Rank), [.. Sizes.Repeat(0, axis), 1]) { Value = filling }, row);
        return node.Add(new Gather(axis, Sizes.Create(Array.ConvertAll(places, place => place < 0 ? length : place)), shape), row);
    }

    /// <summary>Each example's elements as one row.</summary>
    public static Flow Row(NodeImport node, Flow flow)
    {
        var batch = flow.HasBatch ? 1 : 0;
        return ShapeOperators.To(node, flow, Of(flow.AtTwo), Of(flow.AtThree));

        Sizes Of(Sizes shape) => [.. shape.AsSpan()[..batch], checked((int)shape.From(batch).Product)];
    }
}
