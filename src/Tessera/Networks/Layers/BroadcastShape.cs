namespace Tessera.Networks.Layers;

/// <summary>
/// NumPy's rule for layers that combine inputs element by element: shapes are aligned at their last axes, and an axis that is 1 or
/// missing is repeated to the other's size.
/// </summary>
internal static class BroadcastShape
{
    /// <summary>The one shape that all inputs are repeated to.</summary>
    public static Sizes Of(Layer layer, IReadOnlyList<Sizes> inputs)
    {
        var shape = inputs[0];
        for (var i = 1; i < inputs.Count; i++)
        {
            if (Join(shape, inputs[i], out var fromEnd) is { } joined)
            {
                shape = joined;
                continue;
            }

            // What stands in the way may be an input before the last.
            var other = Enumerable.Range(0, i).First(before => Join(inputs[before], inputs[i], out _) is null);
            throw layer.Misfit(
                $"its inputs {layer.InputLabel(other)} {inputs[other]} and {layer.InputLabel(i)} {inputs[i]} differ in shape: aligned at their last axes, {shape[^fromEnd]} meets {inputs[i][^fromEnd]} and neither is 1; bring them to one shape, with a convolution of kernel 1 where channels differ.");
        }

        return shape;
    }

    /// <summary>The shape that both are repeated to; null where there is none, with the first axis that does not fit, counted from the end.</summary>
    public static Sizes? Join(Sizes one, Sizes other, out int fromEnd)
    {
        var sizes = new int[Math.Max(one.Count, other.Count)];
        for (fromEnd = 1; fromEnd <= sizes.Length; fromEnd++)
        {
            int a = fromEnd <= one.Count ? one[^fromEnd] : 1, b = fromEnd <= other.Count ? other[^fromEnd] : 1;
            if (a != b && a != 1 && b != 1) return null;
            sizes[^fromEnd] = a == 1 ? b : a;
        }

        return Sizes.Create(sizes);
    }
}
