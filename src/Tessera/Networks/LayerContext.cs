using Tessera.Execution;

namespace Tessera.Networks;

/// <summary>What a layer is compiled for.</summary>
/// <param name="Inputs">The shapes as <see cref="Layer.InferShape"/> takes them.</param>
/// <param name="Output">The shape of its output.</param>
/// <param name="Index">Its place in the network's list of layers, from 0.</param>
/// <param name="Options">How the network is executed.</param>
/// <param name="Referenced">The layer that its reference names, if any.</param>
/// <param name="IsReferenced">Whether another layer refers to this one.</param>
internal sealed record LayerContext(
    IReadOnlyList<Sizes> Inputs, Sizes Output, int Index, ExecutionOptions Options, Layer? Referenced, bool IsReferenced);
