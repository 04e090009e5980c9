namespace Tessera.Execution;

/// <summary>What an execution tells its layers before a pass.</summary>
internal sealed class PassState
{
    /// <summary>The seed of random layers.</summary>
    public long Seed { get; init; }

    /// <summary>The training step, which random layers draw anew from.</summary>
    public long Step { get; set; }

    /// <summary>Whether a pass only looks: running statistics stay as they are.</summary>
    public bool IsProbe { get; set; }

    /// <summary>
    /// What a random layer draws this step's numbers from. A layer that draws them again in its backward pass keeps it from its forward pass: the
    /// step may be set anew in between.
    /// </summary>
    /// <param name="layer">The layer's place in the network.</param>
    public long KeyOf(int layer) => unchecked((long)new RandomSource(Seed, layer, Step).NextBits());
}
