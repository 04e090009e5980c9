using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tessera.Bench;

internal enum ReportFormat
{
    Table,
    Markdown,
    Json,
}

/// <summary>Writes rows as they come, as aligned columns, Markdown or JSON lines, and geometric means at the end.</summary>
internal sealed class Report(ReportFormat format, TextWriter writer)
{
    private readonly List<Row> rows = [];
    private string? suite;

    public void Add(Row row)
    {
        rows.Add(row);
        if (format == ReportFormat.Json)
        {
            writer.WriteLine(Json(row));
            return;
        }

        if (suite != row.Workload.Suite)
        {
            suite = row.Workload.Suite;
            writer.WriteLine();
            if (format == ReportFormat.Markdown) writer.WriteLine($"### {suite}\n");
            var columns = Columns(row);
            Line(columns, column => column.Heading);
            if (format == ReportFormat.Markdown) Line(columns, column => column.Width < 0 ? "---" : "---:");
        }

        Line(Columns(row), column => column.Text);
    }

    /// <summary>How many times as fast as each peer, in geometric mean over the shapes of each suite and operation.</summary>
    public void Finish()
    {
        if (format == ReportFormat.Json) return;
        writer.WriteLine();
        foreach (var group in rows.Where(row => row.Ratio is not null).GroupBy(row => (row.Workload.Suite, Operation: row.Workload.Operation.Name(), row.Workload.Threads, row.Peer)))
        {
            var mean = Math.Exp(group.Average(row => Math.Log(row.Ratio!.Value)));
            var key = group.Key;
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(format == ReportFormat.Markdown ? "- " : "")}{key.Suite} {key.Operation}, {key.Threads} threads: {mean:f2} times {key.Peer} in geometric mean over {group.Count()} shapes, {group.Min(row => row.Ratio):f2} at the least"));
        }
    }

    private static (string Heading, int Width, string Text)[] Columns(Row row)
    {
        var workload = row.Workload;
        var unit = workload.CountsFloatingPointOperations ? "GFLOP/s" : "images/s";
        return
        [
            ("shape", -15, workload.Name),
            ("operation", -16, workload.Operation.Name()),
            ("threads", 7, workload.Threads.ToString(CultureInfo.InvariantCulture)),
            ("ms", 9, Number(row.Seconds * 1e3, "f3")),
            (unit, 8, Number(row.Rate, "f1")),
            ("of peak", 7, Number(row.PeakShare, "p0")),
            ("of memory", 9, Number(row.BandwidthShare, "p0")),
            ("KiB work", 8, Number(row.WorkspaceBytes / 1024.0, "f0")),
            ("peer", -16, row.Peer ?? ""),
            ("peer ms", 9, Number(row.PeerSeconds * 1e3, "f3")),
            ("peer " + unit, 13, Number(row.PeerRate, "f1")),
            ("ratio", 6, Number(row.Ratio, "f2")),
            ("", -9, row.Agrees ? "" : "DISAGREES"),
        ];
    }

    private void Line((string Heading, int Width, string Text)[] columns, Func<(string Heading, int Width, string Text), string> cell)
    {
        var line = new StringBuilder();
        foreach (var column in columns)
        {
            var text = cell(column);
            var padded = column.Width < 0 ? text.PadRight(-column.Width) : text.PadLeft(column.Width);
            line.Append(format == ReportFormat.Markdown ? $"| {text} " : padded + "  ");
        }

        writer.WriteLine(format == ReportFormat.Markdown ? line.Append('|') : line.ToString().TrimEnd());
    }

    private static string Number(double? value, string pattern) => value?.ToString(pattern, CultureInfo.InvariantCulture) ?? "";

    private static string Json(Row row)
    {
        var workload = row.Workload;
        var (rate, peerRate) = workload.CountsFloatingPointOperations ? ("gflops", "peerGflops") : ("imagesPerSecond", "peerImagesPerSecond");
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("suite", workload.Suite);
            json.WriteString("shape", workload.Name);
            json.WriteString("operation", workload.Operation.Name());
            json.WriteNumber("threads", workload.Threads);
            Write(json, rate, row.Rate);
            Write(json, "milliseconds", row.Seconds * 1e3);
            json.WriteString("peer", row.Peer);
            Write(json, peerRate, row.PeerRate);
            Write(json, "peerMilliseconds", row.PeerSeconds * 1e3);
            Write(json, "ratio", row.Ratio);
            Write(json, "peakShare", row.PeakShare);
            Write(json, "bandwidthShare", row.BandwidthShare);
            Write(json, "workspaceBytes", row.WorkspaceBytes);
            json.WriteBoolean("agrees", row.Agrees);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number) json.WriteNumber(name, Math.Round(number, 6));
        else json.WriteNull(name);
    }
}
