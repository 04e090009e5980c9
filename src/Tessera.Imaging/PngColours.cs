using System.Buffers.Binary;

namespace Tessera.Imaging;

/// <summary>
/// Turns the samples of PNG's rows into red, green, blue and opacity of 8 bits each: fewer bits are stretched to 0…255, 16 are rounded to 8,
/// a palette is looked up. A colour named as transparent is compared in all its bits.
/// </summary>
internal sealed class PngColours
{
    private readonly PngHeader header;
    private readonly string name;
    private readonly byte[] palette = [];
    private readonly byte[] opacities = [];
    private readonly int[] transparent = [];

    /// <summary>The colours of one file.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="palette">The content of its PLTE chunk, empty without one.</param>
    /// <param name="transparency">The content of its tRNS chunk, empty without one.</param>
    /// <param name="name">What to call the file in messages.</param>
    /// <exception cref="InvalidDataException">A chunk is missing or does not go with the header.</exception>
    public PngColours(PngHeader header, ReadOnlySpan<byte> palette, ReadOnlySpan<byte> transparency, string name)
    {
        (this.header, this.name) = (header, name);
        if (header.ColourType == 3)
        {
            if (palette.Length == 0 || palette.Length % 3 != 0 || palette.Length > 3 << header.BitDepth)
                throw new InvalidDataException($"{name}: damaged: a palette of {palette.Length} bytes; pixels of {header.BitDepth} bits need 3 for each of 1 to {1 << header.BitDepth} colours.");
            if (transparency.Length > palette.Length / 3)
                throw new InvalidDataException($"{name}: damaged: {transparency.Length} opacities for a palette of {palette.Length / 3} colours.");
            (this.palette, opacities) = (palette.ToArray(), transparency.ToArray());
        }
        else if (transparency.Length > 0)
        {
            if (header.ColourType is 4 or 6 || transparency.Length != 2 * header.Samples)
                throw new InvalidDataException($"{name}: damaged: a transparent colour of {transparency.Length} bytes in a picture of colour type {header.ColourType}.");
            transparent = new int[header.Samples];
            for (var i = 0; i < transparent.Length; i++) transparent[i] = BinaryPrimitives.ReadUInt16BigEndian(transparency[(2 * i)..]) & ((1 << header.BitDepth) - 1);
        }
    }

    /// <summary>Writes the pixels of a restored row to pixels <paramref name="first"/>, first + step and so on of a row of four bytes a pixel.</summary>
    /// <exception cref="InvalidDataException">A pixel has a colour that the palette does not.</exception>
    public void Expand(ReadOnlySpan<byte> row, int count, Span<byte> rgba, int first, int step)
    {
        var samples = header.Samples;
        for (var i = 0; i < count; i++)
        {
            var at = i * samples;
            var pixel = rgba.Slice(4 * (first + (i * step)), 4);
            var value = Sample(row, at);
            switch (header.ColourType)
            {
                case 3:
                    if (3 * value >= palette.Length) throw new InvalidDataException($"{name}: damaged: a pixel of colour {value}, but the palette has {palette.Length / 3}.");
                    palette.AsSpan(3 * value, 3).CopyTo(pixel);
                    pixel[3] = value < opacities.Length ? opacities[value] : (byte)255;
                    break;
                case 0 or 4:
                    pixel[..3].Fill(ToByte(value));
                    pixel[3] = samples == 2 ? ToByte(Sample(row, at + 1)) : transparent.Length > 0 && value == transparent[0] ? (byte)0 : (byte)255;
                    break;
                default:
                    var (green, blue) = (Sample(row, at + 1), Sample(row, at + 2));
                    (pixel[0], pixel[1], pixel[2]) = (ToByte(value), ToByte(green), ToByte(blue));
                    pixel[3] = samples == 4 ? ToByte(Sample(row, at + 3))
                        : transparent.Length > 0 && value == transparent[0] && green == transparent[1] && blue == transparent[2] ? (byte)0 : (byte)255;
                    break;
            }
        }
    }

    private int Sample(ReadOnlySpan<byte> row, int index)
    {
        if (header.BitDepth == 8) return row[index];
        if (header.BitDepth == 16) return BinaryPrimitives.ReadUInt16BigEndian(row[(2 * index)..]);
        var bit = index * header.BitDepth;
        return (row[bit >> 3] >> (8 - header.BitDepth - (bit & 7))) & ((1 << header.BitDepth) - 1);
    }

    private byte ToByte(int sample) => header.BitDepth switch
    {
        8 => (byte)sample,
        16 => (byte)((sample + 128) / 257),
        _ => (byte)(sample * (255 / ((1 << header.BitDepth) - 1))),
    };
}
