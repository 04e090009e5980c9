using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tessera.Cli;

/// <summary>Results for machines: one JSON object a line.</summary>
internal static class JsonLines
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one object, whose members <paramref name="members"/> writes, as one line.</summary>
    public static void WriteLine(TextWriter output, Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
        output.Flush();
    }

    /// <summary>A number that JSON has no word for (NaN, infinity) becomes null.</summary>
    public static void WriteFinite(this Utf8JsonWriter writer, string key, double value)
    {
        if (double.IsFinite(value)) writer.WriteNumber(key, value);
        else writer.WriteNull(key);
    }

    /// <summary>Sizes as a list of numbers.</summary>
    public static void WriteSizes(this Utf8JsonWriter writer, string key, Sizes sizes)
    {
        writer.WriteStartArray(key);
        foreach (var size in sizes) writer.WriteNumberValue(size);
        writer.WriteEndArray();
    }
}
