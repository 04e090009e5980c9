using System.Numerics;

namespace Tessera.Training;

/// <summary>The loss of one output against one target, and its slope in the output.</summary>
internal interface IElementLoss
{
    static abstract (double Value, double Slope) At(double output, double target);
}

/// <summary>A loss that is the mean of one function over all elements of the output.</summary>
internal static class ElementwiseLoss
{
    public static double OnTargets<T, TElement>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<T> targets, Span<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TElement : struct, IElementLoss
    {
        double sum = 0;
        for (var i = 0; i < output.Length; i++)
        {
            var (value, slope) = TElement.At(double.CreateTruncating(output[i]), double.CreateTruncating(targets[i]));
            sum += value;
            if (!gradient.IsEmpty) gradient[i] = T.CreateTruncating(slope / layout.Count);
        }

        return sum / layout.Count;
    }

    public static double OnLabels<T, TElement>(OutputLayout layout, ReadOnlySpan<T> output, ReadOnlySpan<int> labels, Span<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TElement : struct, IElementLoss
    {
        double sum = 0;
        for (int n = 0, i = 0; n < layout.Examples; n++)
        {
            var own = labels.Slice(n * layout.Positions, layout.Positions);
            for (var k = 0; k < layout.Channels; k++)
            {
                foreach (var label in own)
                {
                    var target = layout.Channels == 1 ? label : label == k ? 1 : 0;
                    var (value, slope) = TElement.At(double.CreateTruncating(output[i]), target);
                    sum += value;
                    if (!gradient.IsEmpty) gradient[i] = T.CreateTruncating(slope / layout.Count);
                    i++;
                }
            }
        }

        return sum / layout.Count;
    }
}
