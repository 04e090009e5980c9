namespace Tessera.Training;

/// <summary>
/// L = mean over all elements of |z − t|, with dL/dz = sign(z − t) over their number, and 0 where z = t.
/// </summary>
public sealed record MeanAbsoluteError : Loss
{
    /// <inheritdoc/>
    public override string Name => "mean absolute error";

    private protected override double OnLabels<T>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<int> labels, Span<T> gradient) =>
        ElementwiseLoss.OnLabels<T, Element>(layout, output, labels, gradient);

    private protected override double OnTargets<T>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<T> targets, Span<T> gradient) =>
        ElementwiseLoss.OnTargets<T, Element>(layout, output, targets, gradient);

    private struct Element : IElementLoss
    {
        public static (double Value, double Slope) At(double output, double target)
        {
            var difference = output - target;
            // Not Math.Sign, which throws on NaN: a broken output must come out as a broken loss.
            return (Math.Abs(difference), difference > 0 ? 1 : difference < 0 ? -1 : difference);
        }
    }
}
