namespace Tessera.Networks.Layers;

/// <summary>The check of axes that a layer takes together, and the shapes that are left.</summary>
internal static class ReducedAxes
{
    /// <summary>The input's shape with 1 on every axis that is taken together; an axis below 0 counts from the end.</summary>
    public static Sizes Kept(Layer layer, Sizes input, Sizes axes)
    {
        if (axes.Count == 0) throw layer.Misfit($"it names no axis of its input {input}; name at least one, from 1 to {input.Count - 1}.");
        var kept = input.AsSpan().ToArray();
        var taken = new bool[kept.Length];
        foreach (var axis in axes)
        {
            var place = axis < 0 ? axis + kept.Length : axis;
            if ((uint)place >= (uint)kept.Length)
            {
                throw layer.Misfit($"there is no axis {axis} in its input {input}; choose from 1 to {kept.Length - 1}, or from −{kept.Length - 1} to −1 counted from the end.");
            }

            if (place == 0) throw layer.Misfit($"axis {axis} of its input {input} is the batch, whose examples stay apart; choose from 1 to {kept.Length - 1}.");
            if (taken[place]) throw layer.Misfit($"it names axis {place} of its input {input} twice; name it once.");
            taken[place] = true;
            kept[place] = 1;
        }

        return Sizes.Create(kept);
    }

    /// <summary>The shape without the axes that are taken together.</summary>
    public static Sizes Without(Sizes input, Sizes axes) =>
        [.. input.Index().Where(axis => !axes.Contains(axis.Index) && !axes.Contains(axis.Index - input.Count)).Select(static axis => axis.Item)];
}
