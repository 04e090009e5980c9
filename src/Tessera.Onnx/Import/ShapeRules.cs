namespace Tessera.Onnx.Import;

/// <summary>What ONNX's movements make of a shape as the model has it, whether what has that shape is a constant or computed by the network.</summary>
internal static class ShapeRules
{
    /// <summary>Flatten: the sizes before an axis as one, and those from it on.</summary>
    public static Sizes Flattened(NodeImport node, Sizes shape)
    {
        long given = node.Integer("axis", 1), axis = given < 0 ? given + shape.Count : given;
        if (axis < 0 || axis > shape.Count) throw node.Wrong($"axis {given} of {shape}");
        return [checked((int)Sizes.Create(shape.AsSpan()[..(int)axis]).Product), checked((int)shape.From((int)axis).Product)];
    }

    /// <summary>Squeeze: without these axes.</summary>
    public static Sizes Squeezed(Sizes shape, IReadOnlySet<int> axes) => Sizes.Create([.. shape.Where((_, axis) => !axes.Contains(axis))]);

    /// <summary>Unsqueeze: with sizes of 1 at these axes of the result.</summary>
    public static Sizes Unsqueezed(Sizes shape, IReadOnlySet<int> axes)
    {
        var (sizes, next) = (new int[shape.Count + axes.Count], 0);
        for (var axis = 0; axis < sizes.Length; axis++) sizes[axis] = axes.Contains(axis) ? 1 : shape[next++];
        return Sizes.Create(sizes);
    }

    /// <summary>Axes from 0, none of them named twice.</summary>
    /// <param name="node">For errors.</param>
    /// <param name="given">The axes, below 0 from the end.</param>
    /// <param name="axis">How one of them counts from 0.</param>
    public static HashSet<int> Distinct(NodeImport node, Sizes given, Func<int, int> axis)
    {
        var axes = given.Select(axis).ToHashSet();
        return axes.Count == given.Count ? axes : throw node.Wrong($"its axes {given} name one twice");
    }
}
