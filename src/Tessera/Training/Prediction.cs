namespace Tessera.Training;

/// <summary>What a network says of one example.</summary>
/// <param name="Example">The example's place in its dataset.</param>
/// <param name="Class">The class with the highest score; with a single output, class 1 where it lies over what stands half-way.</param>
/// <param name="Scores">The output for each class: probabilities where the network is trained with a cross-entropy.</param>
public sealed record Prediction(int Example, int Class, IReadOnlyList<double> Scores);
