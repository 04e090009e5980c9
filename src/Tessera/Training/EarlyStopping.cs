namespace Tessera.Training;

/// <summary>Ends a training once <see cref="TrainingDescription.Measure"/> no longer gets better.</summary>
/// <param name="Patience">Epochs without betterment after which it ends; from 1.</param>
/// <param name="MinimumChange">What counts as better: by more than this; from 0.</param>
public sealed record EarlyStopping(int Patience, double MinimumChange = 0);
