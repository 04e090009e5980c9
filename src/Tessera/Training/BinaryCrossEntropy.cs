namespace Tessera.Training;

/// <summary>
/// Cross-entropy of the logistic function σ of each output by itself: L = mean over all elements of −t log σ(z) − (1 − t) log(1 − σ(z)),
/// with dL/dz = σ(z) − t over their number. It takes the scores before the logistic function (logits), in the form
/// max(z, 0) − t·z + log(1 + exp(−|z|)) that no score overflows; a trainer whose network ends in a sigmoid leaves that layer out.
/// </summary>
public sealed record BinaryCrossEntropy : Loss
{
    /// <inheritdoc/>
    public override string Name => "binary cross-entropy";

    private protected override double OnLabels<T>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<int> labels, Span<T> gradient) =>
        ElementwiseLoss.OnLabels<T, Element>(layout, output, labels, gradient);

    private protected override double OnTargets<T>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<T> targets, Span<T> gradient) =>
        ElementwiseLoss.OnTargets<T, Element>(layout, output, targets, gradient);

    private struct Element : IElementLoss
    {
        public static (double Value, double Slope) At(double output, double target)
        {
            var small = Math.Exp(-Math.Abs(output));
            var probability = (output >= 0 ? 1 : small) / (1 + small);
            return (Math.Max(output, 0) - (target * output) + double.LogP1(small), probability - target);
        }
    }
}
