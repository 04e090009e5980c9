using System.IO.Compression;
using Tessera.Data;
using Xunit;

namespace Tessera.Tests.Data;

public class IdxReaderTests
{
    private static readonly byte[] Small = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    [Fact]
    public void Plain_and_gzipped_files_read_alike()
    {
        foreach (var bytes in (byte[][])[Small, Zip(Small)])
        {
            var (shape, values) = IdxReader.Read(new MemoryStream(bytes), "small");
            Assert.Equal([2, 3], shape);
            Assert.Equal([1, 2, 3, 4, 5, 6], values);
        }
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_an_error_and_so_is_one_byte_more()
    {
        for (var length = 0; length < Small.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => IdxReader.Read(new MemoryStream(Small[..length]), "cut"));
            Assert.Throws<InvalidDataException>(() => IdxReader.Read(new MemoryStream(Zip(Small[..length])), "cut"));
        }

        Assert.Throws<InvalidDataException>(() => IdxReader.Read(new MemoryStream([.. Small, 0]), "long"));
        Assert.Throws<InvalidDataException>(() => IdxReader.Read(new MemoryStream(Zip([.. Small, 0])), "long"));
    }

    [Fact]
    public void A_gzip_cut_off_anywhere_or_changed_anywhere_reads_the_same_or_is_an_error()
    {
        var zipped = Zip(Small);
        for (var at = 0; at < zipped.Length; at++)
        {
            byte[] changed = [.. zipped];
            changed[at] ^= 0x55;
            foreach (var bytes in (byte[][])[zipped[..at], changed])
            {
                try
                {
                    Assert.Equal(Small[12..], IdxReader.Read(new MemoryStream(bytes), "cut").Values);
                }
                catch (InvalidDataException exception)
                {
                    Assert.StartsWith("cut: ", exception.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 8, 1, 0x7F, 0xFF, 0xFF, 0xC0, 1 }, "declares 2147483584 bytes")]
    [InlineData(new byte[] { 0, 0, 8, 1, 0xFF, 0xFF, 0xFF, 0xFF, 1 }, "a size of 4294967295")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 1 }, "more than")]
    [InlineData(new byte[] { 0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0 }, "type 0x0D")]
    [InlineData(new byte[] { 0, 0, 8, 0, 1 }, "not an IDX file")]
    [InlineData(new byte[] { 0, 0, 8, 200, 1 }, "not an IDX file")]
    [InlineData(new byte[] { 1, 0, 8, 1, 0, 0, 0, 0 }, "not an IDX file")]
    public void A_header_that_lies_is_refused_before_memory_is_taken(byte[] bytes, string says)
    {
        foreach (var content in (byte[][])[bytes, Zip(bytes)])
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var error = Assert.Throws<InvalidDataException>(() => IdxReader.Read(new MemoryStream(content), "lie"));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
            if (content == bytes) Assert.Contains(says, error.Message, StringComparison.Ordinal);
        }
    }

    private static byte[] Zip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var zip = new GZipStream(stream, CompressionLevel.Optimal)) zip.Write(bytes);
        return stream.ToArray();
    }
}
