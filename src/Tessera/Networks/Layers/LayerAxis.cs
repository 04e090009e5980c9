namespace Tessera.Networks.Layers;

/// <summary>The axis of a full shape [N, C, i…] that a layer names; below 0 it counts from the end.</summary>
internal static class LayerAxis
{
    /// <summary>The axis, from 0.</summary>
    /// <param name="layer">The layer, for the message.</param>
    /// <param name="axis">The axis as the layer names it.</param>
    /// <param name="shape">The full shape.</param>
    /// <param name="least">The least axis that may be named: 1 where examples must not be mixed.</param>
    public static int Of(Layer layer, int axis, Sizes shape, int least)
    {
        var place = axis < 0 ? axis + shape.Count : axis;
        if (place >= least && place < shape.Count) return place;
        var ends = FormattableString.Invariant($"use {least} to {shape.Count - 1}, or {least - shape.Count} to -1 from the end");
        throw layer.Misfit(place is 0
            ? FormattableString.Invariant($"axis {axis} of the input {shape} is that of examples, which stay apart; {ends}.")
            : FormattableString.Invariant($"axis {axis} is none of the {shape.Count} axes of the input {shape}; {ends}."));
    }
}
