using Tessera.Files;
using Xunit;

namespace Tessera.Tests.Files;

public class AtomicFileTests
{
    [Fact]
    public void The_new_content_takes_the_place_of_the_old()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.Write(folder["a"], stream => stream.Write("old"u8));
        AtomicFile.Write(folder["a"], stream => stream.Write("new and longer"u8));
        Assert.Equal("new and longer", File.ReadAllText(folder["a"]));
        Assert.Equal(["a"], folder.Names());
    }

    [Fact]
    public void Until_the_last_byte_is_written_the_old_file_stands()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a", [1, 2, 3]);
        AtomicFile.Write(folder["a"], stream =>
        {
            stream.Write(new byte[100_000]);
            stream.Flush();
            Assert.Equal([1, 2, 3], File.ReadAllBytes(folder["a"]));
        });
        Assert.Equal(100_000, new FileInfo(folder["a"]).Length);
    }

    [Fact]
    public void A_failure_half_way_leaves_the_old_file_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a", [1, 2, 3]);
        Assert.Throws<NotImplementedException>(() => AtomicFile.Write(folder["a"], stream =>
        {
            stream.Write(new byte[100_000]);
            throw new NotImplementedException();
        }));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(folder["a"]));
        Assert.Equal(["a"], folder.Names());
    }

    [Fact]
    public void A_folder_that_does_not_exist_or_is_the_target_is_an_error()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["d"]);
        Assert.ThrowsAny<IOException>(() => AtomicFile.Write(folder["d"], _ => { }));
        Assert.ThrowsAny<IOException>(() => AtomicFile.Write(folder["d"] + "/", _ => { }));
        Assert.ThrowsAny<IOException>(() => AtomicFile.Write(folder["missing/a"], _ => { }));
        Assert.Equal(["d"], folder.Names());
    }
}
