using System.Globalization;

namespace Tessera.Onnx.Format;

/// <summary>
/// Tensors whose elements lie in other files: in the model's own folder or below it, nowhere else. A part of a file is read once, and
/// all parts together may not be more than the file is long, so that a model cannot ask for more memory than its files take.
/// </summary>
internal sealed class ExternalData(string modelPath)
{
    private readonly string folder = Path.GetFullPath(Path.GetDirectoryName(Path.GetFullPath(modelPath))!);
    private readonly Dictionary<(string Path, long Offset, long Length), byte[]> parts = [];
    private readonly Dictionary<string, long> read = new(StringComparer.Ordinal);

    /// <param name="tensor">The tensor's name, for messages.</param>
    /// <param name="keys">What the file says: location, offset and length.</param>
    /// <param name="bytes">The bytes that the tensor's shape needs.</param>
    public ReadOnlyMemory<byte> Read(string tensor, IReadOnlyDictionary<string, string> keys, long bytes)
    {
        var location = keys.GetValueOrDefault("location", "");
        var path = Inside(tensor, location);
        var offset = Number(tensor, keys, "offset", 0);
        var length = Number(tensor, keys, "length", bytes);
        if (length != bytes) throw Wrong(tensor, $"its shape needs {bytes} bytes, but length says {length}");
        if (parts.TryGetValue((path, offset, length), out var known)) return known;
        FileInfo file = new(path);
        if (!file.Exists) throw Wrong(tensor, $"its elements are in '{location}', which is not there; keep it beside the model");
        var total = read.GetValueOrDefault(path) + length;
        if (offset > file.Length - length) throw Wrong(tensor, $"it takes bytes {offset} to {offset + length} of '{location}', which has {file.Length}");
        if (total > file.Length) throw Wrong(tensor, $"the tensors take more bytes of '{location}' than the {file.Length} it has");
        if (length > Array.MaxLength) throw Wrong(tensor, $"{length} bytes in one tensor; at most {Array.MaxLength} can be read");
        var part = new byte[length];
        using (var stream = file.OpenRead())
        {
            stream.Seek(offset, SeekOrigin.Begin);
            stream.ReadExactly(part);
        }

        read[path] = total;
        parts[(path, offset, length)] = part;
        return part;
    }

    private string Inside(string tensor, string location)
    {
        var outside = Wrong(tensor, $"its elements are said to be in '{location}'; only files in the model's own folder are read");
        if (location.Length == 0 || location.Contains('\0') || Path.IsPathRooted(location) || location.Contains('\\', StringComparison.Ordinal)) throw outside;
        var path = folder;
        foreach (var part in location.Split('/'))
        {
            if (part is "" or ".") continue;
            if (part == "..") throw outside;
            path = Path.Combine(path, part);
            // A link may lead anywhere, and a folder that is one as well.
            if (new FileInfo(path).LinkTarget is not null || new DirectoryInfo(path).LinkTarget is not null) throw outside;
        }

        return path;
    }

    private long Number(string tensor, IReadOnlyDictionary<string, string> keys, string key, long otherwise)
    {
        if (!keys.TryGetValue(key, out var text)) return otherwise;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw Wrong(tensor, $"its {key} '{text}' is no number of bytes");
    }

    private InvalidDataException Wrong(string tensor, string what) => new($"{modelPath}: tensor '{tensor}': {what}.");
}
