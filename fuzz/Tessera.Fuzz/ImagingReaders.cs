using System.Buffers.Binary;
using Tessera.Files;
using Tessera.Imaging;

namespace Tessera.Fuzz;

/// <summary>
/// The readers of pictures. Of PNG checksums are put right first: few damaged files would come past them. JPEG is read by a native library, whose own
/// memory is not counted; the pixels that it is asked for are.
/// </summary>
internal static class ImagingReaders
{
    public static IReadOnlyList<HostileReader> All { get; } =
    [
        new("png", 128, 384L << 20, static bytes =>
        {
            if (PngReader.Recognises(bytes)) PngReader.Read(WithChecksums(bytes), "hostile", headerOnly: false);
        }),
        new("jpeg", 128, 128L << 20, static bytes =>
        {
            if (JpegReader.Recognises(bytes)) JpegReader.Read(bytes, "hostile", headerOnly: false);
        }),
    ];

    /// <summary>The file with the right checksum behind each chunk that is whole.</summary>
    public static byte[] WithChecksums(byte[] picture)
    {
        var bytes = (byte[])picture.Clone();
        for (var at = 8L; at + 12 <= bytes.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan((int)at));
            if (at + 12 + length > bytes.Length) break;
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan((int)(at + 8 + length)), Crc32.Append(0, bytes.AsSpan((int)at + 4, 4 + (int)length)));
            at += 12 + length;
        }

        return bytes;
    }
}
