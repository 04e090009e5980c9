using System.Buffers.Binary;
using System.IO.Compression;
using Tessera.Files;

namespace Tessera.Imaging;

/// <summary>
/// Reads PNG files (W3C, "Portable Network Graphics Specification") in managed code alone: every colour type and depth, palettes, transparent
/// colours and interlacing. Checksums are checked, and what is missing or too much is an error. A file is the signature and then chunks:
/// <code>
///   length (4) ▸ type (4) ▸ content (length) ▸ checksum of type and content (4)      IHDR  PLTE?  tRNS?  IDAT…  IEND
/// </code>
/// </summary>
internal static class PngReader
{
    private const int ChunkFrameBytes = 12;

    /// <summary>Deflate makes at most 258 bytes of two bits: what rows need that can be in no file of a length is refused before there is memory for it.</summary>
    private const long MostUnpackedOfEach = 1032;

    // Adam7 (specification, chapter 8): the first column and row of each pass, and the steps between its columns and rows.
    private static ReadOnlySpan<(byte Column, byte Row, byte Across, byte Down)> Passes =>
        new (byte, byte, byte, byte)[] { (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2) };

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Whether the bytes begin as a PNG file does.</summary>
    public static bool Recognises(ReadOnlySpan<byte> content) => content.StartsWith(Signature);

    /// <summary>The picture, or what is known of it without its pixels.</summary>
    /// <param name="content">The file's bytes.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="headerOnly">Whether to leave the pixels out, and the checksums unchecked.</param>
    /// <exception cref="InvalidDataException">The file is damaged, cut off or too large.</exception>
    public static StoredImage Read(byte[] content, string name, bool headerOnly)
    {
        PngHeader? header = null;
        ReadOnlySpan<byte> palette = [], transparency = [];
        var orientation = ImageOrientation.TopLeft;
        var parts = new List<(int Start, int Length)>();
        for (var at = Signature.Length; ;)
        {
            var length = content.Length - at < ChunkFrameBytes ? uint.MaxValue : BinaryPrimitives.ReadUInt32BigEndian(content.AsSpan(at));
            if (length > content.Length - at - ChunkFrameBytes) throw new InvalidDataException($"{name}: the image is cut off: its last chunk, at byte {at}, is not whole.");
            var type = content.AsSpan(at + 4, 4);
            var chunk = content.AsSpan(at + 8, (int)length);
            if (!headerOnly && BinaryPrimitives.ReadUInt32BigEndian(content.AsSpan(at + 8 + (int)length)) != Crc32.Append(0, content.AsSpan(at + 4, 4 + (int)length)))
                throw new InvalidDataException($"{name}: the image is damaged: the checksum of its chunk at byte {at} is wrong.");

            if (header is null)
            {
                if (!type.SequenceEqual("IHDR"u8)) throw new InvalidDataException($"{name}: the image is damaged: a PNG file must begin with its header.");
                header = PngHeader.Read(chunk, name);
                new StoredImage(header.Height, header.Width, header.IsGrey, orientation).CheckSize(name, content.Length);
            }
            else if (type.SequenceEqual("IEND"u8))
            {
                break;
            }
            else if (type.SequenceEqual("IDAT"u8))
            {
                parts.Add((at + 8, (int)length));
            }
            else if (type.SequenceEqual("PLTE"u8))
            {
                palette = chunk;
            }
            else if (type.SequenceEqual("tRNS"u8))
            {
                transparency = chunk;
            }
            else if (type.SequenceEqual("eXIf"u8))
            {
                orientation = ExifOrientation.Of(chunk);
            }
            else if ((type[0] & 0x20) == 0)
            {
                // A capital letter: who does not know the chunk cannot show the picture.
                throw new InvalidDataException($"{name}: the image is damaged or of a kind that is not read: it needs the chunk {Shown(type)} at byte {at} to be understood.");
            }

            at += ChunkFrameBytes + (int)length;
        }

        var image = new StoredImage(header.Height, header.Width, header.IsGrey, orientation);
        return headerOnly ? image : image with { Pixels = Unpack(header, new PngColours(header, palette, transparency, name), Joined(content, parts), name) };
    }

    private static string Shown(ReadOnlySpan<byte> type) => string.Join(' ', type.ToArray().Select(letter => char.IsAsciiLetter((char)letter) ? ((char)letter).ToString() : letter.ToString("X2", null)));

    private static byte[] Unpack(PngHeader header, PngColours colours, Stream packed, string name)
    {
        if (header.RowBytes(header.Width) * header.Height > MostUnpackedOfEach * packed.Length)
            throw new InvalidDataException($"{name}: the image is cut off: {header.Height}×{header.Width} pixels cannot be packed in {packed.Length} bytes.");
        var pixels = GC.AllocateUninitializedArray<byte>(4 * header.Width * header.Height);
        using var unpacked = new ZLibStream(packed, CompressionMode.Decompress);
        try
        {
            if (header.Interlaced)
            {
                foreach (var (column, row, across, down) in Passes) Pass(header, colours, unpacked, pixels, (column, row, across, down), name);
            }
            else
            {
                Pass(header, colours, unpacked, pixels, (0, 0, 1, 1), name);
            }

            // The stream's own checksum comes after its last byte.
            if (unpacked.ReadByte() >= 0) throw new InvalidDataException($"{name}: the image is damaged: it has more pixels than {header.Height}×{header.Width}.");
        }
        catch (EndOfStreamException exception)
        {
            throw new InvalidDataException($"{name}: the image is cut off: its rows end early.", exception);
        }
        catch (Exception exception) when (exception is IOException || (exception is InvalidDataException && !exception.Message.StartsWith(name, StringComparison.Ordinal)))
        {
            // zlib's own error, of a preset dictionary among others, is an IOException.
            throw new InvalidDataException($"{name}: the image is damaged: its rows cannot be unpacked.", exception);
        }

        return pixels;
    }

    private static void Pass(PngHeader header, PngColours colours, ZLibStream unpacked, byte[] pixels, (int Column, int Row, int Across, int Down) pass, string name)
    {
        var count = (header.Width - pass.Column + pass.Across - 1) / pass.Across;
        if (count <= 0) return;
        var bytes = 1 + checked((int)header.RowBytes(count));
        var (row, above) = (new byte[bytes], new byte[bytes]);
        for (var y = pass.Row; y < header.Height; y += pass.Down)
        {
            unpacked.ReadExactly(row);
            if (!PngFilter.Undo(row[0], row.AsSpan(1), above.AsSpan(1), header.PixelBytes))
                throw new InvalidDataException($"{name}: the image is damaged: row {y} has the filter {row[0]}; 0 to 4 are known.");
            colours.Expand(row.AsSpan(1), count, pixels.AsSpan(4 * header.Width * y, 4 * header.Width), pass.Column, pass.Across);
            (row, above) = (above, row);
        }
    }

    /// <summary>The content of all IDAT chunks as one.</summary>
    private static MemoryStream Joined(byte[] content, List<(int Start, int Length)> parts)
    {
        if (parts.Count == 1) return new MemoryStream(content, parts[0].Start, parts[0].Length, writable: false);
        var joined = new MemoryStream();
        foreach (var (start, length) in parts) joined.Write(content, start, length);
        joined.Position = 0;
        return joined;
    }
}
