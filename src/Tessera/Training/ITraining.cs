using System.Numerics;
using Tessera.Data;

namespace Tessera.Training;

/// <summary>A training as <see cref="EpochLoop{T}"/> drives it: what is its own in a step and at the end of an epoch.</summary>
internal interface ITraining<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The epochs of the whole training.</summary>
    int Epochs { get; }

    /// <summary>The part of the epoch's examples so far that were got right; null where there is no such thing.</summary>
    double? Accuracy { get; }

    /// <summary>The rate of the last step.</summary>
    double Rate { get; }

    /// <summary>Learns from one batch.</summary>
    /// <returns>The mean loss of its examples.</returns>
    double Step(Batch<T> batch);

    /// <summary>Throws where a parameter is no longer finite; asked before anything is validated or saved.</summary>
    void CheckParameters();

    /// <summary>How validation examples do now; null without any.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    Evaluation? Validate(CancellationToken cancellation);

    /// <summary>Told when the epoch's metrics are the last of the history.</summary>
    void EpochEnded();

    /// <summary>Writes a checkpoint from which the training can go on.</summary>
    void Save(string path);
}
