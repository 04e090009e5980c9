namespace Tessera.Networks.Layers;

/// <summary>The check of layers that combine inputs element by element.</summary>
internal static class SameShape
{
    /// <summary>The one shape that all inputs have.</summary>
    public static Sizes Of(Layer layer, IReadOnlyList<Sizes> inputs)
    {
        for (var i = 1; i < inputs.Count; i++)
        {
            if (inputs[i] == inputs[0]) continue;
            throw layer.Misfit(
                $"its inputs {layer.InputLabel(0)} {inputs[0]} and {layer.InputLabel(i)} {inputs[i]} differ in shape; bring them to one shape, with a convolution of kernel 1 where channels differ.");
        }

        return inputs[0];
    }
}
