using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>
/// Einsum of one or two operands: what both have and the result has not is summed in a matrix product, what both and the result have is a
/// stack of matrices, all else are rows and columns.
/// </summary>
internal static class EinsumOperator
{
    private const char Batch = '@';

    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } = [new("Einsum", Import)];

    private static void Import(NodeImport node)
    {
        var equation = node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal);
        var sides = equation.Split("->");
        var terms = sides[0].Split(',');
        if (sides.Length > 2 || terms.Length > 2 || terms.Length != node.InputCount || equation.Contains('.', StringComparison.Ordinal) || terms.Any(static term => term.Distinct().Count() != term.Length))
        {
            throw node.Wrong($"equation '{equation}': one or two operands without an ellipsis or a letter twice in one are read");
        }

        // Without a result it has the letters that stand once, in the order of the alphabet.
        var result = sides.Length == 2 ? sides[1] : string.Concat(sides[0].Where(letter => char.IsLetter(letter) && sides[0].Count(other => other == letter) == 1).Order());
        var operands = new Term[terms.Length];
        for (var index = 0; index < terms.Length; index++)
        {
            var flow = node.Operand(index);
            var letters = flow.HasBatch && node.AxisOffset > 0 ? Batch + terms[index] : terms[index];
            if (letters.Length != flow.Rank) throw node.Wrong($"equation '{equation}': the term '{terms[index]}' has {terms[index].Length} letters for {flow}");
            operands[index] = new Term(flow, letters);
        }

        if (node.AxisOffset > 0) result = Batch + result;
        var kept = operands.Select((term, index) => Sum(node, term, letter => result.Contains(letter, StringComparison.Ordinal) || (operands.Length > 1 && operands[1 - index].Letters.Contains(letter, StringComparison.Ordinal)))).ToArray();
        var product = kept.Length == 1 ? kept[0] : Product(node, kept[0], kept[1], result);
        node.Give(Ordered(node, product, result).Flow);
    }

    private static Term Sum(NodeImport node, Term term, Func<char, bool> stays)
    {
        int[] axes = [.. Enumerable.Range(0, term.Letters.Length).Where(axis => !stays(term.Letters[axis]))];
        return axes.Length == 0 ? term
            : new Term(node.Add(new Reduce(ReduceFunction.Sum, Sizes.Create(axes)) { KeepSizes = false }, term.Flow), string.Concat(term.Letters.Where(stays)));
    }

    private static Term Product(NodeImport node, Term left, Term right, string result)
    {
        var both = left.Letters.Where(letter => right.Letters.Contains(letter, StringComparison.Ordinal)).ToArray();
        string stack = string.Concat(both.Where(letter => result.Contains(letter, StringComparison.Ordinal))), summed = string.Concat(both.Except(stack));
        string rows = string.Concat(left.Letters.Except(both)), columns = string.Concat(right.Letters.Except(both));
        Term a = Ordered(node, left, stack + rows + summed), b = Ordered(node, right, stack + summed + columns);
        var product = node.Add(new MatrixProduct(), [Matrices(a, rows.Length, summed.Length), Matrices(b, summed.Length, columns.Length)]);
        return new Term(
            ShapeOperators.To(node, product, Unfolded(a.Flow.AtTwo, b.Flow.AtTwo), Unfolded(a.Flow.AtThree, b.Flow.AtThree)),
            stack + rows + columns);

        Flow Matrices(Term term, int first, int second) =>
            ShapeOperators.To(node, term.Flow, Folded(term.Flow.AtTwo, first, second), Folded(term.Flow.AtThree, first, second));

        Sizes Folded(Sizes shape, int first, int second) =>
            [.. shape.AsSpan()[..stack.Length], (int)Sizes.Create(shape.AsSpan().Slice(stack.Length, first)).Product, (int)Sizes.Create(shape.AsSpan()[^second..]).Product];

        Sizes Unfolded(Sizes one, Sizes other) => [.. one.AsSpan()[..(stack.Length + rows.Length)], .. other.AsSpan()[(stack.Length + summed.Length)..]];
    }

    private static Term Ordered(NodeImport node, Term term, string letters) => term.Letters == letters ? term
        : new Term(node.Add(new Permute(Sizes.Create([.. letters.Select(letter => term.Letters.IndexOf(letter, StringComparison.Ordinal))])), term.Flow), letters);

    /// <summary>An operand, with a letter for each of its axes.</summary>
    private sealed record Term(Flow Flow, string Letters);
}
