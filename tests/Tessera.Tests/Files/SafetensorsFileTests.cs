using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Tessera.Files;
using Xunit;

namespace Tessera.Tests.Files;

public class SafetensorsFileTests
{
    [Fact]
    public void Bytes_are_those_of_the_format()
    {
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(
            folder["a"],
            [SafetensorsTensor.Create<float>("w", [1, 2], new float[] { 1, 2 }), SafetensorsTensor.Create<byte>("b", [1], new byte[] { 7 })],
            new Dictionary<string, string> { ["z"] = "1", ["a"] = "2" });
        const string header = """{"__metadata__":{"a":"2","z":"1"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}""";
        byte[] expected =
        [
            144, 0, 0, 0, 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(header.PadRight(144)), 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 7,
        ];
        Assert.Equal(expected, File.ReadAllBytes(folder["a"]));
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        using var folder = new TemporaryFolder();
        Gen.Select(Gen.Int[0, 3].Array[0, 4], Gen.String, Gen.Int[0, 4]).Array[0, 6].Sample(
            tensors =>
            {
                var written = tensors.Select((t, i) => Make($"{i} {Clean(t.Item2)}", Sizes.Create(t.Item1), t.Item3)).ToArray();
                var metadata = tensors.Select((t, i) => (i, t.Item2)).ToDictionary(t => $"key {t.i}", t => Clean(t.Item2));
                SafetensorsFile.Write(folder["a"], written, metadata);
                using var file = SafetensorsFile.Open(folder["a"]);
                Assert.Equal(metadata, file.Metadata);
                Assert.Equal(written.Length, file.Entries.Count);
                foreach (var tensor in written)
                {
                    Assert.True(file.TryFind(tensor.Name, out var entry));
                    Assert.Equal((tensor.Type, tensor.Shape), (entry.Type, entry.Shape));
                    var values = new double[entry.Count];
                    file.Read<double>(tensor.Name, values);
                    Assert.Equal(Enumerable.Range(0, values.Length).Select(i => (double)i), values);
                }
            },
            iter: 100, threads: 1);
    }

    [Fact]
    public void Half_and_brain_floats_are_read_as_single()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a", Bytes("""{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[],"data_offsets":[4,6]}}""", [0, 0x3E, 0, 0xC0, 0xC0, 0x3F]));
        using var file = SafetensorsFile.Open(path);
        var two = new float[2];
        file.Read<float>("h", two);
        Assert.Equal([1.5f, -2f], two);
        file.Read("b", two.AsSpan(0, 1));
        Assert.Equal(1.5f, two[0]);
        Assert.Throws<InvalidDataException>(() => file.Read<int>("h", new int[2]));
        Assert.Throws<ArgumentException>(() => file.Read<float>("h", new float[3]));
        var error = Assert.Throws<InvalidDataException>(() => file.Read<float>("missing", new float[3]));
        Assert.Contains("no tensor 'missing'; there are: h, b.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_open_file_may_be_replaced_and_still_reads_what_it_was()
    {
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(folder["a"], [SafetensorsTensor.Create<double>("w", [1], new double[] { 1 })]);
        using var file = SafetensorsFile.Open(folder["a"]);
        SafetensorsFile.Write(folder["a"], [SafetensorsTensor.Create<double>("v", [2], new double[] { 2, 3 })]);
        var value = new double[1];
        file.Read<double>("w", value);
        Assert.Equal(1, value[0]);
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_an_error_and_so_is_one_byte_more()
    {
        using var folder = new TemporaryFolder();
        var whole = Bytes("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", new byte[8]);
        for (var length = 0; length < whole.Length; length++)
        {
            var path = folder.Write("cut", whole[..length]);
            Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));
        }

        Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(folder.Write("long", whole, [0])));
    }

    [Theory]
    [InlineData("""{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "do not hold a shape of (3)")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "do not hold")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "end at byte 4, but the file has 8")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "ends at byte 16, but the file has 8")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "without holes")]
    [InlineData("""{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "overlaps")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'w' is there twice")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2147483647,2147483647,2147483647,4],"data_offsets":[0,8]}}""", "do not hold")]
    [InlineData("""{"w":{"dtype":"F32","shape":[99999999999],"data_offsets":[0,8]}}""", "more than 2147483647")]
    [InlineData("""{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "whole numbers from 0")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "whole numbers from 0")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "at most 2")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "not all there")]
    [InlineData("""{"w":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}}""", "type 'F4' are not read")]
    [InlineData("""{"w":{"dtype":4,"shape":[2],"data_offsets":[0,8]}}""", "dtype is not a text")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}""", "'x' is unknown")]
    [InlineData("""{"__metadata__":{"a":1},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'a' is not a text")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'a' is there twice")]
    [InlineData("""{"w":[]}""", "not an object")]
    [InlineData("""[]""", "not a JSON object")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x""", "not valid JSON")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""", "not valid JSON")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "not valid JSON")]
    [InlineData("", "not valid JSON")]
    public void A_header_that_lies_is_refused(string header, string says)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("lie", Bytes(header, new byte[8]));
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000_001UL)]
    [InlineData(90_000_000UL)]
    [InlineData(ulong.MaxValue)]
    public void A_header_longer_than_the_file_is_refused_before_memory_is_taken(ulong declared)
    {
        using var folder = new TemporaryFolder();
        var bytes = Bytes("{}", []);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, declared);
        var path = folder.Write("lie", bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.Contains(declared.ToString(System.Globalization.CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_of_nothing_but_names_takes_a_small_multiple_of_its_length()
    {
        using var folder = new TemporaryFolder();
        var entries = Enumerable.Range(0, 20_000).Select(i => $$"""
            "{{i}}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}
            """);
        var path = folder.Write("many", Bytes("{" + string.Join(',', entries) + "}", []));
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var file = SafetensorsFile.Open(path);
        Assert.Equal(20_000, file.Entries.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20 * new FileInfo(path).Length);
    }

    [Fact]
    public void Any_single_changed_byte_of_the_header_opens_or_is_invalid_data()
    {
        using var folder = new TemporaryFolder();
        var whole = Bytes("""{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", new byte[8]);
        for (var at = 0; at < whole.Length - 8; at++)
        {
            foreach (byte flip in (byte[])[1, 0x20, 0xFF])
            {
                byte[] bytes = [.. whole];
                bytes[at] ^= flip;
                var path = folder.Write("b", bytes);
                try
                {
                    SafetensorsFile.Open(path).Dispose();
                }
                catch (InvalidDataException)
                {
                }
            }
        }
    }

    [Fact]
    public void What_a_caller_gets_wrong_is_an_argument_error_and_writes_nothing()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ArgumentException>(() => SafetensorsTensor.Create<float>("w", [3], new float[2]));
        Assert.Throws<ArgumentException>(() => SafetensorsTensor.Create<float>("__metadata__", [2], new float[2]));
        var twice = SafetensorsTensor.Create<float>("w", [2], new float[2]);
        Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(folder["a"], [twice, twice]));
        Assert.Empty(folder.Names());
    }

    private static SafetensorsTensor Make(string name, Sizes shape, int kind)
    {
        var counting = Enumerable.Range(0, (int)shape.Product).ToArray();
        return kind switch
        {
            0 => SafetensorsTensor.Create<float>(name, shape, counting.Select(i => (float)i).ToArray()),
            1 => SafetensorsTensor.Create<double>(name, shape, counting.Select(i => (double)i).ToArray()),
            2 => SafetensorsTensor.Create<long>(name, shape, counting.Select(i => (long)i).ToArray()),
            3 => SafetensorsTensor.Create<byte>(name, shape, counting.Select(i => (byte)i).ToArray()),
            _ => SafetensorsTensor.Create<int>(name, shape, counting),
        };
    }

    /// <summary>Without halves of surrogate pairs, which are no text.</summary>
    private static string Clean(string text) => string.Concat(text.Where(c => !char.IsSurrogate(c)));

    private static byte[] Bytes(string header, byte[] data)
    {
        var text = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((ulong)text.Length), .. text, .. data];
    }
}
