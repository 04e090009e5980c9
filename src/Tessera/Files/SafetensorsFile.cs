using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tessera.Files;

/// <summary>
/// A safetensors file: named tensors behind a JSON header (8 bytes of header length, little-endian; the header; the tensors' bytes, end
/// to end). Opening reads and checks the header alone. Disposing closes the file at once and is not needed: what is left open closes by
/// itself, and other programs may replace the file meanwhile. Safe to read from several threads.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly string path;
    private readonly SafeFileHandle handle;
    private readonly long dataStart;
    private readonly Dictionary<string, SafetensorsEntry> byName;

    private SafetensorsFile(
        string path, SafeFileHandle handle, long dataStart, List<SafetensorsEntry> entries, Dictionary<string, string> metadata)
    {
        this.path = path;
        this.handle = handle;
        this.dataStart = dataStart;
        Entries = entries;
        Metadata = metadata;
        byName = entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    /// <summary>The tensors, in the order of their bytes in the file.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The texts under <c>__metadata__</c>; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens the file at <paramref name="path"/> and checks its header.</summary>
    /// <exception cref="InvalidDataException">The header is damaged, longer than 100 MB or the file, or does not describe the bytes there are.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            var fileBytes = RandomAccess.GetLength(handle);
            Span<byte> lengthField = stackalloc byte[8];
            if (fileBytes < 8) throw new InvalidDataException($"{path}: {fileBytes} bytes are too few for a safetensors file.");
            ReadExactly(handle, lengthField, 0, path);
            var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(lengthField);
            if (headerBytes > SafetensorsHeader.LongestHeader || headerBytes > (ulong)(fileBytes - 8))
            {
                throw new InvalidDataException(
                    $"{path}: a header of {headerBytes} bytes is declared, but {fileBytes - 8} follow, and at most {SafetensorsHeader.LongestHeader} are read; not a safetensors file, or a damaged one.");
            }

            var header = new byte[headerBytes];
            ReadExactly(handle, header, 8, path);
            var (entries, metadata) = SafetensorsHeader.Parse(header, fileBytes - 8 - header.Length, path);
            return new SafetensorsFile(path, handle, 8 + header.Length, entries, metadata);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Writes tensors, in order, as the file at <paramref name="path"/>, whole or not at all; equal tensors give equal bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">The tensors; names must differ.</param>
    /// <param name="metadata">Texts to go with them, written in the order of their keys.</param>
    /// <exception cref="ArgumentException">A name is there twice, or the header would be longer than 100 MB.</exception>
    /// <exception cref="IOException">The folder does not exist or the disk is full; an old file stands.</exception>
    public static void Write(string path, IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name)) throw new ArgumentException($"Two tensors are called '{tensor.Name}'.", nameof(tensors));
        }

        var header = SafetensorsHeader.Format(tensors, metadata);
        if (header.Length > SafetensorsHeader.LongestHeader)
            throw new ArgumentException($"The header would be {header.Length} bytes long; readers take at most {SafetensorsHeader.LongestHeader}.", nameof(metadata));
        AtomicFile.Write(path, stream =>
        {
            Span<byte> lengthField = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(lengthField, (ulong)header.Length);
            stream.Write(lengthField);
            stream.Write(header);
            foreach (var tensor in tensors) tensor.Write(stream);
        });
    }

    /// <summary>Whether there is a tensor called <paramref name="name"/>, and what the header says of it.</summary>
    public bool TryFind(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SafetensorsEntry? entry) => byName.TryGetValue(name, out entry);

    /// <summary>Reads one tensor, row-major, converting it to <typeparamref name="T"/>: floats to the nearest, whole numbers exactly.</summary>
    /// <exception cref="ArgumentException">The span's length is not the tensor's count.</exception>
    /// <exception cref="InvalidDataException">There is no such tensor, whole numbers were asked of floats, or the file has shrunk.</exception>
    public void Read<T>(string name, Span<T> destination)
        where T : unmanaged, INumber<T>
    {
        if (!byName.TryGetValue(name, out var entry))
            throw new InvalidDataException($"{path}: no tensor '{name}'; there are: {string.Join(", ", Entries.Take(20).Select(other => other.Name))}.");
        if (entry.Count != destination.Length)
            throw new ArgumentException($"{path}: '{name}' of shape {entry.Shape} has {entry.Count} elements and does not go into a span of {destination.Length}.", nameof(destination));

        var offset = dataStart + entry.Offset;
        if (entry.Type == ElementTypes.Of<T>())
        {
            const int piece = 1 << 24;
            for (; destination.Length > 0; destination = destination[Math.Min(piece, destination.Length)..])
            {
                var bytes = MemoryMarshal.AsBytes(destination[..Math.Min(piece, destination.Length)]);
                ReadExactly(handle, bytes, offset, path);
                offset += bytes.Length;
            }

            return;
        }

        var size = entry.Type.Bytes();
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            while (destination.Length > 0)
            {
                var count = Math.Min(destination.Length, buffer.Length / size);
                ReadExactly(handle, buffer.AsSpan(0, count * size), offset, path);
                ElementTypes.Convert(entry.Type, buffer.AsSpan(0, count * size), destination[..count], $"{path}: {name}");
                destination = destination[count..];
                offset += count * size;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    private static void ReadExactly(SafeFileHandle handle, Span<byte> bytes, long offset, string path)
    {
        while (bytes.Length > 0)
        {
            var count = RandomAccess.Read(handle, bytes, offset);
            if (count == 0) throw new InvalidDataException($"{path}: the file ends at byte {offset}, {bytes.Length} bytes early.");
            bytes = bytes[count..];
            offset += count;
        }
    }
}
