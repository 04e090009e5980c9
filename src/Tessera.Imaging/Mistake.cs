namespace Tessera.Imaging;

/// <summary>A sample that a network took for something else.</summary>
/// <param name="Sample">The sample before normalisation: values from 0 to 1, [C, H, W] row-major.</param>
/// <param name="Said">The class that the network said.</param>
/// <param name="Is">The class that it is.</param>
/// <param name="Probability">The probability that the network gave to what it said, from 0 to 1.</param>
public sealed record Mistake(ReadOnlyMemory<float> Sample, string Said, string Is, double Probability);
