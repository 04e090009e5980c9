namespace Tessera.Execution.Inference;

/// <summary>One step of an inference: which layers run there as one, and how.</summary>
/// <param name="Layers">Their names, in order; empty for a change of form between layers.</param>
/// <param name="Algorithm">What runs, in words.</param>
public sealed record FusedLayers(IReadOnlyList<string> Layers, string Algorithm)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(Layers.Count == 0 ? "–" : string.Join(" + ", Layers))}: {Algorithm}";
}
