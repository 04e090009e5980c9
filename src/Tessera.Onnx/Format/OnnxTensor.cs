using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tessera.Onnx.Format;

/// <summary>A tensor of an ONNX file: its elements lie row-major and little-endian in <paramref name="Data"/>, whichever field the file had them in.</summary>
/// <param name="Name">Its name; empty for an attribute's.</param>
/// <param name="Element">What one element is.</param>
/// <param name="Dimensions">Its sizes; none for a scalar.</param>
/// <param name="Data">The elements' bytes: exactly the product of the sizes times the bytes of an element.</param>
internal sealed record OnnxTensor(string Name, OnnxElement Element, IReadOnlyList<int> Dimensions, ReadOnlyMemory<byte> Data)
{
    /// <summary>The number of elements.</summary>
    public int Count => Data.Length / Element.Bytes();

    /// <summary>The sizes as Tessera's.</summary>
    public Sizes Shape => Sizes.Create([.. Dimensions]);

    public static OnnxTensor Of(string name, Sizes shape, ReadOnlySpan<float> values) =>
        new(name, OnnxElement.Float, shape.AsSpan().ToArray(), LittleEndian(values));

    public static OnnxTensor Of(string name, ReadOnlySpan<long> values) => new(name, OnnxElement.Int64, [values.Length], LittleEndian(values));

    /// <summary>The elements as double; for every kind but text.</summary>
    public double[] ToDoubles()
    {
        var values = new double[Count];
        var bytes = Data.Span;
        var size = Element.Bytes();
        for (var index = 0; index < values.Length; index++) values[index] = Number(bytes.Slice(index * size, size));
        return values;
    }

    /// <summary>The first element; there must be one.</summary>
    public double First => Number(Data.Span[..Element.Bytes()]);

    /// <summary>The elements as whole numbers; real ones are cut towards zero.</summary>
    public long[] ToIntegers()
    {
        if (Element != OnnxElement.Int64) return [.. ToDoubles().Select(static value => (long)value)];
        var values = new long[Count];
        for (var index = 0; index < values.Length; index++) values[index] = BinaryPrimitives.ReadInt64LittleEndian(Data.Span[(index * 8)..]);
        return values;
    }

    /// <summary>Writes the elements as float.</summary>
    public void CopyTo(Span<float> values)
    {
        if (Element == OnnxElement.Float && BitConverter.IsLittleEndian)
        {
            MemoryMarshal.Cast<byte, float>(Data.Span).CopyTo(values);
            return;
        }

        var bytes = Data.Span;
        var size = Element.Bytes();
        for (var index = 0; index < values.Length; index++) values[index] = (float)Number(bytes.Slice(index * size, size));
    }

    private double Number(ReadOnlySpan<byte> bytes) => Element switch
    {
        OnnxElement.Float => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        OnnxElement.Double => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        OnnxElement.Float16 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        OnnxElement.BFloat16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
        OnnxElement.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        OnnxElement.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        OnnxElement.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        OnnxElement.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        OnnxElement.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        OnnxElement.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        OnnxElement.Int8 => (sbyte)bytes[0],
        OnnxElement.UInt8 => bytes[0],
        OnnxElement.Bool => bytes[0] == 0 ? 0 : 1,
        _ => throw new InvalidDataException($"{Name}: elements of the kind {Element} are no numbers."),
    };

    private static byte[] LittleEndian<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(values).ToArray();
        if (BitConverter.IsLittleEndian) return bytes;
        var size = bytes.Length / Math.Max(1, values.Length);
        for (var start = 0; start < bytes.Length; start += size) bytes.AsSpan(start, size).Reverse();
        return bytes;
    }
}
