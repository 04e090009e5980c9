using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tessera.Bench;

internal enum ReportFormat
{
    Table,
    Markdown,
    Json,
}

/// <summary>Writes lines as they come: as aligned columns or Markdown, with headings wherever another table begins, or as JSON lines.</summary>
internal sealed class Report(ReportFormat format, TextWriter writer)
{
    private static readonly JsonWriterOptions PlainText = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private string? current;

    /// <summary>One line of a table; a JSON object of its own.</summary>
    /// <param name="table">Which table the line belongs to; its columns are the same in every line.</param>
    /// <param name="columns">The line.</param>
    public void Add(string table, IReadOnlyList<Column> columns)
    {
        if (format == ReportFormat.Json)
        {
            writer.WriteLine(Json(columns));
            return;
        }

        var shown = columns.Where(column => column.Heading is not null).ToArray();
        if (current != table)
        {
            current = table;
            writer.WriteLine();
            writer.WriteLine(format == ReportFormat.Markdown ? $"### {table}\n" : table);
            Line(shown, column => column.Heading!);
            if (format == ReportFormat.Markdown) Line(shown, column => column.Width < 0 ? "---" : "---:");
        }

        Line(shown, Text);
    }

    /// <summary>A remark below the tables; JSON has none.</summary>
    public void Remark(string text)
    {
        if (format == ReportFormat.Json) return;
        if (current is not null) writer.WriteLine();
        current = null;
        writer.WriteLine(format == ReportFormat.Markdown ? "- " + text : text);
    }

    private void Line(Column[] columns, Func<Column, string> cell)
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

    private static string Text(Column column) => column.Value switch
    {
        null => "",
        IFormattable number => number.ToString(column.Pattern, CultureInfo.InvariantCulture),
        var other => other.ToString()!,
    };

    private static string Json(IReadOnlyList<Column> columns)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, PlainText))
        {
            json.WriteStartObject();
            foreach (var column in columns.Where(column => column.JsonName is not null))
            {
                json.WritePropertyName(column.JsonName!);
                switch (column.Value)
                {
                    case null:
                        json.WriteNullValue();
                        break;
                    case string text:
                        json.WriteStringValue(text);
                        break;
                    case bool truth:
                        json.WriteBooleanValue(truth);
                        break;
                    case double number:
                        // Six significant digits: figures of 1e-7 stand beside figures of 1e9.
                        json.WriteNumberValue(double.Parse(number.ToString("g6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
                        break;
                    default:
                        json.WriteNumberValue(Convert.ToInt64(column.Value, CultureInfo.InvariantCulture));
                        break;
                }
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
