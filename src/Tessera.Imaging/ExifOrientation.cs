using System.Buffers.Binary;

namespace Tessera.Imaging;

/// <summary>Finds the orientation (tag 0112) in the first directory of Exif metadata, which is laid out as a TIFF file.</summary>
internal static class ExifOrientation
{
    private const int EntryBytes = 12;
    private const ushort Tag = 0x0112;
    private const ushort ShortType = 3;

    /// <summary>The orientation; upright where there is none or the metadata makes no sense, for it is no part of the picture.</summary>
    public static ImageOrientation Of(ReadOnlySpan<byte> exif)
    {
        if (exif.Length < 8 || !(exif[..4] is [(byte)'M', (byte)'M', 0, 42] or [(byte)'I', (byte)'I', 42, 0])) return ImageOrientation.TopLeft;
        var big = exif[0] == 'M';
        var start = big ? BinaryPrimitives.ReadUInt32BigEndian(exif[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]);
        if (start > exif.Length - 2) return ImageOrientation.TopLeft;
        var directory = exif[(int)start..];
        var entries = Short(directory, big);
        directory = directory[2..];
        for (var i = 0; i < entries && directory.Length >= EntryBytes; i++, directory = directory[EntryBytes..])
        {
            if (Short(directory, big) != Tag || Short(directory[2..], big) != ShortType) continue;
            var value = (ImageOrientation)Short(directory[8..], big);
            return Enum.IsDefined(value) ? value : ImageOrientation.TopLeft;
        }

        return ImageOrientation.TopLeft;
    }

    private static ushort Short(ReadOnlySpan<byte> bytes, bool big) =>
        big ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
}
