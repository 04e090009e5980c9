using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Tessera.Files;
using Xunit;

namespace Tessera.Tests.Files;

public class NpzFileTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Arrays_come_back_by_name_and_in_order(bool compress)
    {
        using var folder = new TemporaryFolder();
        var path = folder["a.npz"];
        KeyValuePair<string, NpyArray>[] arrays =
        [
            new("y", NpyArray.Create<long>([3], [1, 2, 3])),
            new("x", NpyArray.Create<float>([2, 2], [1, 2, 3, float.NaN])),
            new("empty", NpyArray.Create<double>([0, 5], [])),
        ];
        NpzFile.Write(path, arrays, compress);
        Assert.Equal(["y", "x", "empty"], NpzFile.Names(path));
        Assert.Equal([1, 2, 3, float.NaN], NpzFile.Read(path, "x").ToArray<float>());
        Assert.Equal([1, 2, 3], NpzFile.Read(path, "y").ToArray<int>());
        Assert.Equal([0, 5], NpzFile.Read(path, "empty").Shape);

        var bytes = File.ReadAllBytes(path);
        NpzFile.Write(path, arrays, compress);
        Assert.Equal(bytes, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_missing_array_is_an_error_that_names_those_there_are()
    {
        using var folder = new TemporaryFolder();
        NpzFile.Write(folder["a.npz"], [new("inputs", NpyArray.Create<float>([1], [1]))]);
        var error = Assert.Throws<InvalidDataException>(() => NpzFile.Read(folder["a.npz"], "x"));
        Assert.Contains("no array 'x'; there are: inputs.", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => NpzFile.Write(folder["b.npz"], [new("a", NpyArray.Create<float>([1], [1])), new("a", NpyArray.Create<float>([1], [1]))]));
        Assert.Equal(["a.npz"], folder.Names());
    }

    [Fact]
    public void Sparse_rows_have_the_layout_of_scipy()
    {
        using var folder = new TemporaryFolder();
        var path = folder["m.npz"];
        // [[0, 2, 0], [0, 0, 0], [3, 0, 4], [0, 0, 0]]
        NpzFile.WriteSparseRows<int, double>(path, 4, 3, [0, 1, 1, 3, 3], [1, 0, 2], [2, 3, 4]);
        using (var archive = ZipFile.OpenRead(path))
        {
            Assert.Equal(["indices.npy", "indptr.npy", "format.npy", "shape.npy", "data.npy"], archive.Entries.Select(entry => entry.FullName));
            using var format = archive.GetEntry("format.npy")!.Open();
            using var copy = new MemoryStream();
            format.CopyTo(copy);
            Assert.Equal(Header("{'descr': '|S3', 'fortran_order': False, 'shape': (), }") + "csr", Encoding.Latin1.GetString(copy.ToArray()));
        }

        Assert.Equal(ElementType.Int32, NpzFile.Read(path, "indptr").Type);
        Assert.Equal([0, 1, 1, 3, 3], NpzFile.Read(path, "indptr").ToArray<int>());
        Assert.Equal([1, 0, 2], NpzFile.Read(path, "indices").ToArray<int>());
        Assert.Equal(ElementType.Int64, NpzFile.Read(path, "shape").Type);
        Assert.Equal([4, 3], NpzFile.Read(path, "shape").ToArray<int>());
        Assert.Equal([2.0, 3, 4], NpzFile.Read(path, "data").ToArray<double>());

        NpzFile.WriteSparseRows<long, float>(path, 1, 3, [0L, 1], [2L], [5f]);
        Assert.Equal(ElementType.Int64, NpzFile.Read(path, "indices").Type);
        Assert.Throws<ArgumentException>(() => NpzFile.WriteSparseRows<int, float>(path, 2, 3, [0, 1], [2], [5f]));
        Assert.Throws<ArgumentException>(() => NpzFile.WriteSparseRows<int, float>(path, 1, 3, [0, 2], [2], [5f]));
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_an_error()
    {
        using var folder = new TemporaryFolder();
        NpzFile.Write(folder["a.npz"], [new("x", NpyArray.Create<float>([3], [1, 2, 3]))], compress: true);
        var whole = File.ReadAllBytes(folder["a.npz"]);
        for (var length = 0; length < whole.Length; length++)
        {
            var path = folder.Write("cut.npz", whole[..length]);
            Assert.Throws<InvalidDataException>(() => NpzFile.Read(path, "x"));
        }
    }

    [Fact]
    public void A_changed_byte_of_the_data_is_noticed_by_its_checksum()
    {
        using var folder = new TemporaryFolder();
        NpzFile.Write(folder["a.npz"], [new("x", NpyArray.Create<float>([3], [1, 2, 3]))]);
        var bytes = File.ReadAllBytes(folder["a.npz"]);
        var at = bytes.AsSpan().IndexOf<byte>([0, 0, 0x40, 0x40]); // 3.0f
        bytes[at] ^= 1;
        var error = Assert.Throws<InvalidDataException>(() => NpzFile.Read(folder.Write("b.npz", bytes), "x"));
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_single_changed_byte_gives_the_same_array_or_invalid_data()
    {
        using var folder = new TemporaryFolder();
        NpzFile.Write(folder["a.npz"], [new("x", NpyArray.Create<float>([3], [1, 2, 3]))], compress: true);
        var whole = File.ReadAllBytes(folder["a.npz"]);
        for (var at = 0; at < whole.Length; at++)
        {
            foreach (byte flip in (byte[])[1, 0x80, 0xFF])
            {
                byte[] bytes = [.. whole];
                bytes[at] ^= flip;
                var path = folder.Write("b.npz", bytes);
                try
                {
                    Assert.Equal([1f, 2, 3], NpzFile.Read(path, "x").ToArray<float>());
                }
                catch (InvalidDataException)
                {
                }
            }
        }
    }

    [Fact]
    public void A_zip_bomb_is_refused_before_it_is_unpacked()
    {
        using var folder = new TemporaryFolder();
        var path = folder["bomb.npz"];
        const int megabytes = 80;
        using (var archive = ZipFile.Open(path, ZipArchiveMode.Create))
        using (var entry = archive.CreateEntry("x.npy", CompressionLevel.Fastest).Open())
        {
            entry.Write(Encoding.Latin1.GetBytes(Header($"{{'descr': '|u1', 'fortran_order': False, 'shape': ({megabytes << 20},), }}")));
            var zeros = new byte[1 << 20];
            for (var i = 0; i < megabytes; i++) entry.Write(zeros);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => NpzFile.Read(path, "x"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.Contains("unpacks to", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_whose_declared_length_lies_takes_no_memory()
    {
        using var folder = new TemporaryFolder();
        var path = folder["lie.npz"];
        const int declared = 60 << 20;
        using (var archive = ZipFile.Open(path, ZipArchiveMode.Create))
        using (var entry = archive.CreateEntry("x.npy").Open())
            entry.Write(Encoding.Latin1.GetBytes(Header($"{{'descr': '|u1', 'fortran_order': False, 'shape': ({declared},), }}") + "short"));

        // The central directory's record (PK 1 2) holds the unpacked length at byte 24.
        var bytes = File.ReadAllBytes(path);
        var record = bytes.AsSpan().IndexOf("PK\x01\x02"u8);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(record + 24), declared + 128);
        File.WriteAllBytes(path, bytes);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => NpzFile.Read(path, "x"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    private static string Header(string dictionary) => "\x93NUMPY\x01\0\x76\0" + dictionary.PadRight(117) + "\n";
}
