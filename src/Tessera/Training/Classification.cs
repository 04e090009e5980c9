using System.Numerics;
using System.Numerics.Tensors;

namespace Tessera.Training;

/// <summary>Which class a network's scores speak for.</summary>
internal static class Classification
{
    /// <summary>
    /// The class with the highest score, the first of equals; where there is a single score, class 1 if it lies over what stands half-way
    /// between the classes: 0 for a score before the logistic function, else ½.
    /// </summary>
    public static int ClassOf<T>(ReadOnlySpan<T> scores, Loss loss)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (scores.Length > 1) return TensorPrimitives.IndexOfMax(scores);
        return scores[0] > (loss is BinaryCrossEntropy ? T.Zero : T.CreateTruncating(0.5)) ? 1 : 0;
    }

    /// <summary>The scores as probabilities, where the loss holds the softmax or the logistic function within itself; else as they are.</summary>
    public static double[] Probabilities<T>(ReadOnlySpan<T> scores, Loss loss)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var values = new double[scores.Length];
        TensorPrimitives.ConvertTruncating(scores, values);
        if (loss is CrossEntropy)
        {
            TensorPrimitives.Subtract(values, TensorPrimitives.Max<double>(values), values);
            TensorPrimitives.SoftMax<double>(values, values);
        }
        else if (loss is BinaryCrossEntropy)
        {
            TensorPrimitives.Sigmoid<double>(values, values);
        }

        return values;
    }

    /// <summary>How many of the examples are got right.</summary>
    /// <param name="scores">[examples, K], row-major.</param>
    /// <param name="labels">The class of each example.</param>
    /// <param name="loss">The loss that the network is trained with.</param>
    public static int CountCorrect<T>(ReadOnlySpan<T> scores, ReadOnlySpan<int> labels, Loss loss)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var correct = 0;
        var each = scores.Length / Math.Max(1, labels.Length);
        for (var n = 0; n < labels.Length; n++)
        {
            if (ClassOf(scores.Slice(n * each, each), loss) == labels[n]) correct++;
        }

        return correct;
    }
}
