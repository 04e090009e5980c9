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
}
