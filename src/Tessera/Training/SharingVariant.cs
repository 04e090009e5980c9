using System.Numerics;
using Tessera.Connections;
using Tessera.Execution;

namespace Tessera.Training;

/// <summary>What one sharing came to in a <see cref="SharingExperiment{T}"/>.</summary>
public sealed record SharingVariant<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The sharing, as the experiment's description has it.</summary>
    public required Sharing Sharing { get; init; }

    /// <summary>The model with that sharing in its chosen layers, its normalisation measured.</summary>
    public required ModelDescription Model { get; init; }

    /// <summary>The trained parameters.</summary>
    public required NetworkParameters<T> Parameters { get; init; }

    /// <summary>Every epoch, those of the shared start among them.</summary>
    public required IReadOnlyList<EpochMetrics> Epochs { get; init; }

    /// <summary>The drift between tiles of every chosen layer, at the untying and after every epoch from then on; 0 throughout where the layer is shared.</summary>
    public required IReadOnlyList<LayerDrift> Drift { get; init; }

    /// <summary>How well it does on the test data; null without any.</summary>
    public required Evaluation? Test { get; init; }

    /// <summary>The weights that training changes.</summary>
    public long TrainedWeights => Model.Network.TrainedParameterCount;

    /// <summary>Multiply-adds of one forward pass of one example, padding counted out; the same for every sharing.</summary>
    public required long MultiplyAdds { get; init; }

    /// <summary>Seconds that the epochs after the untying took.</summary>
    public required double Seconds { get; init; }
}
