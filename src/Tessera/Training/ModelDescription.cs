using Tessera.Data;
using Tessera.Networks;

namespace Tessera.Training;

/// <summary>What a model file says: a network, how it is trained, and on what.</summary>
/// <param name="Network">The layers and their shapes.</param>
/// <param name="Training">Epochs, loss, optimiser and all else of training.</param>
/// <param name="Data">Where samples come from and what is done to them.</param>
public sealed record ModelDescription(NetworkDescription Network, TrainingDescription Training, DataDescription Data);
