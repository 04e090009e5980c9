using System.Buffers.Binary;
using System.IO.Compression;
using Tessera.Files;

namespace Tessera.Imaging;

/// <summary>Writes PNG files (W3C, "Portable Network Graphics Specification") of 8 bits a channel, in managed code alone.</summary>
public static class PngWriter
{
    /// <summary>A picture as the bytes of a PNG file.</summary>
    /// <param name="width">The pixels in a row.</param>
    /// <param name="height">The number of rows.</param>
    /// <param name="channels">1 for grey, 3 for red, green, blue, 4 for those and opacity.</param>
    /// <param name="pixels">height × width × channels bytes, row by row, the channels of a pixel side by side.</param>
    /// <exception cref="ArgumentException">A size is not positive, the channels are not 1, 3 or 4, or the bytes are not as many.</exception>
    public static byte[] Encode(int width, int height, int channels, ReadOnlySpan<byte> pixels)
    {
        if (width < 1 || height < 1) throw new ArgumentException($"A picture of {height}×{width} pixels cannot be written; both must be at least 1.", nameof(width));
        byte colourType = channels switch
        {
            1 => 0,
            3 => 2,
            4 => 6,
            _ => throw new ArgumentException($"{channels} channels cannot be written; use 1 (grey), 3 (red, green, blue) or 4 (and opacity).", nameof(channels)),
        };
        if (pixels.Length != (long)width * height * channels)
            throw new ArgumentException($"{height}×{width} pixels of {channels} channels are {(long)width * height * channels} bytes, but {pixels.Length} were given.", nameof(pixels));

        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = colourType;
        header[10..].Clear();
        WriteChunk(file, "IHDR"u8, header);

        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var rowBytes = width * channels;
            for (var row = 0; row < height; row++)
            {
                zlib.WriteByte(0); // No filter: small pictures gain nothing by one.
                zlib.Write(pixels.Slice(row * rowBytes, rowBytes));
            }
        }

        WriteChunk(file, "IDAT"u8, packed.GetBuffer().AsSpan(0, (int)packed.Length));
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void WriteChunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        file.Write(number);
        file.Write(type);
        file.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Append(Crc32.Append(0, type), content));
        file.Write(number);
    }
}
