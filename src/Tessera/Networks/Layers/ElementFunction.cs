namespace Tessera.Networks.Layers;

/// <summary>The functions of one element that <see cref="Elementwise"/> computes; those that are constant between steps have the gradient 0.</summary>
public enum ElementFunction
{
    /// <summary>|v|; its slope is taken for 0 at 0.</summary>
    Absolute,

    /// <summary>−v.</summary>
    Negate,

    /// <summary>exp(v).</summary>
    Exponential,

    /// <summary>log(v) to base e; not a number below 0.</summary>
    Logarithm,

    /// <summary>√v; not a number below 0.</summary>
    SquareRoot,

    /// <summary>1 / v.</summary>
    Reciprocal,

    /// <summary>The largest whole number that is not above v.</summary>
    Floor,

    /// <summary>The least whole number that is not below v.</summary>
    Ceiling,

    /// <summary>The nearest whole number, halves to the even one.</summary>
    Round,

    /// <summary>The whole number from v towards 0.</summary>
    Truncate,

    /// <summary>The error function, 2/√π ∫₀ᵛ exp(−t²) dt.</summary>
    Erf,

    /// <summary>sin(v), v in radians.</summary>
    Sine,

    /// <summary>cos(v), v in radians.</summary>
    Cosine,

    /// <summary>−1 below 0, 0 at 0, 1 above.</summary>
    Sign,
}
