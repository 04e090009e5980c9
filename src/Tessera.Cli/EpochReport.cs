using System.Diagnostics;
using System.Globalization;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>
/// Tells of a training: in a terminal one line per epoch that is rewritten while it goes, in a log file one line per epoch when it has
/// ended; and for machines an object per epoch on standard output.
/// </summary>
/// <param name="session">Where to write.</param>
/// <param name="json">Whether epochs are also written for machines.</param>
/// <param name="validated">What the validation samples are called: validation, or test where they decide nothing.</param>
internal sealed class EpochReport(Session session, bool json, string validated) : IProgress<TrainingProgress>
{
    private const int BarWidth = 24;

    private readonly Stopwatch sinceLine = Stopwatch.StartNew();
    private int written;

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        if (value.EndOfEpoch is { } metrics)
        {
            WriteEnd(value, metrics);
        }
        else if (session.ErrorIsTerminal && sinceLine.ElapsedMilliseconds >= 100)
        {
            var full = (int)((long)BarWidth * value.Batch / value.Batches);
            Rewrite($"{Epoch(value)}  [{new string('#', full)}{new string('.', BarWidth - full)}]  loss {Number(value.Loss)}{Percent(", accuracy", value.Accuracy)}  {Rate(value.ImagesPerSecond)}");
            sinceLine.Restart();
        }
    }

    /// <summary>Leaves a line that is still being rewritten.</summary>
    public void Close()
    {
        if (written > 0) session.Error.WriteLine();
        written = 0;
    }

    private void WriteEnd(TrainingProgress value, EpochMetrics metrics)
    {
        var line = $"{Epoch(value)}  loss {Number(metrics.Loss)}{Percent(", accuracy", metrics.Accuracy)}";
        if (metrics.ValidationLoss is { } loss) line += $"  {validated}: loss {Number(loss)}{Percent(", accuracy", metrics.ValidationAccuracy)}";
        line += $"  {Rate(value.ImagesPerSecond)}  {metrics.Seconds.ToString("0.0", CultureInfo.InvariantCulture)} s";
        if (session.ErrorIsTerminal)
        {
            Rewrite(line);
            Close();
        }
        else
        {
            session.Error.WriteLine(line);
        }

        if (!json) return;
        JsonLines.WriteLine(session.Output, writer =>
        {
            writer.WriteNumber("epoch", metrics.Epoch);
            writer.WriteFinite("loss", metrics.Loss);
            if (metrics.Accuracy is { } accuracy) writer.WriteFinite("accuracy", accuracy);
            if (metrics.ValidationLoss is { } validationLoss) writer.WriteFinite($"{validated}Loss", validationLoss);
            if (metrics.ValidationAccuracy is { } validationAccuracy) writer.WriteFinite($"{validated}Accuracy", validationAccuracy);
            writer.WriteFinite("rate", metrics.Rate);
            writer.WriteFinite("seconds", metrics.Seconds);
        });
    }

    private void Rewrite(string line)
    {
        session.Error.Write('\r' + line.PadRight(written));
        written = line.Length;
    }

    private static string Epoch(TrainingProgress value)
    {
        var width = value.Epochs.ToString(CultureInfo.InvariantCulture).Length;
        return $"epoch {value.Epoch.ToString(CultureInfo.InvariantCulture).PadLeft(width)}/{value.Epochs}";
    }

    private static string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    private static string Percent(string what, double? part) => part is { } known ? string.Create(CultureInfo.InvariantCulture, $"{what} {100 * known:0.00} %") : "";

    private static string Rate(double imagesPerSecond) => string.Create(CultureInfo.InvariantCulture, $"{imagesPerSecond:#,0} images/s");
}
