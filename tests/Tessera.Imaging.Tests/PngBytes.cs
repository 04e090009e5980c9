using System.Buffers.Binary;
using System.IO.Compression;
using Tessera.Files;

namespace Tessera.Imaging.Tests;

/// <summary>PNG files of every kind that the specification has, written from random samples: what <see cref="PngWriter"/> never writes.</summary>
internal sealed record PngBytes(int Width, int Height, int ColourType, int BitDepth, bool Interlaced)
{
    private static readonly (int Column, int Row, int Across, int Down)[] Passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>Every colour type with every depth that it may have.</summary>
    public static readonly (int ColourType, int BitDepth)[] Kinds =
        [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16), (6, 8), (6, 16)];

    public int Samples => ColourType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    public byte[] Palette { get; init; } = [];

    public byte[] Transparency { get; init; } = [];

    /// <summary>Further chunks before the pixels.</summary>
    public IReadOnlyList<(string Type, byte[] Content)> Further { get; init; } = [];

    /// <summary>Into how many IDAT chunks the pixels are cut.</summary>
    public int Parts { get; init; } = 1;

    /// <summary>The file, of [row, column, sample] values below 2^depth; filters by turns, from <paramref name="firstFilter"/>.</summary>
    public byte[] Write(ushort[] samples, int firstFilter)
    {
        using var rows = new MemoryStream();
        var filter = firstFilter;
        foreach (var (column, row, across, down) in Interlaced ? Passes : [(0, 0, 1, 1)])
        {
            if (column >= Width) continue;
            var above = Array.Empty<byte>();
            for (var y = row; y < Height; y += down)
            {
                var bytes = Packed(samples, y, column, across);
                rows.WriteByte((byte)(filter % 5));
                rows.Write(Filtered(filter++ % 5, bytes, above));
                above = bytes;
            }
        }

        using var file = new MemoryStream();
        file.Write([0x89, .. "PNG\r\n\u001A\n"u8]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), Height);
        (header[8], header[9], header[12]) = ((byte)BitDepth, (byte)ColourType, (byte)(Interlaced ? 1 : 0));
        Chunk(file, "IHDR", header);
        if (Palette.Length > 0) Chunk(file, "PLTE", Palette);
        if (Transparency.Length > 0) Chunk(file, "tRNS", Transparency);
        foreach (var (type, content) in Further) Chunk(file, type, content);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true)) zlib.Write(rows.ToArray());
        foreach (var part in packed.ToArray().Chunk((int)(packed.Length / Parts) + 1)) Chunk(file, "IDAT", part);
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    public static void Chunk(Stream file, string type, byte[] content)
    {
        var chunk = new byte[12 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        for (var i = 0; i < 4; i++) chunk[4 + i] = (byte)type[i];
        content.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + content.Length), Crc32.Append(0, chunk.AsSpan(4, 4 + content.Length)));
        file.Write(chunk);
    }

    private byte[] Packed(ushort[] samples, int y, int column, int across)
    {
        var count = ((Width - column + across - 1) / across) * Samples;
        var bytes = new byte[((count * BitDepth) + 7) / 8];
        for (var i = 0; i < count; i++)
        {
            var value = samples[(((y * Width) + column + (i / Samples * across)) * Samples) + (i % Samples)];
            if (BitDepth == 16) BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2 * i), value);
            else bytes[i * BitDepth / 8] |= (byte)(value << (8 - BitDepth - (i * BitDepth % 8)));
        }

        return bytes;
    }

    private byte[] Filtered(int filter, byte[] row, byte[] above)
    {
        var back = Math.Max(1, Samples * BitDepth / 8);
        var result = new byte[row.Length];
        for (var i = 0; i < row.Length; i++)
        {
            var a = i < back ? 0 : row[i - back];
            var b = above.Length == 0 ? 0 : above[i];
            var c = i < back || above.Length == 0 ? 0 : above[i - back];
            var p = a + b - c;
            var nearest = Math.Min(Math.Abs(p - a), Math.Min(Math.Abs(p - b), Math.Abs(p - c)));
            var forecast = filter switch
            {
                0 => 0,
                1 => a,
                2 => b,
                3 => (a + b) / 2,
                _ => Math.Abs(p - a) == nearest ? a : Math.Abs(p - b) == nearest ? b : c,
            };
            result[i] = (byte)(row[i] - forecast);
        }

        return result;
    }
}
