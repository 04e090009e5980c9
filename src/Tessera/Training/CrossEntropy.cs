using System.Globalization;
using System.Numerics;

namespace Tessera.Training;

/// <summary>
/// Cross-entropy of the softmax of the outputs: L = mean over examples and positions of −Σ_k t_k log softmax(z)_k, with
/// dL/dz = softmax(z)·Σt − t over their number. It takes the scores before the softmax (logits) and subtracts the largest
/// before it exponentiates, so that no score is too large; a trainer whose network ends in a softmax leaves that layer out.
/// Sources: Bridle 1990; label smoothing, t' = (1 − ε)·t + ε / K: Szegedy et al. 2016, equation 3.
/// </summary>
public sealed record CrossEntropy : Loss
{
    /// <summary>ε, the part of each target that is spread evenly over all classes; 0 ≤ ε &lt; 1.</summary>
    public double LabelSmoothing { get; init; }

    /// <inheritdoc/>
    public override string Name => "cross-entropy";

    internal override void Check()
    {
        if (LabelSmoothing is >= 0 and < 1) return;
        throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"cross-entropy: a label smoothing of {LabelSmoothing} is not from 0 to less than 1; 0.1 is usual."));
    }

    private protected override double OnLabels<T>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<int> labels, Span<T> gradient)
    {
        Check();
        if (layout.Channels == 1)
            throw new ArgumentException("cross-entropy: the softmax of a single output is always 1; give the network one output for each class, or use binary cross-entropy.", nameof(output));
        var even = LabelSmoothing / layout.Channels;
        double sum = 0;
        for (int n = 0, label = 0; n < layout.Examples; n++)
        {
            for (var p = 0; p < layout.Positions; p++, label++)
            {
                var first = (n * layout.Channels * layout.Positions) + p;
                var (logSum, scores) = LogSumExp(layout, output, first);
                var wanted = double.CreateTruncating(output[first + (labels[label] * layout.Positions)]);
                // −Σ t' (z − log Σ exp z), where t' sums to 1.
                sum += logSum - ((1 - LabelSmoothing) * wanted);
                // Where nothing is smoothed, a score of −∞ costs nothing.
                if (even != 0) sum -= even * scores;
                if (gradient.IsEmpty) continue;
                for (var k = 0; k < layout.Channels; k++)
                {
                    var at = first + (k * layout.Positions);
                    var target = even + (k == labels[label] ? 1 - LabelSmoothing : 0);
                    gradient[at] = T.CreateTruncating((Math.Exp(double.CreateTruncating(output[at]) - logSum) - target) / layout.LabelCount);
                }
            }
        }

        return sum / layout.LabelCount;
    }

    private protected override double OnTargets<T>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<T> targets, Span<T> gradient)
    {
        Check();
        var even = LabelSmoothing / layout.Channels;
        double sum = 0;
        for (var n = 0; n < layout.Examples; n++)
        {
            for (var p = 0; p < layout.Positions; p++)
            {
                var first = (n * layout.Channels * layout.Positions) + p;
                var (logSum, _) = LogSumExp(layout, output, first);
                double targetSum = 0;
                for (var k = 0; k < layout.Channels; k++)
                {
                    var at = first + (k * layout.Positions);
                    var target = even + ((1 - LabelSmoothing) * double.CreateTruncating(targets[at]));
                    targetSum += target;
                    // What is not wanted costs nothing, even where its score is −∞.
                    if (target != 0) sum += target * (logSum - double.CreateTruncating(output[at]));
                }

                if (gradient.IsEmpty) continue;
                for (var k = 0; k < layout.Channels; k++)
                {
                    var at = first + (k * layout.Positions);
                    var target = even + ((1 - LabelSmoothing) * double.CreateTruncating(targets[at]));
                    var probability = Math.Exp(double.CreateTruncating(output[at]) - logSum);
                    gradient[at] = T.CreateTruncating(((probability * targetSum) - target) / layout.LabelCount);
                }
            }
        }

        return sum / layout.LabelCount;
    }

    /// <summary>log Σ_k exp z_k and Σ_k z_k of one position.</summary>
    private static (double LogSum, double Sum) LogSumExp<T>(OutputLayout layout, ReadOnlySpan<T> output, int first)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var end = first + (layout.Channels * layout.Positions);
        var largest = double.NegativeInfinity;
        double scores = 0, sum = 0;
        for (var at = first; at < end; at += layout.Positions)
        {
            var score = double.CreateTruncating(output[at]);
            scores += score;
            largest = Math.Max(largest, score);
        }

        for (var at = first; at < end; at += layout.Positions) sum += Math.Exp(double.CreateTruncating(output[at]) - largest);
        return (largest + Math.Log(sum), scores);
    }
}
