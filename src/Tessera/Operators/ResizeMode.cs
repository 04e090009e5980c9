namespace Tessera.Operators;

/// <summary>What resizing makes of the inputs around a position.</summary>
public enum ResizeMode
{
    /// <summary>The nearest input.</summary>
    Nearest,

    /// <summary>Straight between the two inputs around it, on every axis.</summary>
    Linear,

    /// <summary>Keys' cubic (1981) through the four inputs around it, on every axis.</summary>
    Cubic,
}
