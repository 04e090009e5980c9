using Tessera.Connections;

namespace Tessera.Training;

/// <summary>How far a <see cref="SharingExperiment{T}"/> is.</summary>
/// <param name="Sharing">The variant that is trained; null while all are shared.</param>
/// <param name="Training">Its step or epoch.</param>
/// <param name="Drift">The drift of every chosen layer, at the end of an epoch after the untying; else empty.</param>
public sealed record SharingProgress(Sharing? Sharing, TrainingProgress Training, IReadOnlyList<LayerDrift> Drift);
