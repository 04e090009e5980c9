using System.Buffers.Binary;
using SkiaSharp;
using Tessera.Files;
using Xunit;

namespace Tessera.Imaging.Tests;

public class ImageFileTests
{
    [Fact]
    public void Channels_come_first_and_grey_files_stay_grey()
    {
        byte[] rgb = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30];
        var image = ImageFile.Decode(PngWriter.Encode(2, 2, 3, rgb), "rgb");
        Assert.Equal([3, 2, 2], image.Shape);
        Assert.Equal([255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30], image.Pixels);
        Assert.Equal([76, 150, 29, 18], ImageFile.Decode(PngWriter.Encode(2, 2, 3, rgb), "rgb", ImageColour.Grey).Pixels);

        var grey = PngWriter.Encode(3, 1, 1, [0, 7, 255]);
        Assert.Equal([1, 1, 3], ImageFile.Decode(grey, "grey").Shape);
        Assert.Equal([0, 7, 255], ImageFile.Decode(grey, "grey").Pixels);
        Assert.Equal([0, 7, 255, 0, 7, 255, 0, 7, 255], ImageFile.Decode(grey, "grey", ImageColour.Colour).Pixels);
    }

    [Fact]
    public void Transparent_pixels_are_laid_over_white()
    {
        var image = ImageFile.Decode(PngWriter.Encode(3, 1, 4, [0, 0, 0, 0, 0, 0, 0, 255, 0, 100, 200, 51]), "rgba");
        Assert.Equal([255, 0, 204, 255, 0, 224, 255, 0, 244], image.Pixels);
    }

    [Fact]
    public void A_JPEG_is_read_and_turned_as_its_camera_noted()
    {
        // Upper half dark, lower half bright, stored 16×32.
        var pixels = Enumerable.Range(0, 16 * 32).Select(i => (byte)(i < 256 ? 20 : 230)).ToArray();
        var stored = ImageFile.Decode(Jpeg(32, 16, pixels), "j");
        Assert.Equal((16, 32), (stored.Height, stored.Width));
        Assert.InRange(stored.Pixels[5], 10, 30);
        Assert.InRange(stored.Pixels[(15 * 32) + 5], 220, 240);

        // Orientation 6: the stored first row is the right edge.
        var turned = ImageFile.Decode(WithOrientation(Jpeg(32, 16, pixels), 6), "j");
        Assert.Equal((32, 16), (turned.Height, turned.Width));
        Assert.InRange(turned.Pixels[15], 10, 30);
        Assert.InRange(turned.Pixels[0], 220, 240);
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_an_error_or_whole()
    {
        var pixels = Enumerable.Range(0, 12 * 9).Select(i => (byte)(i * 37)).ToArray();
        foreach (var whole in (byte[][])[PngWriter.Encode(12, 9, 1, pixels), Jpeg(12, 9, pixels)])
        {
            var expected = ImageFile.Decode(whole, "whole").Pixels;
            var refused = 0;
            for (var length = 0; length < whole.Length; length++)
            {
                try
                {
                    Assert.Equal(expected, ImageFile.Decode(whole[..length], "cut").Pixels);
                }
                catch (InvalidDataException exception)
                {
                    Assert.StartsWith("cut: ", exception.Message, StringComparison.Ordinal);
                    refused++;
                }
            }

            // What may be missing unnoticed is the mark of the end alone.
            Assert.InRange(whole.Length - refused, 0, 24);
        }
    }

    [Fact]
    public void Any_changed_byte_gives_a_picture_or_invalid_data()
    {
        var pixels = Enumerable.Range(0, 8 * 8).Select(i => (byte)(i * 37)).ToArray();
        foreach (var whole in (byte[][])[PngWriter.Encode(8, 8, 1, pixels), Jpeg(8, 8, pixels)])
        {
            for (var at = 0; at < whole.Length; at++)
            {
                byte[] bytes = [.. whole];
                bytes[at] ^= 0xFF;
                try
                {
                    ImageFile.Decode(bytes, "changed");
                }
                catch (InvalidDataException)
                {
                }
            }
        }
    }

    [Fact]
    public void A_picture_that_would_take_too_much_memory_is_refused_before_it_does()
    {
        var bytes = PngWriter.Encode(1, 1, 1, [0]);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), 30_000);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(20), 30_000);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(29), Crc32.Append(0, bytes.AsSpan(12, 17)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => ImageFile.Decode(bytes, "bomb"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.Contains("30000×30000 pixels would take 3600000000 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_kinds_of_files_are_refused()
    {
        Assert.Throws<InvalidDataException>(() => ImageFile.Decode([], "empty"));
        Assert.Throws<InvalidDataException>(() => ImageFile.Decode("no image"u8.ToArray(), "text"));
        using var bitmap = new SKBitmap(2, 2);
        using var webp = bitmap.Encode(SKEncodedImageFormat.Webp, 90);
        Assert.Contains("WebP is not read", Assert.Throws<InvalidDataException>(() => ImageFile.Decode(webp.ToArray(), "w")).Message, StringComparison.Ordinal);
    }

    internal static byte[] Jpeg(int width, int height, byte[] grey)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Gray8));
        System.Runtime.InteropServices.Marshal.Copy(Pad(grey, width, height, bitmap.RowBytes), 0, bitmap.GetPixels(), bitmap.RowBytes * height);
        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 95);
        return data.ToArray();
    }

    private static byte[] Pad(byte[] grey, int width, int height, int rowBytes)
    {
        var padded = new byte[rowBytes * height];
        for (var row = 0; row < height; row++) grey.AsSpan(row * width, width).CopyTo(padded.AsSpan(row * rowBytes));
        return padded;
    }

    /// <summary>The same with an Exif segment that holds an orientation alone.</summary>
    private static byte[] WithOrientation(byte[] jpeg, byte orientation) =>
    [
        .. jpeg[..2], 0xFF, 0xE1, 0, 34, .. "Exif\0\0"u8, .. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0, .. jpeg[2..],
    ];
}
