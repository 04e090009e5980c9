using System.Buffers.Binary;
using CsCheck;
using SkiaSharp;
using Tessera.Files;
using Xunit;

namespace Tessera.Imaging.Tests;

public class PngReaderTests
{
    /// <summary>A random file of any kind, and its samples.</summary>
    private static readonly Gen<(PngBytes Png, ushort[] Samples, byte[] File)> AnyPng =
        from kind in Gen.Int[0, PngBytes.Kinds.Length - 1].Select(i => PngBytes.Kinds[i])
        from height in Gen.Int[1, 19]
        from width in Gen.Int[1, 19]
        from interlaced in Gen.Bool
        from parts in Gen.Int[1, 4]
        from filter in Gen.Int[0, 4]
        from opaque in Gen.Bool
        from palette in Gen.Byte.Array[3 << Math.Min(8, kind.BitDepth)]
        from opacities in Gen.Byte.Array[1, 1 << Math.Min(8, kind.BitDepth)]
        let plain = new PngBytes(width, height, kind.ColourType, kind.BitDepth, interlaced) { Parts = parts, Palette = kind.ColourType == 3 ? palette : [] }
        from samples in Gen.Int[0, (1 << kind.BitDepth) - 1].Select(value => (ushort)value).Array[width * height * plain.Samples]
        let png = opaque || kind.ColourType is 4 or 6 ? plain : plain with { Transparency = kind.ColourType == 3 ? opacities : FirstPixel(samples, plain.Samples) }
        select (png, samples, png.Write(samples, filter));

    [Fact]
    public void Files_of_every_kind_are_read_as_another_decoder_reads_them()
    {
        AnyPng.Sample(
            picture =>
            {
                using var codec = SKCodec.Create(new SKMemoryStream(picture.File), out var opened);
                Assert.Equal(SKCodecResult.Success, opened);
                var info = new SKImageInfo(picture.Png.Width, picture.Png.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
                Assert.Equal(SKCodecResult.Success, codec.GetPixels(info, out var expected));
                var pixels = PngReader.Read(picture.File, "p", headerOnly: false).Pixels;

                // Of 16 bits the other decoder rounds otherwise: it cuts off the lower 8 where the file is grey.
                if (picture.Png.BitDepth < 16) Assert.Equal(expected, pixels);
                else Assert.All(expected.Zip(pixels), pair => Assert.InRange(pair.Second - pair.First, -1, 1));
            },
            iter: 600, threads: 1);
    }

    [Fact]
    public void Every_sample_is_scaled_to_eight_bits_and_every_opacity_kept()
    {
        AnyPng.Sample(
            picture =>
            {
                var (png, samples) = (picture.Png, picture.Samples);
                var pixels = PngReader.Read(picture.File, "p", headerOnly: false).Pixels;
                for (var i = 0; i < png.Width * png.Height; i++)
                {
                    var own = samples.AsSpan(i * png.Samples, png.Samples);
                    byte[] expected = png.ColourType switch
                    {
                        3 => [.. png.Palette[(3 * own[0])..(3 * own[0] + 3)], own[0] < png.Transparency.Length ? png.Transparency[own[0]] : (byte)255],
                        0 or 4 => [Scaled(own[0], png), Scaled(own[0], png), Scaled(own[0], png), png.ColourType == 4 ? Scaled(own[1], png) : Opacity(own, png)],
                        _ => [Scaled(own[0], png), Scaled(own[1], png), Scaled(own[2], png), png.ColourType == 6 ? Scaled(own[3], png) : Opacity(own, png)],
                    };
                    Assert.Equal(expected, pixels[(4 * i)..((4 * i) + 4)]);
                }
            },
            iter: 300, threads: 1);
    }

    [Fact]
    public void A_cut_file_is_an_error_wherever_it_is_cut()
    {
        AnyPng.Sample(
            picture =>
            {
                for (var length = 0; length < picture.File.Length; length++)
                {
                    var error = Assert.Throws<InvalidDataException>(() => ImageFile.Decode(picture.File[..length], "cut"));
                    Assert.StartsWith("cut: ", error.Message, StringComparison.Ordinal);
                }
            },
            iter: 8, threads: 1);
    }

    [Fact]
    public void A_changed_byte_is_an_error_even_where_the_checksums_are_made_to_fit()
    {
        AnyPng.Sample(
            picture =>
            {
                for (var at = 0; at < picture.File.Length; at++)
                {
                    byte[] changed = [.. picture.File];
                    changed[at] ^= 0x5A;
                    var error = Assert.Throws<InvalidDataException>(() => ImageFile.Decode(changed, "changed"));
                    Assert.StartsWith("changed: ", error.Message, StringComparison.Ordinal);

                    // With the chunk's checksum made to fit it may be another picture, but nothing worse.
                    MakeChecksumsFit(changed);
                    try
                    {
                        ImageFile.Decode(changed, "changed");
                    }
                    catch (InvalidDataException refused)
                    {
                        Assert.StartsWith("changed: ", refused.Message, StringComparison.Ordinal);
                    }
                }
            },
            iter: 8, threads: 1);
    }

    [Fact]
    public void A_picture_is_turned_as_its_metadata_say()
    {
        byte[] exif = [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
        var png = new PngBytes(3, 2, 0, 8, false) { Further = [("eXIf", exif)] };
        var image = ImageFile.Decode(png.Write([1, 2, 3, 4, 5, 6], 0), "turned");
        Assert.Equal([1, 3, 2], image.Shape);
        Assert.Equal([4, 1, 5, 2, 6, 3], image.Pixels);
        for (var length = 0; length < exif.Length - 6; length++) Assert.Equal(ImageOrientation.TopLeft, ExifOrientation.Of(exif.AsSpan(0, length)));
    }

    [Fact]
    public void Grey_with_opacity_is_grey()
    {
        Assert.Equal([255, 127], ImageFile.Decode(new PngBytes(2, 1, 4, 8, false).Write([9, 0, 127, 255], 0), "grey").Pixels);
        Assert.Equal([7, 255], ImageFile.Decode(new PngBytes(2, 1, 0, 8, false) { Transparency = [0, 9] }.Write([7, 9], 0), "grey").Pixels);
    }

    [Fact]
    public void A_chunk_that_need_not_be_understood_is_passed_over() =>
        Assert.Equal([5], ImageFile.Decode(new PngBytes(1, 1, 0, 8, false) { Further = [("teXt", [1, 2, 3])] }.Write([5], 0), "p").Pixels);

    [Fact]
    public void What_goes_against_the_format_is_named()
    {
        Assert.Contains("no colour type 5 of 8 bits", Refusal(new PngBytes(1, 1, 5, 8, false), [0]), StringComparison.Ordinal);
        Assert.Contains("no colour type 2 of 4 bits", Refusal(new PngBytes(2, 1, 2, 4, false), [0, 0, 0, 0, 0, 0]), StringComparison.Ordinal);
        Assert.Contains("a palette of 0 bytes", Refusal(new PngBytes(1, 1, 3, 8, false), [0]), StringComparison.Ordinal);
        Assert.Contains("a pixel of colour 2, but the palette has 2", Refusal(new PngBytes(1, 1, 3, 2, false) { Palette = new byte[6] }, [2]), StringComparison.Ordinal);
        Assert.Contains("3 opacities for a palette of 2 colours", Refusal(new PngBytes(1, 1, 3, 2, false) { Palette = new byte[6], Transparency = new byte[3] }, [0]), StringComparison.Ordinal);
        Assert.Contains("the chunk C g B I", Refusal(new PngBytes(1, 1, 0, 8, false) { Further = [("CgBI", [])] }, [0]), StringComparison.Ordinal);

        var taller = new PngBytes(1, 3, 0, 8, false).Write([0, 0, 0], 0);
        BinaryPrimitives.WriteInt32BigEndian(taller.AsSpan(20), 2);
        MakeChecksumsFit(taller);
        Assert.Contains("more pixels than 2×1", Assert.Throws<InvalidDataException>(() => ImageFile.Decode(taller, "t")).Message, StringComparison.Ordinal);
        BinaryPrimitives.WriteInt32BigEndian(taller.AsSpan(20), 4);
        MakeChecksumsFit(taller);
        Assert.Contains("its rows end early", Assert.Throws<InvalidDataException>(() => ImageFile.Decode(taller, "t")).Message, StringComparison.Ordinal);
    }

    private static string Refusal(PngBytes png, ushort[] samples) =>
        Assert.Throws<InvalidDataException>(() => ImageFile.Decode(png.Write(samples, 0), "p")).Message;

    private static void MakeChecksumsFit(byte[] file)
    {
        for (var at = 8; at + 12 <= file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            if (length < 0 || length > file.Length - at - 12) return;
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(at + 8 + length), Crc32.Append(0, file.AsSpan(at + 4, 4 + length)));
            at += 12 + length;
        }
    }

    private static byte[] FirstPixel(ushort[] samples, int count)
    {
        var bytes = new byte[2 * count];
        for (var i = 0; i < count; i++) BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2 * i), samples[i]);
        return bytes;
    }

    private static byte Scaled(ushort value, PngBytes png) => (byte)Math.Round(255.0 * value / ((1 << png.BitDepth) - 1));

    private static byte Opacity(ReadOnlySpan<ushort> own, PngBytes png)
    {
        if (png.Transparency.Length == 0) return 255;
        for (var i = 0; i < own.Length; i++)
        {
            if (own[i] != BinaryPrimitives.ReadUInt16BigEndian(png.Transparency.AsSpan(2 * i))) return 255;
        }

        return 0;
    }
}
