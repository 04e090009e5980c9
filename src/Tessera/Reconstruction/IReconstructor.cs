using System.Numerics;

namespace Tessera.Reconstruction;

/// <summary>
/// A model that turns examples into codes and codes back into examples: an autoencoder, a belief net of restricted Boltzmann machines, a
/// sparse coder. All tensors are row-major; a call takes a whole batch. One thread uses it at a time.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IReconstructor<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The examples N that one call takes.</summary>
    int Batch { get; }

    /// <summary>The shape of one example, [C, i…].</summary>
    Sizes SampleShape { get; }

    /// <summary>The shape of one code, [M, o…].</summary>
    Sizes CodeShape { get; }

    /// <summary>Computes the codes of examples.</summary>
    /// <param name="samples">[N, C, i…], normalised as for training.</param>
    /// <param name="codes">[N, M, o…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    void Encode(ReadOnlySpan<T> samples, Span<T> codes);

    /// <summary>Computes the codes of examples, and examples from those codes alone (and, where a network unpools, from where its windows' winners stood).</summary>
    /// <param name="samples">[N, C, i…], normalised as for training.</param>
    /// <param name="reconstructions">[N, C, i…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    void Reconstruct(ReadOnlySpan<T> samples, Span<T> reconstructions);

    /// <summary>Computes the codes of examples and what they are reconstructed as, at the cost of one inference: the same numbers as <see cref="Encode"/> and <see cref="Reconstruct(ReadOnlySpan{T}, Span{T})"/> give.</summary>
    /// <param name="samples">[N, C, i…], normalised as for training.</param>
    /// <param name="codes">[N, M, o…]; overwritten.</param>
    /// <param name="reconstructions">[N, C, i…]; overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    void Reconstruct(ReadOnlySpan<T> samples, Span<T> codes, Span<T> reconstructions);
}
