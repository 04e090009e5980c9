namespace Tessera.Imaging;

/// <summary>A picture as its file stores it.</summary>
/// <param name="Height">Rows as stored.</param>
/// <param name="Width">Pixels in a stored row.</param>
/// <param name="IsGrey">Whether the file's pixels are grey, with opacity or without.</param>
/// <param name="Orientation">How it is to be turned.</param>
internal sealed record StoredImage(int Height, int Width, bool IsGrey, ImageOrientation Orientation)
{
    /// <summary>Red, green, blue and opacity of each pixel, row by row; empty where only the header was wanted.</summary>
    public byte[] Pixels { get; init; } = [];

    /// <summary>Whether rows become columns when it is turned.</summary>
    public bool IsSideways => Orientation >= ImageOrientation.LeftTop;

    /// <summary>Refuses what would take too much memory, before it does: at most 64 times the file's length or 64 MiB, whichever is more.</summary>
    /// <exception cref="InvalidDataException">The pixels would take more.</exception>
    public void CheckSize(string name, int fileBytes)
    {
        var bytes = 4L * Width * Height;
        var limit = Math.Min(Array.MaxLength, Math.Max(64L << 20, 64L * fileBytes));
        if (bytes <= 0 || bytes > limit)
        {
            throw new InvalidDataException(
                $"{name}: {Height}×{Width} pixels would take {bytes} bytes; of a file of {fileBytes} bytes at most {limit} are unpacked. Make the image smaller.");
        }
    }
}
