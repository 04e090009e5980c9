using CsCheck;
using Xunit;

namespace Tessera.Imaging.Tests;

public class ImageResizeTests
{
    [Fact]
    public void An_even_picture_stays_even_at_every_size()
    {
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 9], Gen.Int[1, 20], Gen.Int[1, 20], Gen.Byte).Sample(
            (height, width, newHeight, newWidth, value) =>
            {
                var image = new DecodedImage([2, height, width], Enumerable.Repeat(value, 2 * height * width).ToArray());
                var resized = ImageResize.Resize(image, newHeight, newWidth);
                Assert.Equal([2, newHeight, newWidth], resized.Shape);
                Assert.All(resized.Pixels, pixel => Assert.Equal(value, pixel));
            },
            iter: 100, threads: 1);
    }

    [Fact]
    public void Larger_is_bilinear_and_smaller_takes_every_pixel_in()
    {
        Assert.Equal([0, 25, 75, 100], ImageResize.Resize(new DecodedImage([1, 1, 2], [0, 100]), 1, 4).Pixels);
        // One bright pixel of 4×4, wherever it is, leaves a trace in 2×2.
        for (var at = 0; at < 16; at++)
        {
            var pixels = new byte[16];
            pixels[at] = 255;
            Assert.Contains(ImageResize.Resize(new DecodedImage([1, 4, 4], pixels), 2, 2).Pixels, pixel => pixel > 8);
        }
    }

    [Fact]
    public void Sizes_must_be_positive() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageResize.Resize(new DecodedImage([1, 1, 1], [0]), 0, 1));
}
