using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>
/// Einsum of one or two operands: what both have and the result has not is summed in a matrix product, what both and the result have is a
/// stack of matrices, all else are rows and columns.
/// </summary>
internal static class EinsumOperator
{
    private const char Batch = '@';
    private const string Ellipsis = "...";

    /// <summary>Names for the axes that an ellipsis stands for.</summary>
    private const string Hidden = "0123456789";

    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } = [new("Einsum", Import)];

    private static void Import(NodeImport node)
    {
        var equation = node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal);
        var sides = equation.Split("->");
        var terms = sides[0].Split(',');
        if (sides.Length > 2 || terms.Length > 2 || terms.Length != node.InputCount) throw node.Wrong($"equation '{equation}': one or two operands are read");
        var operands = new Term[terms.Length];
        var rest = "";
        for (var index = 0; index < terms.Length; index++)
        {
            var flow = node.Flow(index);
            var batch = flow.HasBatch && node.AxisOffset > 0 ? 1 : 0;
            var hidden = flow.Rank - batch - terms[index].Replace(Ellipsis, "", StringComparison.Ordinal).Length;
            var isOpen = terms[index].Contains(Ellipsis, StringComparison.Ordinal);
            if (hidden < 0 || (!isOpen && hidden > 0) || hidden > Hidden.Length) throw node.Wrong($"equation '{equation}': the term '{terms[index]}' for {flow}");
            // What an ellipsis stands for is laid to the other's from its last axis.
            if (isOpen && hidden > rest.Length) rest = Hidden[^hidden..];
            var letters = (batch > 0 ? Batch.ToString() : "") + terms[index].Replace(Ellipsis, isOpen ? Hidden[^hidden..] : "", StringComparison.Ordinal);
            operands[index] = Diagonal(node, new Term(flow, letters));
        }

        // Without a result it has what an ellipsis stands for, and then the letters that stand once, in the order of the alphabet.
        var result = sides.Length == 2 ? sides[1].Replace(Ellipsis, rest, StringComparison.Ordinal) : rest + string.Concat(sides[0].Where(letter => char.IsLetter(letter) && sides[0].Count(other => other == letter) == 1).Order());
        if (node.AxisOffset > 0) result = Batch + result;
        if (result.Distinct().Count() != result.Length || result.Any(letter => !Array.Exists(operands, term => term.Letters.Contains(letter, StringComparison.Ordinal)))) throw node.Wrong($"equation '{equation}': the result has a letter twice, or one that no operand has");
        var kept = operands.Select((term, index) => Sum(node, term, letter => result.Contains(letter, StringComparison.Ordinal) || (operands.Length > 1 && operands[1 - index].Letters.Contains(letter, StringComparison.Ordinal)))).ToArray();
        var product = kept.Length == 1 ? kept[0] : Product(node, kept[0], kept[1], result);
        node.Give(Ordered(node, product, result).Flow);
    }

    /// <summary>Of two axes with one letter, the elements with the same place on both.</summary>
    private static Term Diagonal(NodeImport node, Term term)
    {
        for (var second = 1; second < term.Letters.Length; second++)
        {
            var first = term.Letters.IndexOf(term.Letters[second], StringComparison.Ordinal);
            if (first == second) continue;
            var size = term.Flow.AtTwo[first];
            if (size != term.Flow.AtTwo[second] || !term.Flow.IsFixed(first) || !term.Flow.IsFixed(second)) throw node.Wrong($"the letter {term.Letters[second]} stands for two sizes of {term.Flow}");
            int[] others = [.. Enumerable.Range(0, term.Flow.Rank).Where(axis => axis != first && axis != second)];
            var square = node.Add(new Permute([.. others, first, second]), term.Flow);
            var row = ShapeOperators.To(node, square, Joined(square.AtTwo), Joined(square.AtThree));
            node.Spend(size);
            var letters = string.Concat(others.Append(first).Select(axis => term.Letters[axis]));
            return Diagonal(node, new Term(node.Add(new Gather(row.Rank - 1, Sizes.Create([.. Enumerable.Range(0, size).Select(place => checked(place * (size + 1)))]), [size]), row), letters));
        }

        return term;

        static Sizes Joined(Sizes shape) => [.. shape.AsSpan()[..^2], checked(shape[^2] * shape[^1])];
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
