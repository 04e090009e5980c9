using System.Globalization;
using Tessera.Training;

namespace Tessera.Cli.Runs;

/// <summary>Tells of an experiment in sharing: a line for each epoch of each variant with its drift, and for machines an object each.</summary>
/// <param name="session">Where to write.</param>
/// <param name="json">Whether epochs are also written for machines.</param>
/// <param name="watched">What the samples are called that were looked at after each epoch.</param>
internal sealed class SharingReport(Session session, bool json, string watched) : IProgress<SharingProgress>
{
    private readonly ProgressLine line = new(session);

    /// <summary>The seed of the experiment that runs.</summary>
    public long Seed { get; set; }

    /// <inheritdoc/>
    public void Report(SharingProgress value)
    {
        var training = value.Training;
        var head = string.Create(CultureInfo.InvariantCulture, $"{Named(value),-12} epoch {training.Epoch,2}/{training.Epochs}");
        if (training.EndOfEpoch is { } metrics)
        {
            line.End($"{head}  loss {ProgressLine.Number(metrics.Loss)}{ProgressLine.Watched(metrics, watched)}{string.Concat(value.Drift.Where(drift => drift.Drift.Tile.Product > 1).Select(drift => $"  drift {drift.Layer} {drift.Drift.Overall.ToString("0.000", CultureInfo.InvariantCulture)}"))}");
            if (json) WriteJson(value, metrics);
        }
        else if (line.IsDue)
        {
            line.Rewrite(string.Create(CultureInfo.InvariantCulture, $"{head}  step {training.Batch}/{training.Batches}  loss {training.Loss:0.0000}"));
        }
    }

    /// <summary>Leaves a line that is still being rewritten.</summary>
    public void Close() => line.Close();

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
        ProgressLine.Write(writer, metrics, watched);
        WriteDrift(writer, value.Drift);
    });

    private static string Named(SharingProgress value) => value.Sharing?.ToString() ?? "start";
}
