using System.Diagnostics;
using System.Globalization;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>Tells of an experiment in sharing: a line for each epoch of each variant with its drift, and for machines an object each.</summary>
/// <param name="session">Where to write.</param>
/// <param name="json">Whether epochs are also written for machines.</param>
/// <param name="watched">What the samples are called that were looked at after each epoch.</param>
internal sealed class SharingReport(Session session, bool json, string watched) : IProgress<SharingProgress>
{
    private readonly Stopwatch sinceLine = Stopwatch.StartNew();
    private int written;

    /// <summary>The seed of the experiment that runs.</summary>
    public long Seed { get; set; }

    /// <inheritdoc/>
    public void Report(SharingProgress value)
    {
        var training = value.Training;
        var head = string.Create(CultureInfo.InvariantCulture, $"{Named(value),-12} epoch {training.Epoch,2}/{training.Epochs}");
        if (training.EndOfEpoch is { } metrics)
        {
            Rewrite($"{head}  loss {Number(metrics.Loss)}{Watched(metrics)}{string.Concat(value.Drift.Where(drift => drift.Drift.Tile.Product > 1).Select(drift => $"  drift {drift.Layer} {drift.Drift.Overall.ToString("0.000", CultureInfo.InvariantCulture)}"))}");
            Close();
            if (json) WriteJson(value, metrics);
        }
        else if (session.ErrorIsTerminal && sinceLine.ElapsedMilliseconds >= 100)
        {
            Rewrite(string.Create(CultureInfo.InvariantCulture, $"{head}  step {training.Batch}/{training.Batches}  loss {training.Loss:0.0000}"));
            sinceLine.Restart();
        }
    }

    /// <summary>Leaves a line that is still being rewritten.</summary>
    public void Close()
    {
        if (written > 0) session.Error.WriteLine();
        written = 0;
    }

    /// <summary>The drift of each layer as an object.</summary>
    public static void WriteDrift(System.Text.Json.Utf8JsonWriter writer, IEnumerable<LayerDrift> drifts)
    {
        writer.WriteStartObject("drift");
        foreach (var drift in drifts) writer.WriteFinite(drift.Layer, drift.Drift.Overall);
        writer.WriteEndObject();
    }

    private void WriteJson(SharingProgress value, EpochMetrics metrics) => JsonLines.WriteLine(session.Output, writer =>
    {
        writer.WriteNumber("seed", Seed);
        writer.WriteString("sharing", Named(value));
        writer.WriteNumber("epoch", metrics.Epoch);
        writer.WriteFinite("loss", metrics.Loss);
        if (metrics.Accuracy is { } accuracy) writer.WriteFinite("accuracy", accuracy);
        if (metrics.ValidationLoss is { } validationLoss) writer.WriteFinite($"{watched}Loss", validationLoss);
        if (metrics.ValidationAccuracy is { } validationAccuracy) writer.WriteFinite($"{watched}Accuracy", validationAccuracy);
        writer.WriteFinite("rate", metrics.Rate);
        WriteDrift(writer, value.Drift);
    });

    private string Watched(EpochMetrics metrics)
    {
        if (metrics.ValidationLoss is not { } loss) return "";
        var accuracy = metrics.ValidationAccuracy is { } part ? string.Create(CultureInfo.InvariantCulture, $", accuracy {100 * part:0.00} %") : "";
        return $"  {watched}: loss {Number(loss)}{accuracy}";
    }

    /// <summary>In a terminal a line takes the place of the one before it; a log file gets whole lines alone.</summary>
    private void Rewrite(string line)
    {
        session.Error.Write((session.ErrorIsTerminal ? "\r" : "") + line.PadRight(written));
        written = line.Length;
    }

    private static string Named(SharingProgress value) => value.Sharing?.ToString() ?? "start";

    private static string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}
