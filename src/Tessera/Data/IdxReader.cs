using System.Buffers.Binary;
using System.IO.Compression;
using Tessera.Files;

namespace Tessera.Data;

/// <summary>
/// Reads IDX files of bytes, the format of MNIST (Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits"): two
/// zeros, the element type (8), the number of axes, the sizes as 32 bits big-endian, the bytes. Plain or gzipped, told by the content.
/// </summary>
public static class IdxReader
{
    private const int MostAxes = 8;

    /// <summary>The array in the file at <paramref name="path"/>: its shape and its bytes, row-major.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, cut off, or of another element type.</exception>
    public static (Sizes Shape, byte[] Values) Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var stream = File.OpenRead(path);
        return Read(stream, path);
    }

    /// <summary>The array in <paramref name="stream"/>, which must be seekable and hold nothing else.</summary>
    /// <param name="stream">Where to read, from its position on.</param>
    /// <param name="name">What to call the array in messages.</param>
    /// <exception cref="InvalidDataException">The content is damaged, cut off, or of another element type.</exception>
    public static (Sizes Shape, byte[] Values) Read(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanSeek) throw new ArgumentException($"{name}: a stream that can seek is needed.", nameof(stream));
        var start = stream.Position;
        var zipped = stream.ReadByte() == 0x1F && stream.ReadByte() == 0x8B;
        stream.Position = start;
        if (!zipped) return ReadPlain(stream, long.MaxValue, name);

        try
        {
            using var unzipped = new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true);
            return ReadPlain(unzipped, GuardedRead.UnpackedLimit(stream.Length - start), name);
        }
        catch (InvalidDataException exception) when (!exception.Message.StartsWith(name, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{name}: cannot be unpacked: {exception.Message}", exception);
        }
    }

    private static (Sizes Shape, byte[] Values) ReadPlain(Stream stream, long limit, string name)
    {
        var magic = GuardedRead.Bytes(stream, 4, name);
        if (magic[0] != 0 || magic[1] != 0 || magic[3] == 0 || magic[3] > MostAxes)
            throw new InvalidDataException($"{name}: not an IDX file (it begins with {Convert.ToHexString(magic)}, not with 0000, a type and 1 to {MostAxes} axes).");
        if (magic[2] != 8)
            throw new InvalidDataException($"{name}: elements of IDX type 0x{magic[2]:X2} are not read, only bytes (0x08).");

        var sizes = new int[magic[3]];
        long product = 1;
        foreach (ref var size in sizes.AsSpan())
        {
            size = BinaryPrimitives.ReadInt32BigEndian(GuardedRead.Bytes(stream, 4, name));
            if (size < 0) throw new InvalidDataException($"{name}: a size of {(uint)size} in the header is more than {int.MaxValue}.");
            product = size == 0 ? 0 : product > long.MaxValue / size ? long.MaxValue : product * size;
        }

        var shape = Sizes.Create(sizes);
        if (product > limit)
            throw new InvalidDataException($"{name}: unpacks to {shape} = {product} bytes, more than the {limit} that are read from a file of its length; unpack it yourself if you trust it.");
        var values = GuardedRead.Bytes(stream, product, name);
        if (stream.ReadByte() >= 0)
            throw new InvalidDataException($"{name}: more bytes follow than the {product} that the header declares ({shape}).");
        return (shape, values);
    }
}
