using System.Runtime.InteropServices;
using SkiaSharp;

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
    public static DecodedImage Decode(byte[] content, string name, ImageColour? colour = null)
    {
        using var codec = Open(content, name);
        var (height, width) = (codec.Info.Height, codec.Info.Width);
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        var pixels = GC.AllocateUninitializedArray<byte>(info.BytesSize);
        var pin = GCHandle.Alloc(pixels, GCHandleType.Pinned);
        try
        {
            var result = codec.GetPixels(info, pin.AddrOfPinnedObject());
            if (result != SKCodecResult.Success) throw new InvalidDataException($"{name}: the image is cut off or damaged ({result}).");
        }
        finally
        {
            pin.Free();
        }

        return Arrange(pixels, height, width, codec.EncodedOrigin, colour ?? ColourOf(codec));
    }

    /// <summary>The shape that reading the file will give, told from its header alone: channels as stored (1 or 3), height, width.</summary>
    /// <exception cref="InvalidDataException">As for reading, as far as the header shows it.</exception>
    internal static Sizes ReadShape(string path)
    {
        using var codec = Open(File.ReadAllBytes(path), path);
        var channels = ColourOf(codec) == ImageColour.Grey ? 1 : 3;
        return IsSideways(codec.EncodedOrigin) ? [channels, codec.Info.Width, codec.Info.Height] : [channels, codec.Info.Height, codec.Info.Width];
    }

    private static SKCodec Open(byte[] content, string name)
    {
        // The codec takes the stream over and closes it.
        var codec = SKCodec.Create(new SKMemoryStream(content), out var result);
        if (codec is null) throw new InvalidDataException($"{name}: not a PNG or JPEG image, or a damaged one ({result}).");
        try
        {
            if (codec.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg))
                throw new InvalidDataException($"{name}: an image of the kind {codec.EncodedFormat} is not read; convert it to PNG or JPEG.");
            var bytes = 4L * codec.Info.Width * codec.Info.Height;
            var limit = Math.Min(Array.MaxLength, Math.Max(64L << 20, 64L * content.Length));
            if (bytes <= 0 || bytes > limit)
            {
                throw new InvalidDataException(
                    $"{name}: {codec.Info.Height}×{codec.Info.Width} pixels would take {bytes} bytes; of a file of {content.Length} bytes at most {limit} are unpacked. Make the image smaller.");
            }

            return codec;
        }
        catch
        {
            codec.Dispose();
            throw;
        }
    }

    private static ImageColour ColourOf(SKCodec codec) => codec.Info.ColorType is SKColorType.Gray8 ? ImageColour.Grey : ImageColour.Colour;

    private static bool IsSideways(SKEncodedOrigin origin) => origin >= SKEncodedOrigin.LeftTop;

    /// <summary>From four bytes a pixel to planes, turned upright.</summary>
    private static DecodedImage Arrange(ReadOnlySpan<byte> rgba, int storedHeight, int storedWidth, SKEncodedOrigin origin, ImageColour colour)
    {
        var (height, width) = IsSideways(origin) ? (storedWidth, storedHeight) : (storedHeight, storedWidth);
        var channels = colour == ImageColour.Grey ? 1 : 3;
        var plane = height * width;
        var planes = GC.AllocateUninitializedArray<byte>(channels * plane);
        for (var row = 0; row < height; row++)
        {
            for (var column = 0; column < width; column++)
            {
                // Exif: the name says where the stored picture's row 0 and column 0 belong.
                var (storedRow, storedColumn) = origin switch
                {
                    SKEncodedOrigin.TopRight => (row, width - 1 - column),
                    SKEncodedOrigin.BottomRight => (height - 1 - row, width - 1 - column),
                    SKEncodedOrigin.BottomLeft => (height - 1 - row, column),
                    SKEncodedOrigin.LeftTop => (column, row),
                    SKEncodedOrigin.RightTop => (width - 1 - column, row),
                    SKEncodedOrigin.RightBottom => (width - 1 - column, height - 1 - row),
                    SKEncodedOrigin.LeftBottom => (column, height - 1 - row),
                    _ => (row, column),
                };
                var pixel = rgba.Slice(4 * ((storedRow * storedWidth) + storedColumn), 4);
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
