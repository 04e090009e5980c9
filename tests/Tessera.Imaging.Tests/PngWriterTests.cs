using CsCheck;
using SkiaSharp;
using Xunit;

namespace Tessera.Imaging.Tests;

public class PngWriterTests
{
    [Fact]
    public void Another_decoder_reads_the_same_pixels()
    {
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 20], Gen.Int[0, 2].Select(kind => kind == 0 ? 1 : kind + 2)).SelectMany((height, width, channels) =>
            Gen.Byte.Array[height * width * channels].Select(pixels => (height, width, channels, pixels))).Sample(
            picture =>
            {
                using var bitmap = SKBitmap.Decode(PngWriter.Encode(picture.width, picture.height, picture.channels, picture.pixels), new SKImageInfo(
                    picture.width, picture.height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
                for (var i = 0; i < picture.width * picture.height; i++)
                {
                    var colour = bitmap.GetPixel(i % picture.width, i / picture.width);
                    var pixel = picture.pixels.AsSpan(i * picture.channels, picture.channels);
                    var expected = picture.channels == 1
                        ? new SKColor(pixel[0], pixel[0], pixel[0])
                        : new SKColor(pixel[0], pixel[1], pixel[2], picture.channels == 4 ? pixel[3] : (byte)255);
                    if (expected.Alpha > 0) Assert.Equal(expected, colour);
                }
            },
            iter: 100, threads: 1);
    }

    [Fact]
    public void What_no_picture_can_be_is_refused()
    {
        Assert.Throws<ArgumentException>(() => PngWriter.Encode(0, 1, 1, []));
        Assert.Throws<ArgumentException>(() => PngWriter.Encode(1, 1, 2, new byte[2]));
        Assert.Throws<ArgumentException>(() => PngWriter.Encode(2, 2, 3, new byte[11]));
    }
}
