using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Tessera.Files;

/// <summary>Sizes, names and conversions of <see cref="ElementType"/>.</summary>
internal static class ElementTypes
{
    private static readonly (ElementType Type, string Npy, string Safetensors)[] Names =
    [
        (ElementType.Boolean, "b1", "BOOL"),
        (ElementType.UInt8, "u1", "U8"),
        (ElementType.Int8, "i1", "I8"),
        (ElementType.UInt16, "u2", "U16"),
        (ElementType.Int16, "i2", "I16"),
        (ElementType.UInt32, "u4", "U32"),
        (ElementType.Int32, "i4", "I32"),
        (ElementType.UInt64, "u8", "U64"),
        (ElementType.Int64, "i8", "I64"),
        (ElementType.Float16, "f2", "F16"),
        (ElementType.BFloat16, "", "BF16"),
        (ElementType.Float32, "f4", "F32"),
        (ElementType.Float64, "f8", "F64"),
    ];

    /// <summary>The bytes of one element.</summary>
    public static int Bytes(this ElementType type) => type switch
    {
        ElementType.Boolean or ElementType.UInt8 or ElementType.Int8 => 1,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 2,
        ElementType.UInt32 or ElementType.Int32 or ElementType.Float32 => 4,
        _ => 8,
    };

    /// <summary>Whether the elements are whole numbers (or truth values).</summary>
    public static bool IsInteger(this ElementType type) => type < ElementType.Float16;

    /// <summary>NumPy's description of the little-endian type: <c>&lt;f4</c>.</summary>
    public static string ToNpy(this ElementType type) => (type.Bytes() == 1 ? "|" : "<") + Names[(int)type].Npy;

    /// <summary>The name of the type in a safetensors header.</summary>
    public static string ToSafetensors(this ElementType type) => Names[(int)type].Safetensors;

    public static bool TryFromNpy(ReadOnlySpan<char> kindAndBytes, out ElementType type)
    {
        foreach (var entry in Names)
        {
            if (entry.Npy.Length > 0 && kindAndBytes.SequenceEqual(entry.Npy))
            {
                type = entry.Type;
                return true;
            }
        }

        type = default;
        return false;
    }

    public static bool TryFromSafetensors([NotNullWhen(true)] string? name, out ElementType type)
    {
        foreach (var entry in Names)
        {
            if (entry.Safetensors == name)
            {
                type = entry.Type;
                return true;
            }
        }

        type = default;
        return false;
    }

    /// <summary>The element type of a .NET type.</summary>
    public static ElementType Of<T>()
        where T : unmanaged
    {
        if (typeof(T) == typeof(float)) return ElementType.Float32;
        if (typeof(T) == typeof(double)) return ElementType.Float64;
        if (typeof(T) == typeof(byte)) return ElementType.UInt8;
        if (typeof(T) == typeof(int)) return ElementType.Int32;
        if (typeof(T) == typeof(long)) return ElementType.Int64;
        if (typeof(T) == typeof(bool)) return ElementType.Boolean;
        if (typeof(T) == typeof(sbyte)) return ElementType.Int8;
        if (typeof(T) == typeof(short)) return ElementType.Int16;
        if (typeof(T) == typeof(ushort)) return ElementType.UInt16;
        if (typeof(T) == typeof(uint)) return ElementType.UInt32;
        if (typeof(T) == typeof(ulong)) return ElementType.UInt64;
        if (typeof(T) == typeof(Half)) return ElementType.Float16;
        throw new NotSupportedException(
            $"Elements of type {typeof(T).Name} have no place in a file; use float, double or a whole number type.");
    }

    /// <summary>
    /// Converts elements as they lie in a file (little-endian) to <typeparamref name="T"/>: exactly where T can hold them, to the
    /// nearest float otherwise.
    /// </summary>
    /// <exception cref="InvalidDataException">Floats were asked for as whole numbers, or a whole number does not fit.</exception>
    public static void Convert<T>(ElementType source, ReadOnlySpan<byte> bytes, Span<T> destination, string name)
        where T : unmanaged, INumber<T>
    {
        if (source == Of<T>())
        {
            MemoryMarshal.Cast<byte, T>(bytes).CopyTo(destination);
            return;
        }

        if (!source.IsInteger() && Of<T>().IsInteger())
            throw new InvalidDataException($"{name}: the elements are {source}, but whole numbers ({Of<T>()}) are needed; convert the array first.");

        try
        {
            switch (source)
            {
                case ElementType.Boolean or ElementType.UInt8: Each<byte, T>(bytes, destination); break;
                case ElementType.Int8: Each<sbyte, T>(bytes, destination); break;
                case ElementType.UInt16: Each<ushort, T>(bytes, destination); break;
                case ElementType.Int16: Each<short, T>(bytes, destination); break;
                case ElementType.UInt32: Each<uint, T>(bytes, destination); break;
                case ElementType.Int32: Each<int, T>(bytes, destination); break;
                case ElementType.UInt64: Each<ulong, T>(bytes, destination); break;
                case ElementType.Int64: Each<long, T>(bytes, destination); break;
                case ElementType.Float16: Each<Half, T>(bytes, destination); break;
                case ElementType.Float32: Each<float, T>(bytes, destination); break;
                case ElementType.Float64: Each<double, T>(bytes, destination); break;
                default:
                    var upper = MemoryMarshal.Cast<byte, ushort>(bytes);
                    for (var i = 0; i < upper.Length; i++)
                        destination[i] = T.CreateChecked(BitConverter.UInt32BitsToSingle((uint)upper[i] << 16));
                    break;
            }
        }
        catch (OverflowException)
        {
            throw new InvalidDataException($"{name}: a value of type {source} does not fit in {Of<T>()}.");
        }
    }

    /// <summary>Writes elements as they lie in memory; in pieces, because a span of bytes cannot be longer than 2 GiB.</summary>
    public static void Write<T>(Stream stream, ReadOnlySpan<T> elements)
        where T : unmanaged
    {
        const int piece = 1 << 24;
        for (; elements.Length > piece; elements = elements[piece..]) stream.Write(MemoryMarshal.AsBytes(elements[..piece]));
        stream.Write(MemoryMarshal.AsBytes(elements));
    }

    private static void Each<TSource, T>(ReadOnlySpan<byte> bytes, Span<T> destination)
        where TSource : unmanaged, INumberBase<TSource>
        where T : unmanaged, INumber<T>
    {
        var values = MemoryMarshal.Cast<byte, TSource>(bytes);
        for (var i = 0; i < values.Length; i++) destination[i] = T.CreateChecked(values[i]);
    }
}
