using System.Globalization;
using System.Text;

namespace Tessera.Training;

/// <summary>How often a classifier said each class of examples of each class.</summary>
public sealed class ConfusionMatrix
{
    /// <summary>The most classes for which a matrix is kept; beyond it the matrix would be larger than most networks.</summary>
    public const int MostClasses = 2048;

    private readonly long[] counts;

    /// <summary>A matrix of zeros.</summary>
    /// <param name="classes">The number of classes, 2 to <see cref="MostClasses"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer or more.</exception>
    public ConfusionMatrix(int classes)
    {
        if (classes is < 2 or > MostClasses)
            throw new ArgumentOutOfRangeException(nameof(classes), classes, $"confusion matrix: {classes} classes; it is kept for 2 to {MostClasses}.");
        Classes = classes;
        counts = new long[classes * classes];
    }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>How many examples of class <paramref name="actual"/> were taken for <paramref name="predicted"/>.</summary>
    public long this[int actual, int predicted] => counts[Index(actual, predicted)];

    /// <summary>All examples.</summary>
    public long Total => counts.Sum();

    /// <summary>Examples whose class was said.</summary>
    public long Correct => Enumerable.Range(0, Classes).Sum(k => this[k, k]);

    /// <summary>Correct over all; NaN where there are none.</summary>
    public double Accuracy => Correct / (double)Total;

    /// <summary>Counts one example.</summary>
    public void Add(int actual, int predicted) => counts[Index(actual, predicted)]++;

    /// <summary>Of what was taken for <paramref name="kind"/>, the part that was; NaN where nothing was taken for it.</summary>
    public double Precision(int kind) => this[kind, kind] / (double)Enumerable.Range(0, Classes).Sum(actual => this[actual, kind]);

    /// <summary>Of the examples of <paramref name="kind"/>, the part that was taken for it; NaN where there are none.</summary>
    public double Recall(int kind) => this[kind, kind] / (double)Enumerable.Range(0, Classes).Sum(predicted => this[kind, predicted]);

    /// <summary>A table: a row for each actual class with its recall, a column for each predicted class, the precisions below.</summary>
    /// <param name="classNames">The names of the classes; numbers where left out.</param>
    public string ToText(IReadOnlyList<string>? classNames = null)
    {
        var names = classNames is { Count: var count } && count == Classes ? classNames : [.. Enumerable.Range(0, Classes).Select(k => k.ToString(CultureInfo.InvariantCulture))];
        var first = Math.Max(9, names.Max(name => name.Length));
        var column = Math.Max(names.Max(name => name.Length), Math.Max(5, counts.Max().ToString(CultureInfo.InvariantCulture).Length)) + 1;
        var text = new StringBuilder(new string(' ', first));
        foreach (var name in names) text.Append(name.PadLeft(column));
        text.Append("  recall\n");
        for (var actual = 0; actual < Classes; actual++)
        {
            text.Append(names[actual].PadRight(first));
            for (var predicted = 0; predicted < Classes; predicted++)
                text.Append(this[actual, predicted].ToString(CultureInfo.InvariantCulture).PadLeft(column));
            text.Append(Percent(Recall(actual)).PadLeft(8)).Append('\n');
        }

        text.Append("precision".PadRight(first));
        for (var predicted = 0; predicted < Classes; predicted++) text.Append(Percent(Precision(predicted)).PadLeft(column));
        return text.Append('\n').ToString();
    }

    /// <summary>The table with numbered classes.</summary>
    public override string ToString() => ToText();

    private int Index(int actual, int predicted)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)actual, (uint)Classes, nameof(actual));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)predicted, (uint)Classes, nameof(predicted));
        return (actual * Classes) + predicted;
    }

    private static string Percent(double part) =>
        double.IsNaN(part) ? "-" : (100 * part).ToString("0.0", CultureInfo.InvariantCulture);
}
