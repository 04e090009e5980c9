namespace Tessera.Networks.Layers;

/// <summary>Axes that count over the full shape [N, C, i…], from 0, or from −1 at the end.</summary>
internal static class FullAxis
{
    /// <summary>The axis from 0.</summary>
    public static int Of(Layer layer, int axis, Sizes shape)
    {
        if (axis >= -shape.Count && axis < shape.Count) return axis < 0 ? axis + shape.Count : axis;
        throw layer.Misfit($"axis {axis} of the input {shape}; it has {shape.Count} axes, so give {-shape.Count} to {shape.Count - 1}.");
    }

    /// <summary>Axes from 0, none of them twice.</summary>
    public static int[] Of(Layer layer, Sizes axes, Sizes shape)
    {
        var places = axes.Select(axis => Of(layer, axis, shape)).ToArray();
        for (var i = 0; i < places.Length; i++)
        {
            if (Array.IndexOf(places, places[i]) < i) throw layer.Misfit($"its axes {Listed(axes)} name axis {places[i]} of the input {shape} twice; name each once.");
        }

        return places;
    }

    /// <summary>A list of axes or other numbers in words.</summary>
    public static string Listed(Sizes numbers) => $"[{string.Join(", ", numbers)}]";
}
