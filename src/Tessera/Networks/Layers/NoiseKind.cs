namespace Tessera.Networks.Layers;

/// <summary>How <see cref="Noise"/> corrupts an element.</summary>
public enum NoiseKind
{
    /// <summary>Adds a normal number of mean 0.</summary>
    Gaussian,

    /// <summary>Sets it to 0, or leaves it.</summary>
    Masking,

    /// <summary>Sets it to the least or to the most value, each as often, or leaves it.</summary>
    SaltAndPepper,
}
