namespace Tessera.Operators;

/// <summary>
/// Where position p of a resized axis lies among the inputs, x(p), for i inputs, o outputs and the scale s; l is i · s where the scale is
/// given, which need not be whole, and else o.
/// </summary>
public enum ResizeCoordinates
{
    /// <summary>x = (p + ½) / s − ½: inputs and outputs are areas, and the whole areas meet.</summary>
    HalfPixel,

    /// <summary>As half pixel, about the middle of the input: x + (i / 2) · (1 − o / l).</summary>
    HalfPixelSymmetric,

    /// <summary>As half pixel, but 0 for a single output.</summary>
    PyTorchHalfPixel,

    /// <summary>x = p · (i − 1) / (l − 1), 0 for a single output: the first and last centres meet.</summary>
    AlignCorners,

    /// <summary>x = p / s: the first centres meet.</summary>
    Asymmetric,

    /// <summary>x = (p + ½) / s: the nearest input, rounded down, is that in whose area the middle of the output's lies.</summary>
    Middle,
}
