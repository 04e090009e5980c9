using System.Numerics;

namespace Tessera.Networks.Initialisers;

/// <summary>The form of the distribution that weights are drawn from.</summary>
public enum Distribution
{
    /// <summary>Gaussian.</summary>
    Normal,

    /// <summary>Uniform on an interval around 0 with the same variance.</summary>
    Uniform,
}

/// <summary>A rule for the first values of weights.</summary>
public abstract record Initialiser
{
    /// <summary>The word for this rule in a model file.</summary>
    public abstract string Kind { get; }

    /// <summary>Draws all elements of one weight, row-major.</summary>
    /// <param name="values">The elements, overwritten.</param>
    /// <param name="parameter">Shape and fans.</param>
    /// <param name="name">What messages call the parameter.</param>
    /// <param name="random">Where the numbers come from; the same source gives the same weights.</param>
    internal abstract void Fill<T>(Span<T> values, ParameterDescription parameter, string name, ref RandomSource random)
        where T : unmanaged, IFloatingPointIeee754<T>;
}
