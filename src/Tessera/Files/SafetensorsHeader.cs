using System.Buffers;
using System.Text.Json;

namespace Tessera.Files;

/// <summary>The JSON header of a safetensors file, read with every promise of the format checked, and written.</summary>
internal static class SafetensorsHeader
{
    public const string MetadataKey = "__metadata__";
    public const int LongestHeader = 100_000_000;
    private const int MostAxes = 64;

    /// <summary>The entries in the order of their bytes, and the metadata.</summary>
    /// <param name="json">The header.</param>
    /// <param name="dataBytes">The bytes of the file behind the header.</param>
    /// <param name="path">The file, for messages.</param>
    public static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Parse(ReadOnlySpan<byte> json, long dataBytes, string path)
    {
        var entries = new List<SafetensorsEntry>();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!Is(ref reader, JsonTokenType.StartObject)) throw Wrong(path, "the header is not a JSON object");
            var names = new HashSet<string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                if (!names.Add(name)) throw Wrong(path, $"'{name}' is there twice");
                if (name == MetadataKey) ReadMetadata(ref reader, metadata, path);
                else entries.Add(ReadEntry(ref reader, name, path));
            }

            // Nothing but white space may follow; the reader throws where something else does.
            reader.Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The reader reports text that is not UTF-8 as an invalid operation.
            throw new InvalidDataException($"{path}: the safetensors header is not valid JSON: {exception.Message}", exception);
        }

        entries.Sort((left, right) => left.Offset != right.Offset ? left.Offset.CompareTo(right.Offset) : left.Bytes.CompareTo(right.Bytes));
        long end = 0;
        foreach (var entry in entries)
        {
            if (entry.Offset != end)
                throw Wrong(path, $"'{entry.Name}' begins at byte {entry.Offset}, but the tensors before it end at {end}; tensors must touch, without holes or overlaps");
            end = entry.Offset + entry.Bytes;
            if (end > dataBytes) throw Wrong(path, $"'{entry.Name}' ends at byte {end}, but the file has {dataBytes} bytes of data; it is cut off or lies");
        }

        if (end != dataBytes) throw Wrong(path, $"the tensors end at byte {end}, but the file has {dataBytes} bytes of data");
        return (entries, metadata);
    }

    /// <summary>The header, padded with spaces so that the data begins at a multiple of 8 bytes.</summary>
    public static byte[] Format(IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                writer.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) writer.WriteString(key, value);
                writer.WriteEndObject();
            }

            long offset = 0;
            foreach (var tensor in tensors)
            {
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", tensor.Type.ToSafetensors());
                writer.WriteStartArray("shape");
                foreach (var size in tensor.Shape) writer.WriteNumberValue(size);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(offset);
                offset += tensor.Shape.Product * tensor.Type.Bytes();
                writer.WriteNumberValue(offset);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        var header = new byte[(buffer.WrittenCount + 7) / 8 * 8];
        header.AsSpan().Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(header);
        return header;
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata, string path)
    {
        if (!Is(ref reader, JsonTokenType.StartObject)) throw Wrong(path, $"{MetadataKey} is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            if (!Is(ref reader, JsonTokenType.String)) throw Wrong(path, $"{MetadataKey}: '{key}' is not a text");
            if (!metadata.TryAdd(key, reader.GetString()!)) throw Wrong(path, $"{MetadataKey}: '{key}' is there twice");
        }
    }

    private static SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name, string path)
    {
        string? typeName = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        if (!Is(ref reader, JsonTokenType.StartObject)) throw Wrong(path, $"'{name}' is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (typeName is null && reader.ValueTextEquals("dtype"u8))
            {
                if (!Is(ref reader, JsonTokenType.String)) throw Wrong(path, $"'{name}': dtype is not a text");
                typeName = reader.GetString();
            }
            else if (shape is null && reader.ValueTextEquals("shape"u8))
            {
                shape = ReadNumbers(ref reader, MostAxes, name, path);
            }
            else if (offsets is null && reader.ValueTextEquals("data_offsets"u8))
            {
                offsets = ReadNumbers(ref reader, 2, name, path);
            }
            else
            {
                throw Wrong(path, $"'{name}': the key '{reader.GetString()}' is unknown or there twice");
            }
        }

        if (typeName is null || shape is null || offsets is not { Count: 2 })
            throw Wrong(path, $"'{name}': dtype, shape and two data_offsets are not all there");
        if (!ElementTypes.TryFromSafetensors(typeName, out var type))
            throw Wrong(path, $"'{name}': elements of type '{typeName}' are not read");

        UInt128 bytes = (UInt128)type.Bytes();
        foreach (var size in shape)
        {
            if (size > int.MaxValue) throw Wrong(path, $"'{name}': a size of {size} is more than {int.MaxValue}");
            bytes = size == 0 ? 0 : bytes > ulong.MaxValue ? bytes : bytes * (ulong)size;
        }

        if (offsets[1] < offsets[0] || bytes != (ulong)(offsets[1] - offsets[0]))
        {
            throw Wrong(
                path, $"'{name}': data_offsets {offsets[0]} to {offsets[1]} do not hold a shape of ({string.Join(", ", shape)}) of {typeName}, which is {bytes} bytes");
        }

        return new SafetensorsEntry(name, type, Sizes.Create([.. shape.Select(size => (int)size)]), offsets[0]);
    }

    private static List<long> ReadNumbers(ref Utf8JsonReader reader, int most, string name, string path)
    {
        var numbers = new List<long>();
        if (!Is(ref reader, JsonTokenType.StartArray)) throw Wrong(path, $"'{name}': shape or data_offsets is not an array");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0 || numbers.Count == most)
                throw Wrong(path, $"'{name}': shape or data_offsets are not at most {most} whole numbers from 0");
            numbers.Add(number);
        }

        return numbers;
    }

    private static bool Is(ref Utf8JsonReader reader, JsonTokenType type) => reader.Read() && reader.TokenType == type;

    private static InvalidDataException Wrong(string path, string what) => new($"{path}: the safetensors header cannot be right: {what}.");
}
