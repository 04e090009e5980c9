namespace Tessera.Networks.Layers;

/// <summary>What <see cref="Sparsity"/> adds to the loss.</summary>
public enum SparsityPenalty
{
    /// <summary>The mean magnitude of the activations.</summary>
    L1,

    /// <summary>How far the channels' mean activations are from a target, as relative entropy (Kullback-Leibler divergence).</summary>
    RelativeEntropy,
}
