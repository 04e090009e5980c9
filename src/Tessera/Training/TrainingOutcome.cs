namespace Tessera.Training;

/// <summary>Why a training ended.</summary>
public enum TrainingOutcome
{
    /// <summary>All epochs are done.</summary>
    Completed,

    /// <summary>It no longer got better, as <see cref="EarlyStopping"/> says.</summary>
    StoppedEarly,

    /// <summary>The caller cancelled it; it can go on.</summary>
    Cancelled,
}
