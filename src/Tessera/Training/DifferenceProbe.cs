using System.Numerics.Tensors;

namespace Tessera.Training;

/// <summary>
/// Central differences of a function along directions, held against the gradient that the function's own code gives. Where two step
/// lengths disagree, or the slopes to either side do not come together as the step shrinks, the point lies at a kink (of relu, of a
/// maximum), and a shorter step is tried; where none agree, the direction is passed over.
/// </summary>
/// <param name="evaluate">
/// Computes the function at where the tensors now stand, as a list of numbers that count by <paramref name="weights"/>: differences are
/// taken of each by itself, so that what does not change takes no digits from what does.
/// </param>
/// <param name="weights">The weight of each number.</param>
internal sealed class DifferenceProbe(Func<double[]> evaluate, double[] weights)
{
    private const double Agreement = 1e-6;

    private static readonly double[] Steps = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7];

    private double[] here = [];
    private double[] high = [];

    /// <summary>Directions compared so far.</summary>
    public int Compared { get; private set; }

    /// <summary>Directions passed over, all step lengths disagreeing.</summary>
    public int PassedOver { get; private set; }

    /// <summary>The worst relative error between differences and gradient over one random direction through all elements and some elements alone.</summary>
    /// <param name="values">The tensor to move; it stands where it stood afterwards.</param>
    /// <param name="gradient">Its gradient, as computed.</param>
    /// <param name="least">A gradient below which errors are not relative, for what is 0 but for rounding.</param>
    /// <param name="elements">How many elements to move alone.</param>
    /// <param name="random">Which, and which direction.</param>
    public double Worst(Span<double> values, double[] gradient, double least, int elements, ref RandomSource random)
    {
        var direction = new double[gradient.Length];
        LayerProbe.Fill(direction, ref random);
        // Against the length of the gradient: by chance alone a product may be near zero.
        var worst = Compare(values, direction, TensorPrimitives.Dot<double>(direction, gradient), Math.Max(least, 0.01 * TensorPrimitives.Norm<double>(gradient)));
        var floor = Math.Max(least, 1e-3 * Largest(gradient));
        for (var i = 0; i < Math.Min(elements, gradient.Length); i++)
        {
            var at = elements >= gradient.Length ? i : random.NextInt(gradient.Length);
            Array.Clear(direction);
            direction[at] = 1;
            worst = Math.Max(worst, Compare(values, direction, gradient[at], floor));
        }

        return worst;
    }

    /// <summary>The largest magnitude.</summary>
    public static double Largest(double[] values) => Math.Abs(TensorPrimitives.MaxMagnitude<double>(values));

    /// <summary>|a − b| over the larger of |a|, |b| and <paramref name="floor"/>; 0 where all are 0, 1 or more where one is not a number.</summary>
    public static double RelativeError(double a, double b, double floor)
    {
        if (a == b) return 0;
        var error = Math.Abs(a - b) / Math.Max(floor, Math.Max(Math.Abs(a), Math.Abs(b)));
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }

    private double Compare(Span<double> values, double[] direction, double expected, double floor)
    {
        var kept = values.ToArray();
        var found = double.NaN;
        Keep(evaluate(), ref here);
        foreach (var step in Steps)
        {
            var (whole, half) = (Difference(values, kept, direction, step), Difference(values, kept, direction, step / 2));
            if (RelativeError(whole.Slope, half.Slope, floor) > Agreement) continue;
            // Exactly at a kink all central differences agree, on the mean of two slopes; what remains of their difference tells.
            if (RelativeError(whole.Slope, whole.Slope + (2 * half.Bend) - whole.Bend, floor) > Agreement) continue;
            // Richardson: the error of a central difference is quadratic in the step.
            found = half.Slope + ((half.Slope - whole.Slope) / 3);
            break;
        }

        kept.CopyTo(values);
        if (double.IsNaN(found))
        {
            PassedOver++;
            return 0;
        }

        Compared++;
        return RelativeError(found, expected, floor);
    }

    /// <summary>The slope over both sides of where the tensors stood, and half of how much it is larger after than before: the curvature times the step, or a kink.</summary>
    private (double Slope, double Bend) Difference(Span<double> values, double[] kept, double[] direction, double step)
    {
        Move(values, kept, direction, step);
        Keep(evaluate(), ref high);
        Move(values, kept, direction, -step);
        var low = evaluate();
        double slope = 0, bend = 0;
        for (var i = 0; i < low.Length; i++)
        {
            slope += weights[i] * (high[i] - low[i]);
            bend += weights[i] * ((high[i] - here[i]) - (here[i] - low[i]));
        }

        return (slope / (2 * step), bend / (2 * step));
    }

    private static void Keep(double[] values, ref double[] kept)
    {
        if (kept.Length != values.Length) kept = new double[values.Length];
        values.CopyTo(kept, 0);
    }

    private static void Move(Span<double> values, double[] kept, double[] direction, double step)
    {
        for (var i = 0; i < kept.Length; i++) values[i] = kept[i] + (step * direction[i]);
    }
}
