using System.Globalization;
using Tessera.Training;

namespace Tessera.Cli.Runs;

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

    private readonly ProgressLine line = new(session);

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        if (value.EndOfEpoch is { } metrics)
        {
            line.End($"{Epoch(value)}  loss {ProgressLine.Number(metrics.Loss)}{ProgressLine.Percent(", accuracy", metrics.Accuracy)}{ProgressLine.Watched(metrics, validated)}  {Rate(value.ImagesPerSecond)}  {metrics.Seconds.ToString("0.0", CultureInfo.InvariantCulture)} s");
            if (json) WriteJson(metrics);
        }
        else if (line.IsDue)
        {
            var full = (int)((long)BarWidth * value.Batch / value.Batches);
            line.Rewrite($"{Epoch(value)}  [{new string('#', full)}{new string('.', BarWidth - full)}]  loss {ProgressLine.Number(value.Loss)}{ProgressLine.Percent(", accuracy", value.Accuracy)}  {Rate(value.ImagesPerSecond)}");
        }
    }

    /// <summary>Leaves a line that is still being rewritten.</summary>
    public void Close() => line.Close();

    private void WriteJson(EpochMetrics metrics) => JsonLines.WriteLine(session.Output, writer =>
    {
        ProgressLine.Write(writer, metrics, validated);
        writer.WriteFinite("seconds", metrics.Seconds);
    });

    private static string Epoch(TrainingProgress value)
    {
        var width = value.Epochs.ToString(CultureInfo.InvariantCulture).Length;
        return $"epoch {value.Epoch.ToString(CultureInfo.InvariantCulture).PadLeft(width)}/{value.Epochs}";
    }

    private static string Rate(double imagesPerSecond) => string.Create(CultureInfo.InvariantCulture, $"{imagesPerSecond:#,0} images/s");
}
