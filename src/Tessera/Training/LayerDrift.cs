using Tessera.Operators;

namespace Tessera.Training;

/// <summary>How far the kernels of a layer had drifted apart after an epoch.</summary>
/// <param name="Layer">The layer's name.</param>
/// <param name="Epoch">The epoch, from 1; 0 for before the first.</param>
/// <param name="Drift">The drift of each tile and of all.</param>
public sealed record LayerDrift(string Layer, int Epoch, TileDrift Drift);
