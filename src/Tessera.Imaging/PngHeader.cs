using System.Buffers.Binary;

namespace Tessera.Imaging;

/// <summary>What the first chunk (IHDR) of a PNG file says.</summary>
/// <param name="Width">The pixels in a row.</param>
/// <param name="Height">The number of rows.</param>
/// <param name="BitDepth">Bits of a sample: 1, 2, 4, 8 or 16.</param>
/// <param name="ColourType">0 grey, 2 colour, 3 palette, 4 grey and opacity, 6 colour and opacity.</param>
/// <param name="Interlaced">Whether the rows come in the seven passes of Adam7.</param>
internal sealed record PngHeader(int Width, int Height, int BitDepth, int ColourType, bool Interlaced)
{
    /// <summary>The bytes of the chunk's content.</summary>
    public const int Bytes = 13;

    /// <summary>Samples of a pixel.</summary>
    public int Samples => ColourType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    /// <summary>Whether the pixels are grey, with opacity or without.</summary>
    public bool IsGrey => ColourType is 0 or 4;

    /// <summary>How far back the byte of the pixel to the left lies; 1 where several pixels share a byte.</summary>
    public int PixelBytes => Math.Max(1, Samples * BitDepth / 8);

    /// <summary>Bytes of a row of so many pixels, without the byte that names its filter.</summary>
    public long RowBytes(int pixels) => (((long)pixels * Samples * BitDepth) + 7) / 8;

    /// <summary>Reads and checks the chunk's content.</summary>
    /// <exception cref="InvalidDataException">It describes no picture that PNG has.</exception>
    public static PngHeader Read(ReadOnlySpan<byte> content, string name)
    {
        if (content.Length != Bytes) throw new InvalidDataException($"{name}: damaged: the PNG header has {content.Length} bytes instead of {Bytes}.");
        var (width, height) = (BinaryPrimitives.ReadUInt32BigEndian(content), BinaryPrimitives.ReadUInt32BigEndian(content[4..]));
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue) throw new InvalidDataException($"{name}: damaged: a PNG picture of {height}×{width} pixels.");
        int depth = content[8], type = content[9];
        var allowed = type switch
        {
            0 => depth is 1 or 2 or 4 or 8 or 16,
            3 => depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => depth is 8 or 16,
            _ => false,
        };
        if (!allowed) throw new InvalidDataException($"{name}: damaged: PNG has no colour type {type} of {depth} bits.");
        if (content[10] != 0 || content[11] != 0 || content[12] > 1)
            throw new InvalidDataException($"{name}: damaged: PNG has no compression {content[10]}, filters {content[11]} and interlacing {content[12]}; 0, 0 and 0 or 1 are known.");
        return new PngHeader((int)width, (int)height, depth, type, content[12] == 1);
    }
}
