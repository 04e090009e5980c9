namespace Tessera.Reconstruction;

/// <summary>What the hidden units of a restricted Boltzmann machine are.</summary>
public enum HiddenUnits
{
    /// <summary>0 or 1: p(h = 1 | v) = σ(I).</summary>
    Binary,

    /// <summary>0 or more: drawn as max(0, I + N(0, σ(I))), with the mean taken as max(0, I) (Nair and Hinton 2010).</summary>
    Rectified,
}
