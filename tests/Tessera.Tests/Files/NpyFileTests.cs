using System.Numerics.Tensors;
using System.Text;
using CsCheck;
using Tessera.Files;
using Xunit;

namespace Tessera.Tests.Files;

public class NpyFileTests
{
    [Fact]
    public void Bytes_are_those_of_the_format()
    {
        using var stream = new MemoryStream();
        NpyFile.Write<float>(stream, new ReadOnlyTensorSpan<float>([1, 2, 3, 4, 5, 6], [2, 3]));
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".PadRight(117) + "\n";
        byte[] expected =
        [
            0x93, .. "NUMPY\x01\0\x76\0"u8, .. Encoding.ASCII.GetBytes(header),
            0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40, 0, 0, 0xA0, 0x40, 0, 0, 0xC0, 0x40,
        ];
        Assert.Equal(expected, stream.ToArray());
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        Gen.Select(Gen.Int[0, 4].Array[1, 4], Gen.Int[0, 3]).Sample(
            (lengths, kind) =>
            {
                var sizes = Sizes.Create(lengths);
                var count = (int)sizes.Product;
                switch (kind)
                {
                    case 0: RoundTrip(sizes, [.. Enumerable.Range(0, count).Select(i => i * 0.1f)]); break;
                    case 1: RoundTrip(sizes, [.. Enumerable.Range(0, count).Select(i => i / 3.0)]); break;
                    case 2: RoundTrip(sizes, [.. Enumerable.Range(0, count).Select(i => -i)]); break;
                    default: RoundTrip(sizes, [.. Enumerable.Range(0, count).Select(i => (long)i << 40)]); break;
                }
            },
            iter: 200, threads: 1);
    }

    [Fact]
    public void A_view_with_strides_is_written_as_what_it_shows()
    {
        var tensor = Tensor.Create([1.0, 2, 3, 4, 5, 6], [2, 3]);
        using var stream = new MemoryStream();
        NpyFile.Write<double>(stream, tensor.AsReadOnlyTensorSpan().Slice([0..2, 1..3]));
        stream.Position = 0;
        Assert.Equal([2.0, 3, 5, 6], NpyFile.Read(stream).ToArray<double>());
    }

    [Theory]
    [InlineData("<f8", new byte[] { 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0 }, 1.5, -2.0)]
    [InlineData(">f8", new byte[] { 0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0 }, 1.5, -2.0)]
    [InlineData(">f4", new byte[] { 0x3F, 0xC0, 0, 0, 0xC0, 0, 0, 0 }, 1.5, -2.0)]
    [InlineData("<f2", new byte[] { 0, 0x3E, 0, 0xC0 }, 1.5, -2.0)]
    [InlineData("|u1", new byte[] { 7, 255 }, 7.0, 255.0)]
    [InlineData("|i1", new byte[] { 7, 255 }, 7.0, -1.0)]
    [InlineData("|b1", new byte[] { 0, 1 }, 0.0, 1.0)]
    [InlineData(">i2", new byte[] { 1, 0, 0xFF, 0xFE }, 256.0, -2.0)]
    [InlineData("<u2", new byte[] { 1, 0, 0xFF, 0xFF }, 1.0, 65535.0)]
    [InlineData("<i4", new byte[] { 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF }, 1.0, -1.0)]
    [InlineData(">u4", new byte[] { 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF }, 1.0, 4294967295.0)]
    [InlineData(">i8", new byte[] { 0, 0, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, 3.0, -1.0)]
    public void Every_element_type_is_read_in_both_byte_orders(string description, byte[] data, double first, double second)
    {
        var array = NpyFile.Read(new MemoryStream(File(1, $"{{'descr': '{description}', 'fortran_order': False, 'shape': (2,), }}", data)));
        Assert.Equal([first, second], array.ToArray<double>());
        Assert.Equal([(float)first, (float)second], array.ToTensor<float>().ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Fortran_order_is_turned_into_rows_in_every_version(int version)
    {
        // The array [[0, 1, 2], [3, 4, 5]] twice (last axis), first axis fastest.
        byte[] data = [0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15];
        var array = NpyFile.Read(new MemoryStream(File(version, "{\"descr\":\"|u1\",\"shape\":(2L, 3L,2),\"fortran_order\":True}  \n", data)));
        Assert.Equal([2, 3, 2], array.Shape);
        Assert.Equal([0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15], array.ToArray<int>());
    }

    [Fact]
    public void A_single_number_has_no_axes()
    {
        var array = NpyFile.Read(new MemoryStream(File(1, "{'descr': '<f4', 'fortran_order': False, 'shape': ()}", [0, 0, 0x80, 0x3F])));
        Assert.Empty(array.Shape);
        Assert.Equal([1f], array.ToArray<float>());
        Assert.Equal([1f], array.ToTensor<float>().ToArray());
    }

    [Fact]
    public void The_empty_tensor_is_written_as_no_elements()
    {
        using var stream = new MemoryStream();
        NpyFile.Write<float>(stream, ReadOnlyTensorSpan<float>.Empty);
        stream.Position = 0;
        Assert.Equal([0], NpyFile.Read(stream).Shape);
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_an_error_and_so_is_one_byte_more()
    {
        using var folder = new TemporaryFolder();
        var whole = File(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", new byte[12]);
        for (var length = 0; length < whole.Length; length++)
        {
            var path = folder.Write("cut.npy", whole[..length]);
            Assert.Throws<InvalidDataException>(() => NpyFile.Read(path));
            Assert.Throws<InvalidDataException>(() => NpyFile.Read(new MemoryStream(whole[..length])));
        }

        var longer = Assert.Throws<InvalidDataException>(() => NpyFile.Read(folder.Write("long.npy", whole, [0])));
        Assert.Contains("1 bytes follow the array of 3 Float32", longer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 2147483647), }", "more elements than any file")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }", "more than the")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (500000000,), }", "only 8 are there")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "size on axis 0")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "size on axis 0")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2, }", "size on axis 1")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': 2, }", "'(' is missing")]
    [InlineData("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", "neither True nor False")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "'descr' is unknown or there twice")]
    [InlineData("{'descr': '<f4', 'shape': (2,), }", "not all there")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", "follows the dictionary")]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "elements of type '|O' are not read")]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "quoted text is missing")]
    [InlineData("{'descr': '<c16', 'fortran_order': False, 'shape': (2,), }", "'<c16' are not read")]
    [InlineData("{'descr': '", "does not end")]
    [InlineData("", "'{' is missing")]
    public void A_header_that_lies_is_refused_before_memory_is_taken(string header, string says)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("lie.npy", File(1, header, new byte[8]));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => NpyFile.Read(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_longer_than_the_file_is_refused_before_memory_is_taken()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => NpyFile.Read(new MemoryStream([0x93, .. "NUMPY"u8, 2, 0, 0xFF, 0xFF, 0xFF, 0x7F])));
        Assert.Throws<InvalidDataException>(() => NpyFile.Read(new MemoryStream([0x93, .. "NUMPY"u8, 4, 0, 0xFF, 0xFF, 0xFF, 0x7F])));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Random_bytes_never_do_more_than_throw_invalid_data()
    {
        var good = File(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", new byte[12]);
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte).Sample(
            (at, value) =>
            {
                byte[] bytes = [.. good];
                bytes[at] = value;
                try
                {
                    NpyFile.Read(new MemoryStream(bytes));
                }
                catch (InvalidDataException)
                {
                }
            },
            iter: 3000, threads: 1);
    }

    [Fact]
    public void Floats_are_not_taken_for_whole_numbers_and_large_numbers_not_cut()
    {
        var halves = NpyArray.Create<float>([2], [0.5f, float.NaN]);
        Assert.Throws<InvalidDataException>(() => halves.ToArray<int>());
        Assert.True(double.IsNaN(halves.ToArray<double>()[1]));
        Assert.Throws<InvalidDataException>(() => NpyArray.Create<long>([1], [1L << 40]).ToArray<int>());
        Assert.Throws<ArgumentException>(() => NpyArray.Create<long>([2], [1L]));
        Assert.Throws<ArgumentException>(() => halves.CopyTo<float>(new float[3]));
    }

    internal static byte[] File(int version, string header, byte[] data)
    {
        var text = Encoding.UTF8.GetBytes(header);
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes((uint)text.Length);
        return [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. text, .. data];
    }

    private static void RoundTrip<T>(Sizes sizes, T[] values)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        using var stream = new MemoryStream();
        NpyFile.Write<T>(stream, new ReadOnlyTensorSpan<T>(values, sizes.ToLengths()));
        Assert.Equal(0, (stream.Length - (values.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<T>())) % 64);
        stream.Position = 0;
        var array = NpyFile.Read(stream);
        Assert.Equal(sizes, array.Shape);
        Assert.Equal(values, array.ToArray<T>());
    }
}
