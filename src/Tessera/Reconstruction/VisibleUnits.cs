namespace Tessera.Reconstruction;

/// <summary>What the visible units of a restricted Boltzmann machine are.</summary>
public enum VisibleUnits
{
    /// <summary>0 or 1, or a probability in between: p(v = 1 | h) = σ(a + c).</summary>
    Binary,

    /// <summary>Any number, normal of variance 1 around a + c; data must be normalised to mean 0 and variance 1.</summary>
    Gaussian,
}
