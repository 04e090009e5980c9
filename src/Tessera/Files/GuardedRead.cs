namespace Tessera.Files;

/// <summary>
/// Reads from files that may lie about their sizes: memory is taken as the bytes arrive (or once they are known to be there),
/// never on a header's word alone.
/// </summary>
internal static class GuardedRead
{
    private const int FirstPiece = 1 << 16;

    /// <summary>
    /// The most bytes a compressed file of <paramref name="compressedBytes"/> may unpack to: 64 times its length, or 64 MiB where
    /// that is more. Deflate reaches 1032 to 1, and only on data that says nothing.
    /// </summary>
    public static long UnpackedLimit(long compressedBytes) => Math.Max(64L << 20, compressedBytes * 64);

    /// <summary>Exactly <paramref name="count"/> bytes of <paramref name="stream"/>.</summary>
    /// <param name="stream">Where to read; may end early.</param>
    /// <param name="count">The bytes that a header declared.</param>
    /// <param name="name">What is being read, for the message.</param>
    /// <exception cref="InvalidDataException">The stream ends before, or the count is past what one array can hold.</exception>
    public static byte[] Bytes(Stream stream, long count, string name)
    {
        if (count > Array.MaxLength)
            throw new InvalidDataException($"{name}: {count} bytes in one array are more than the {Array.MaxLength} that can be read; split the array.");
        if (stream.CanSeek && stream.Length - stream.Position < count)
            throw TooShort(name, count, Math.Max(0, stream.Length - stream.Position));

        var bytes = new byte[stream.CanSeek ? count : Math.Min(count, FirstPiece)];
        var filled = 0;
        while (true)
        {
            filled += stream.ReadAtLeast(bytes.AsSpan(filled), bytes.Length - filled, throwOnEndOfStream: false);
            if (filled < bytes.Length) throw TooShort(name, count, filled);
            if (filled == count) return bytes;
            Array.Resize(ref bytes, (int)Math.Min(count, bytes.Length * 2L));
        }
    }

    private static InvalidDataException TooShort(string name, long declared, long present) =>
        new($"{name}: the header declares {declared} bytes, but only {present} are there; the file is cut off or its header is wrong.");
}
