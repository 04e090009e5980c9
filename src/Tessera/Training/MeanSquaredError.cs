namespace Tessera.Training;

/// <summary>
/// L = mean over all elements of (z − t)², with dL/dz = 2 (z − t) over their number.
/// </summary>
public sealed record MeanSquaredError : Loss
{
    /// <inheritdoc/>
    public override string Name => "mean squared error";

    private protected override double OnLabels<T>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<int> labels, Span<T> gradient) =>
        ElementwiseLoss.OnLabels<T, Element>(layout, output, labels, gradient);

    private protected override double OnTargets<T>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<T> targets, Span<T> gradient) =>
        ElementwiseLoss.OnTargets<T, Element>(layout, output, targets, gradient);

    private struct Element : IElementLoss
    {
        public static (double Value, double Slope) At(double output, double target)
        {
            var difference = output - target;
            return (difference * difference, 2 * difference);
        }
    }
}
