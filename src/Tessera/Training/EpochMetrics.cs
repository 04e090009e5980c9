using System.Globalization;

namespace Tessera.Training;

/// <summary>What one epoch came to.</summary>
public sealed record EpochMetrics
{
    /// <summary>The names of the columns that <see cref="ToCsv"/> writes.</summary>
    public const string CsvHeader = "epoch,loss,accuracy,validationLoss,validationAccuracy,rate,seconds";

    /// <summary>The epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>The mean loss of the training examples, each as its step saw it, with the penalties of layers.</summary>
    public required double Loss { get; init; }

    /// <summary>The part of the training examples that their steps got right; null where examples have no labels.</summary>
    public double? Accuracy { get; init; }

    /// <summary>The mean loss of the validation examples after the epoch; null without any.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The part of the validation examples that the network gets right after the epoch; null without any, or without labels.</summary>
    public double? ValidationAccuracy { get; init; }

    /// <summary>The rate of the epoch's last step.</summary>
    public required double Rate { get; init; }

    /// <summary>Seconds that training took until the end of this epoch, interruptions not counted.</summary>
    public required double Seconds { get; init; }

    /// <summary>One line of comma-separated values in the order of <see cref="CsvHeader"/>; what is null is left empty.</summary>
    public string ToCsv() => string.Create(
        CultureInfo.InvariantCulture, $"{Epoch},{Loss},{Accuracy},{ValidationLoss},{ValidationAccuracy},{Rate},{Seconds}");

    /// <summary>The metrics in a line that <see cref="ToCsv"/> wrote, to the bit.</summary>
    /// <exception cref="FormatException">It is no such line.</exception>
    public static EpochMetrics ParseCsv(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        var fields = line.Split(',');
        if (fields.Length != 7) throw new FormatException($"'{line}' has {fields.Length} fields, not 7");
        return new EpochMetrics
        {
            Epoch = int.Parse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture),
            Loss = Number(fields[1]),
            Accuracy = Optional(fields[2]),
            ValidationLoss = Optional(fields[3]),
            ValidationAccuracy = Optional(fields[4]),
            Rate = Number(fields[5]),
            Seconds = Number(fields[6]),
        };

        static double? Optional(string field) => field.Length == 0 ? null : Number(field);
        static double Number(string field)
        {
            var value = double.Parse(field, NumberStyles.Float, CultureInfo.InvariantCulture);
            return double.IsFinite(value) ? value : throw new FormatException($"'{field}' is not finite");
        }
    }
}
