namespace Tessera.Reconstruction;

/// <summary>An estimate of a partition function by annealed importance sampling.</summary>
/// <param name="LogPartition">log Ẑ, the logarithm of the mean weight of all runs.</param>
/// <param name="StandardError">The standard error of the mean weight, over that mean: about that of log Ẑ where it is small.</param>
/// <param name="Runs">Independent runs.</param>
/// <param name="Temperatures">Steps from the machine without weights to the machine itself.</param>
public sealed record PartitionEstimate(double LogPartition, double StandardError, int Runs, int Temperatures);
