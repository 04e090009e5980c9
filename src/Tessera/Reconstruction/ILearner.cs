using System.Numerics;

namespace Tessera.Reconstruction;

/// <summary>A reconstruction model that learns from batches without a network's backward pass; a trainer drives it and keeps what it names.</summary>
internal interface ILearner<T> : IReconstructor<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>How many parts are trained one after another, each for all epochs: the machines of a belief net; 1 elsewhere.</summary>
    int Stages { get; }

    /// <summary>What it has learnt: these tensors are the model.</summary>
    IReadOnlyList<NamedTensor<T>> Parameters { get; }

    /// <summary>What it needs besides to go on to the same bits: momenta, chains.</summary>
    IReadOnlyList<NamedTensor<T>> State { get; }

    /// <summary>Codes and reconstructs with the parts up to <paramref name="stage"/> alone, those that have begun to learn.</summary>
    void Reconstruct(ReadOnlySpan<T> samples, int stage, Span<T> reconstructions);

    /// <summary>Learns from one batch; random choices come from the model's seed and the step alone.</summary>
    /// <param name="samples">[N, C, i…].</param>
    /// <param name="stage">The part to train, from 0.</param>
    /// <param name="step">The number of the step in the whole training, from 0.</param>
    /// <returns>The mean square of what the stage's reconstruction misses, over all elements of its input.</returns>
    double Learn(ReadOnlySpan<T> samples, int stage, long step);
}
