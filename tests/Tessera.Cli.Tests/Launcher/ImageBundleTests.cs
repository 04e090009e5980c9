using CsCheck;
using Tessera.Launcher;
using Xunit;

namespace Tessera.Cli.Tests.Launcher;

public sealed class ImageBundleTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_is_packed_comes_back_and_what_all_hold_is_kept_once()
    {
        Gen.Select(Gen.Byte.Array[0, 2000], Gen.Byte.Array[1, 500], Gen.Byte.Array[4000, 6000], Gen.Int[0, 1 << 21]).Sample(
            (before, after, common, zeros) =>
            {
                byte[] first = [.. before, .. common, .. after, .. new byte[zeros]];
                byte[] second = [.. after, .. new byte[zeros / 2], .. common];
                var path = folder["bundle"];
                using (var output = new FileStream(path, FileMode.Create, FileAccess.Write))
                {
                    output.Write("a program"u8);
                    // What stands in neither image is not kept.
                    ImageBundle.Write(output, [(2, first), (4, second)], [common, [], [.. common, (byte)(after[0] + 1)]]);
                }

                using var file = File.OpenRead(path);
                Assert.True(ImageBundle.TryRead(file, out var images));
                Assert.Equal([2, 4], images.Select(image => image.Level));
                Assert.Equal(first, Unpacked(file, images[0]));
                Assert.Equal(second, Unpacked(file, images[1]));
                Assert.Single(images[0].Blocks.Intersect(images[1].Blocks));
                Assert.InRange(file.Length, common.Length, common.Length + (2 * (before.Length + after.Length)) + 1500);
            },
            iter: 10, threads: 1);
    }

    [Fact]
    public void A_program_without_images_has_none()
    {
        File.WriteAllText(folder["short"], "x");
        using var little = File.OpenRead(folder["short"]);
        Assert.False(ImageBundle.TryRead(little, out _));
        File.WriteAllText(folder["other"], new string('x', 5000));
        using var other = File.OpenRead(folder["other"]);
        Assert.False(ImageBundle.TryRead(other, out _));
    }

    [Fact]
    public void A_damaged_block_is_not_run()
    {
        var path = folder["damaged"];
        using (var output = new FileStream(path, FileMode.Create, FileAccess.Write)) ImageBundle.Write(output, [(2, new byte[5000])], []);
        using var file = File.OpenRead(path);
        Assert.True(ImageBundle.TryRead(file, out var images));
        var block = images[0].Blocks[0];
        Assert.Throws<InvalidDataException>(() => ImageBundle.Unpack(file.SafeFileHandle, block with { Length = block.Length + 1 }, new byte[block.Length + 1]));
        Assert.Throws<InvalidDataException>(() => ImageBundle.Unpack(file.SafeFileHandle, block with { Stored = block.Stored - 1 }, new byte[block.Length]));
    }

    [Fact]
    public void A_level_of_processors_has_a_name_and_this_one_has_a_level()
    {
        Assert.Equal(3, Processor.LevelWanted("x86-64-v3"));
        foreach (var other in (string?[])[null, "", "x86-64", "x86-64-v1", "x86-64-v5", "x86-64-v33"]) Assert.Null(Processor.LevelWanted(other));
        var expected = System.Runtime.Intrinsics.X86.Avx512F.VL.IsSupported ? 4 : System.Runtime.Intrinsics.X86.Avx2.IsSupported && System.Runtime.Intrinsics.X86.Fma.IsSupported ? 3 : 2;
        Assert.InRange(Processor.Level(), expected, 4);
    }

    private static byte[] Unpacked(FileStream file, PackedImage image)
    {
        var content = new byte[image.Length];
        var at = 0;
        foreach (var block in image.Blocks)
        {
            ImageBundle.Unpack(file.SafeFileHandle, block, content.AsSpan(at, block.Length));
            at += block.Length;
        }

        return content;
    }
}
