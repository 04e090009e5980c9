namespace Tessera.Networks.Layers;

/// <summary>What <see cref="Reduce"/> makes of the numbers that it takes together.</summary>
public enum ReduceFunction
{
    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>Their sum over their number.</summary>
    Mean,

    /// <summary>The largest; the gradient is the first largest one's.</summary>
    Maximum,

    /// <summary>The smallest; the gradient is the first smallest one's.</summary>
    Minimum,

    /// <summary>The root of the sum of their squares; where that is 0, so are the gradients.</summary>
    L2,

    /// <summary>Their product.</summary>
    Product,
}
