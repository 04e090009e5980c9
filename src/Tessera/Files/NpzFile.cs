using System.IO.Compression;
using System.Text;

namespace Tessera.Files;

/// <summary>
/// Reads and writes NumPy's .npz files: a zip of .npy files. An entry that unpacks to more than 64 times the file's length (and more
/// than 64 MiB) is refused before any of it is unpacked.
/// </summary>
public static class NpzFile
{
    private static readonly DateTimeOffset FixedTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The names of the arrays in the file at <paramref name="path"/>, in its order, without <c>.npy</c>.</summary>
    /// <exception cref="InvalidDataException">The file is not a zip, or is damaged.</exception>
    public static IReadOnlyList<string> Names(string path)
    {
        using var archive = Open(path);
        return [.. archive.Entries.Where(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal)).Select(entry => entry.FullName[..^4])];
    }

    /// <summary>One array of the file at <paramref name="path"/>.</summary>
    /// <param name="path">The .npz file.</param>
    /// <param name="name">The array's name, without <c>.npy</c>.</param>
    /// <exception cref="InvalidDataException">The file or the array is damaged, or there is no such array.</exception>
    public static NpyArray Read(string path, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        using var archive = Open(path);
        var found = archive.Entries.Where(entry => entry.FullName == name + ".npy").Take(2).ToArray();
        if (found.Length == 2) throw new InvalidDataException($"{path}: two arrays are called '{name}'.");
        if (found.Length == 0)
        {
            var names = string.Join(", ", archive.Entries.Take(20).Select(entry => Path.GetFileNameWithoutExtension(entry.FullName)));
            throw new InvalidDataException($"{path}: no array '{name}'; there are: {names}.");
        }

        return Read(found[0], $"{path}: {name}", new FileInfo(path).Length);
    }

    /// <summary>Writes named arrays, in order, as the file at <paramref name="path"/>, whole or not at all; equal arrays give equal bytes.</summary>
    /// <param name="path">The .npz file.</param>
    /// <param name="arrays">Names (without <c>.npy</c>) and arrays.</param>
    /// <param name="compress">Whether to deflate, as <c>numpy.savez_compressed</c> does.</param>
    /// <exception cref="ArgumentException">A name is empty or there twice.</exception>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, NpyArray>> arrays, bool compress = false)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        var level = compress ? CompressionLevel.Optimal : CompressionLevel.NoCompression;
        AtomicFile.Write(path, stream =>
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (name, array) in arrays)
            {
                if (string.IsNullOrEmpty(name) || !names.Add(name))
                    throw new ArgumentException($"The array name '{name}' is empty or there twice.", nameof(arrays));
                using var entry = OpenNew(archive, name, level);
                NpyFile.Write(entry, array);
            }
        });
    }

    /// <summary>
    /// Writes a matrix in compressed sparse rows, in the layout of <c>scipy.sparse.save_npz</c>, whole or not at all.
    /// </summary>
    /// <param name="path">The .npz file.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="rowStarts">Where each row begins in <paramref name="columnIndices"/>, and where the last ends: rows + 1 numbers (<c>indptr</c>).</param>
    /// <param name="columnIndices">The column of each value (<c>indices</c>).</param>
    /// <param name="values">The values (<c>data</c>).</param>
    /// <typeparam name="TIndex">int or long.</typeparam>
    /// <typeparam name="T">float or double.</typeparam>
    /// <exception cref="ArgumentException">The lengths do not belong to one matrix.</exception>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void WriteSparseRows<TIndex, T>(
        string path, long rows, long columns, ReadOnlySpan<TIndex> rowStarts, ReadOnlySpan<TIndex> columnIndices, ReadOnlySpan<T> values)
        where TIndex : unmanaged, System.Numerics.IBinaryInteger<TIndex>
        where T : unmanaged
    {
        if (rowStarts.Length != rows + 1)
            throw new ArgumentException($"A matrix of {rows} rows needs {rows + 1} row starts, but {rowStarts.Length} were given.", nameof(rowStarts));
        var count = long.CreateChecked(rowStarts[^1]);
        if (columnIndices.Length != count || values.Length != count)
        {
            throw new ArgumentException(
                $"The row starts end at {count}, but there are {columnIndices.Length} column indices and {values.Length} values.", nameof(values));
        }

        using var pending = new PendingFile(path);
        using (var archive = new ZipArchive(pending.Stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(archive, "indices", [columnIndices.Length], columnIndices);
            Add(archive, "indptr", [rowStarts.Length], rowStarts);
            using (var format = OpenNew(archive, "format", CompressionLevel.Optimal))
            {
                format.Write(NpyHeader.Format("|S3", Sizes.Empty));
                format.Write("csr"u8);
            }

            Add<long>(archive, "shape", [2], [rows, columns]);
            Add(archive, "data", [values.Length], values);
        }

        pending.Commit();
    }

    /// <summary>Name, element type and shape of every array of the file at <paramref name="path"/>, in its order; no data is unpacked.</summary>
    /// <exception cref="InvalidDataException">The file or a header is damaged, an array is of what are not numbers, or a name is there twice.</exception>
    internal static IReadOnlyList<(string Name, ElementType Type, Sizes Shape)> Headers(string path)
    {
        using var archive = Open(path);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var headers = new List<(string Name, ElementType Type, Sizes Shape)>();
        foreach (var entry in archive.Entries)
        {
            if (!entry.FullName.EndsWith(".npy", StringComparison.Ordinal)) continue;
            var name = entry.FullName[..^4];
            if (!names.Add(name)) throw new InvalidDataException($"{path}: two arrays are called '{name}'.");
            headers.Add(Unpack($"{path}: {name}", () =>
            {
                using var stream = entry.Open();
                var header = NpyHeader.Read(stream, $"{path}: {name}");
                return (name, header.Type, header.Shape);
            }));
        }

        return headers;
    }

    private static void Add<T>(ZipArchive archive, string name, ReadOnlySpan<nint> lengths, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        using var entry = OpenNew(archive, name, CompressionLevel.Optimal);
        NpyFile.Write(entry, new System.Numerics.Tensors.ReadOnlyTensorSpan<T>(values, lengths));
    }

    private static Stream OpenNew(ZipArchive archive, string name, CompressionLevel level)
    {
        var entry = archive.CreateEntry(name + ".npy", level);
        entry.LastWriteTime = FixedTime;
        return entry.Open();
    }

    private static ZipArchive Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var stream = File.OpenRead(path);
        try
        {
            return new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: false, Encoding.UTF8);
        }
        catch (Exception exception)
        {
            stream.Dispose();
            if (exception is not InvalidDataException) throw;
            throw new InvalidDataException($"{path}: not a .npz file, or a damaged one: {exception.Message}", exception);
        }
    }

    private static NpyArray Read(ZipArchiveEntry entry, string name, long fileBytes)
    {
        var limit = GuardedRead.UnpackedLimit(fileBytes);
        if (entry.Length > limit)
            throw new InvalidDataException($"{name}: unpacks to {entry.Length} bytes, but from a file of {fileBytes} at most {limit} are read; unpack it yourself if you trust it.");

        return Unpack(name, () =>
        {
            using var checkedStream = new ChecksumStream(entry.Open());
            var header = NpyHeader.Read(checkedStream, name);
            if (checkedStream.BytesRead + header.DataBytes != entry.Length)
            {
                throw new InvalidDataException(
                    $"{name}: the header declares {header.Shape} {header.Type}, {header.DataBytes} bytes, but the entry has {entry.Length - checkedStream.BytesRead} for them.");
            }

            var array = NpyFile.ReadData(checkedStream, header, name);
            if (checkedStream.Checksum != entry.Crc32)
                throw new InvalidDataException($"{name}: the checksum is wrong; the file is damaged.");
            return array;
        });
    }

    /// <summary>Runs what unpacks an entry, and names the entry where the zip reader fails in its own words.</summary>
    private static TResult Unpack<TResult>(string name, Func<TResult> unpack)
    {
        try
        {
            return unpack();
        }
        catch (Exception exception) when (exception is NotSupportedException or EndOfStreamException
            || (exception is InvalidDataException && !exception.Message.StartsWith(name, StringComparison.Ordinal)))
        {
            throw new InvalidDataException($"{name}: cannot be unpacked: {exception.Message}", exception);
        }
    }
}
