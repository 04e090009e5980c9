namespace Tessera.Operators;

/// <summary>Which input is nearest.</summary>
public enum ResizeRounding
{
    /// <summary>The nearer; of two equally near, the first.</summary>
    RoundPreferFloor,

    /// <summary>The nearer; of two equally near, the second.</summary>
    RoundPreferCeil,

    /// <summary>The one before.</summary>
    Floor,

    /// <summary>The one after.</summary>
    Ceil,
}
