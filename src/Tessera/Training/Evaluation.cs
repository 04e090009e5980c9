namespace Tessera.Training;

/// <summary>How well a network does on a dataset.</summary>
/// <param name="Loss">The mean loss of an example.</param>
/// <param name="Accuracy">The part of the examples that it gets right; null where they have no labels.</param>
/// <param name="Confusion">Which classes it takes for which; null where examples have no labels, or there are too many classes.</param>
/// <param name="Count">The number of examples.</param>
public sealed record Evaluation(double Loss, double? Accuracy, ConfusionMatrix? Confusion, int Count);
