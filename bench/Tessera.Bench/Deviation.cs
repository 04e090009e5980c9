using System.Numerics;

namespace Tessera.Bench;

/// <summary>How far results lie from what is expected: the largest difference in parts of the largest value, and the root mean square difference in parts of the root mean square value.</summary>
internal readonly record struct Deviation(double Largest, double RootMeanSquare)
{
    /// <summary>The deviation of a result; infinite where the lengths differ or a value is not a number.</summary>
    public static Deviation Of<T>(ReadOnlySpan<T> expected, ReadOnlySpan<float> actual, double least = 0)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var infinite = new Deviation(double.PositiveInfinity, double.PositiveInfinity);
        if (expected.Length != actual.Length) return infinite;
        double worst = 0, largest = least, squares = 0, differences = 0;
        for (var index = 0; index < expected.Length; index++)
        {
            var value = double.CreateTruncating(expected[index]);
            var difference = Math.Abs(value - actual[index]);
            if (!double.IsFinite(difference)) return infinite;
            worst = Math.Max(worst, difference);
            largest = Math.Max(largest, Math.Abs(value));
            differences += difference * difference;
            squares += value * value;
        }

        return worst == 0 ? default : new Deviation(worst / largest, Math.Sqrt(differences / squares));
    }
}
