using System.Buffers.Binary;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Tessera.Files;

/// <summary>
/// Reads and writes NumPy's .npy files. Reads versions 1 to 3, both byte orders, C and Fortran order; writes version 1, little-endian,
/// C order. What a file declares is believed only as far as the file is long.
/// </summary>
public static class NpyFile
{
    /// <summary>The one array of the file at <paramref name="path"/>.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or holds what is not an array of numbers.</exception>
    public static NpyArray Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var stream = File.OpenRead(path);
        var array = Read(stream, path);
        if (stream.Position != stream.Length)
        {
            throw new InvalidDataException(
                $"{path}: {stream.Length - stream.Position} bytes follow the array of {array.Shape} {array.Type}; a .npy file holds one array (several go into a .npz).");
        }

        return array;
    }

    /// <summary>The one array of the file at <paramref name="path"/>, converted to <typeparamref name="T"/> (float or double).</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or holds what is not an array of numbers.</exception>
    public static Tensor<T> Read<T>(string path)
        where T : unmanaged, IFloatingPointIeee754<T> => Read(path).ToTensor<T>();

    /// <summary>The next array of <paramref name="stream"/>, which is left right behind it.</summary>
    /// <param name="stream">Where to read.</param>
    /// <param name="name">What to call the array in messages.</param>
    /// <exception cref="InvalidDataException">The array is cut off or damaged, or holds what are not numbers.</exception>
    public static NpyArray Read(Stream stream, string name = "stream")
    {
        ArgumentNullException.ThrowIfNull(stream);
        return ReadData(stream, NpyHeader.Read(stream, name), name);
    }

    /// <summary>Writes <paramref name="tensor"/> as the file at <paramref name="path"/>, whole or not at all.</summary>
    /// <exception cref="IOException">The folder does not exist or the disk is full.</exception>
    public static void Write<T>(string path, in ReadOnlyTensorSpan<T> tensor)
        where T : unmanaged
    {
        using var pending = new PendingFile(path);
        Write(pending.Stream, tensor);
        pending.Commit();
    }

    /// <summary>Writes <paramref name="tensor"/> to a stream; the tensor without axes, which .NET holds for empty, as shape (0,).</summary>
    public static void Write<T>(Stream stream, in ReadOnlyTensorSpan<T> tensor)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream.Write(NpyHeader.Format(ElementTypes.Of<T>().ToNpy(), tensor.Rank == 0 ? [0] : Sizes.Of(tensor.Lengths)));
        if (tensor.FlattenedLength == 0) return;
        if (IsRowMajor(tensor))
        {
            var elements = MemoryMarshal.CreateReadOnlySpan(in tensor.GetPinnableReference(), checked((int)tensor.FlattenedLength));
            ElementTypes.Write(stream, elements);
        }
        else
        {
            var elements = new T[checked((int)tensor.FlattenedLength)];
            tensor.FlattenTo(elements);
            ElementTypes.Write<T>(stream, elements);
        }
    }

    internal static void Write(Stream stream, NpyArray array)
    {
        stream.Write(NpyHeader.Format(array.Type.ToNpy(), array.Shape));
        stream.Write(array.Bytes);
    }

    internal static NpyArray ReadData(Stream stream, NpyHeader header, string name)
    {
        var bytes = GuardedRead.Bytes(stream, header.DataBytes, name);
        if (header.BigEndian) ReverseEach(bytes, header.Type.Bytes());
        if (header.FortranOrder) bytes = ToRowMajor(bytes, header.Shape, header.Type.Bytes());
        return new NpyArray(header.Type, header.Shape, bytes, name);
    }

    private static bool IsRowMajor<T>(in ReadOnlyTensorSpan<T> tensor)
    {
        nint stride = 1;
        for (var axis = tensor.Rank - 1; axis >= 0; axis--)
        {
            if (tensor.Lengths[axis] != 1 && tensor.Strides[axis] != stride) return false;
            stride *= tensor.Lengths[axis];
        }

        return true;
    }

    private static void ReverseEach(Span<byte> bytes, int size)
    {
        switch (size)
        {
            case 2:
                var shorts = MemoryMarshal.Cast<byte, ushort>(bytes);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                var words = MemoryMarshal.Cast<byte, uint>(bytes);
                BinaryPrimitives.ReverseEndianness(words, words);
                break;
            case 8:
                var longs = MemoryMarshal.Cast<byte, ulong>(bytes);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }

    /// <summary>From the first axis running fastest to the last axis running fastest.</summary>
    private static byte[] ToRowMajor(byte[] source, Sizes shape, int size)
    {
        if (shape.Count < 2 || source.Length == 0) return source;
        var result = GC.AllocateUninitializedArray<byte>(source.Length);
        var strides = new int[shape.Count];
        strides[0] = size;
        for (var axis = 1; axis < strides.Length; axis++) strides[axis] = strides[axis - 1] * shape[axis - 1];

        var index = new int[shape.Count];
        var from = 0;
        for (var to = 0; to < result.Length; to += size)
        {
            source.AsSpan(from, size).CopyTo(result.AsSpan(to));
            for (var axis = index.Length - 1; axis >= 0; axis--)
            {
                from += strides[axis];
                if (++index[axis] < shape[axis]) break;
                from -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }

        return result;
    }
}
