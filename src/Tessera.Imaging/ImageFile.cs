namespace Tessera.Imaging;

/// <summary>
/// Reads PNG and JPEG files as bytes, channels first. Transparent pixels are laid over white; a photograph is turned as its camera noted.
/// A file that is cut off or damaged is an error, never half a picture.
/// </summary>
public static class ImageFile
{
    /// <summary>Reads the file at <paramref name="path"/>.</summary>
    /// <param name="path">A PNG or JPEG file.</param>
    /// <param name="colour">The channels wanted; without it grey for a grey file and colour for others.</param>
    /// <exception cref="InvalidDataException">The file is damaged, cut off, neither PNG nor JPEG, or unpacks to more than 64 times its length and 64 MiB.</exception>
    /// <exception cref="NotSupportedException">A JPEG file, and Skia's native library is not beside the program; all else is done without it.</exception>
    public static DecodedImage Read(string path, ImageColour? colour = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Decode(File.ReadAllBytes(path), path, colour);
    }

    /// <summary>Reads an image from the bytes of a PNG or JPEG file.</summary>
    /// <param name="content">The file's bytes.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="colour">The channels wanted; without it grey for a grey file and colour for others.</param>
    /// <exception cref="InvalidDataException">As for a file.</exception>
    /// <exception cref="NotSupportedException">As for a file.</exception>
    public static DecodedImage Decode(byte[] content, string name, ImageColour? colour = null)
    {
        ArgumentNullException.ThrowIfNull(content);
        var image = Read(content, name, headerOnly: false);
        return Arrange(image, colour ?? (image.IsGrey ? ImageColour.Grey : ImageColour.Colour));
    }

    /// <summary>The shape that reading the file will give, told from its header alone: channels as stored (1 or 3), height, width.</summary>
    /// <exception cref="InvalidDataException">As for reading, as far as the header shows it.</exception>
    internal static Sizes ReadShape(string path)
    {
        var image = Read(File.ReadAllBytes(path), path, headerOnly: true);
        var channels = image.IsGrey ? 1 : 3;
        return image.IsSideways ? [channels, image.Width, image.Height] : [channels, image.Height, image.Width];
    }

    private static StoredImage Read(byte[] content, string name, bool headerOnly)
    {
        if (PngReader.Recognises(content)) return PngReader.Read(content, name, headerOnly);
        if (JpegReader.Recognises(content)) return JpegReader.Read(content, name, headerOnly);
        throw new InvalidDataException(OtherKind(content) is { } kind
            ? $"{name}: an image of the kind {kind} is not read; convert it to PNG or JPEG."
            : $"{name}: not a PNG or JPEG image, or a damaged one.");
    }

    /// <summary>Which of the usual kinds that are not read a file is, by its first bytes.</summary>
    private static string? OtherKind(ReadOnlySpan<byte> content) => content switch
    {
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "WebP",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "GIF",
        [(byte)'B', (byte)'M', ..] => "BMP",
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => "TIFF",
        _ => null,
    };

    /// <summary>From four bytes a pixel to planes, turned upright.</summary>
    private static DecodedImage Arrange(StoredImage image, ImageColour colour)
    {
        var (height, width) = image.IsSideways ? (image.Width, image.Height) : (image.Height, image.Width);
        var channels = colour == ImageColour.Grey ? 1 : 3;
        var plane = height * width;
        var planes = GC.AllocateUninitializedArray<byte>(channels * plane);
        for (var row = 0; row < height; row++)
        {
            for (var column = 0; column < width; column++)
            {
                var (storedRow, storedColumn) = image.Orientation switch
                {
                    ImageOrientation.TopRight => (row, width - 1 - column),
                    ImageOrientation.BottomRight => (height - 1 - row, width - 1 - column),
                    ImageOrientation.BottomLeft => (height - 1 - row, column),
                    ImageOrientation.LeftTop => (column, row),
                    ImageOrientation.RightTop => (width - 1 - column, row),
                    ImageOrientation.RightBottom => (width - 1 - column, height - 1 - row),
                    ImageOrientation.LeftBottom => (column, height - 1 - row),
                    _ => (row, column),
                };
                var pixel = image.Pixels.AsSpan(4 * ((storedRow * image.Width) + storedColumn), 4);
                var opacity = pixel[3];
                var (red, green, blue) = (OverWhite(pixel[0], opacity), OverWhite(pixel[1], opacity), OverWhite(pixel[2], opacity));
                var at = (row * width) + column;
                if (channels == 1)
                {
                    planes[at] = (byte)(((299 * red) + (587 * green) + (114 * blue) + 500) / 1000);
                }
                else
                {
                    (planes[at], planes[plane + at], planes[(2 * plane) + at]) = ((byte)red, (byte)green, (byte)blue);
                }
            }
        }

        return new DecodedImage([channels, height, width], planes);
    }

    private static int OverWhite(int value, int opacity) => opacity == 255 ? value : ((value * opacity) + (255 * (255 - opacity)) + 127) / 255;
}
