using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Tessera.Files;

/// <summary>JSON files as this library writes them: one object, indented, ended by a line feed.</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions Options = new() { Indented = true };

    /// <summary>An object whose members <paramref name="members"/> writes.</summary>
    public static string Indented(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes a text as the file at <paramref name="path"/>, whole or not at all.</summary>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write(string path, string json)
    {
        var text = Encoding.UTF8.GetBytes(json + "\n");
        AtomicFile.Write(path, stream => stream.Write(text));
    }
}
