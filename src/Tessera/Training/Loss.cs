using System.Numerics;

namespace Tessera.Training;

/// <summary>
/// How far a network's output is from what was wanted, as one number to make small, and its gradient for the output.
/// An output has the shape [N, K] or [N, K, o_1 … o_d]; a label is a class 0 … K−1 for each example and position. Sums are
/// taken in double, in the order of memory. The family is closed: <see cref="CrossEntropy"/>, <see cref="MeanSquaredError"/>,
/// <see cref="MeanAbsoluteError"/>, <see cref="BinaryCrossEntropy"/>.
/// </summary>
public abstract record Loss
{
    private protected Loss()
    {
    }

    /// <summary>What messages and files call the loss.</summary>
    public abstract string Name { get; }

    /// <summary>The loss of an output against labels, and its gradient.</summary>
    /// <param name="outputShape">[N, K] or [N, K, o_1 … o_d].</param>
    /// <param name="output">The network's output.</param>
    /// <param name="labels">One class for each example and position, [N, o_1 … o_d]. Where K is 1, the label, 0 or 1, is the target itself; otherwise the target is 1 for the label's channel and 0 for the others.</param>
    /// <param name="gradient">Overwritten by dL/doutput, of the output's shape; empty where it is not wanted.</param>
    /// <exception cref="ArgumentException">Sizes do not fit, or a label is not one of the classes; nothing is written then.</exception>
    public double Evaluate<T>(Sizes outputShape, ReadOnlySpan<T> output, ReadOnlySpan<int> labels, Span<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var layout = OutputLayout.Of(outputShape, Name);
        layout.CheckOutput(output.Length, gradient.Length, Name);
        layout.CheckLabels(labels, Name);
        return OnLabels(layout, output, labels, gradient);
    }

    /// <summary>The loss of an output against targets of the same shape, and its gradient.</summary>
    /// <param name="outputShape">[N, K] or [N, K, o_1 … o_d].</param>
    /// <param name="output">The network's output.</param>
    /// <param name="targets">What was wanted, of the output's shape; probabilities for the cross-entropies.</param>
    /// <param name="gradient">Overwritten by dL/doutput, of the output's shape; empty where it is not wanted.</param>
    /// <exception cref="ArgumentException">Sizes do not fit; nothing is written then.</exception>
    public double Evaluate<T>(Sizes outputShape, ReadOnlySpan<T> output, ReadOnlySpan<T> targets, Span<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var layout = OutputLayout.Of(outputShape, Name);
        layout.CheckOutput(output.Length, gradient.Length, Name);
        layout.CheckTargets(targets.Length, Name);
        return OnTargets(layout, output, targets, gradient);
    }

    /// <summary>Throws where the loss's own settings make no sense.</summary>
    internal virtual void Check()
    {
    }

    private protected abstract double OnLabels<T>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<int> labels, Span<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>;

    private protected abstract double OnTargets<T>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<T> targets, Span<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>;
}
