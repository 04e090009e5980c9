using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Tessera.Files;

/// <summary>An array out of, or for, a NumPy file: element type, shape, and the elements in row-major order.</summary>
public sealed class NpyArray
{
    private readonly byte[] bytes;
    private readonly string name;

    internal NpyArray(ElementType type, Sizes shape, byte[] bytes, string name)
    {
        Type = type;
        Shape = shape;
        this.bytes = bytes;
        this.name = name;
    }

    /// <summary>What one element is.</summary>
    public ElementType Type { get; }

    /// <summary>The size on each axis; empty for a single number.</summary>
    public Sizes Shape { get; }

    /// <summary>The number of elements.</summary>
    public int Count => bytes.Length / Type.Bytes();

    /// <summary>The elements as they lie in memory: little-endian, row-major.</summary>
    internal ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>An array of <paramref name="shape"/> with a copy of <paramref name="values"/> (row-major).</summary>
    /// <exception cref="ArgumentException">The number of values is not the product of the shape.</exception>
    public static NpyArray Create<T>(Sizes shape, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        if (shape.Product != values.Length)
            throw new ArgumentException($"A shape of {shape} needs {shape.Product} values, but {values.Length} were given.", nameof(values));
        return new NpyArray(ElementTypes.Of<T>(), shape, MemoryMarshal.AsBytes(values).ToArray(), "array");
    }

    /// <summary>Copies all elements, row-major, converting them to <typeparamref name="T"/>.</summary>
    /// <exception cref="ArgumentException">The span's length is not <see cref="Count"/>.</exception>
    /// <exception cref="InvalidDataException">Whole numbers were asked of floats, or a number does not fit.</exception>
    public void CopyTo<T>(Span<T> destination)
        where T : unmanaged, INumber<T>
    {
        if (destination.Length != Count)
            throw new ArgumentException($"{name}: {Count} elements do not go into a span of {destination.Length}.", nameof(destination));
        ElementTypes.Convert(Type, bytes, destination, name);
    }

    /// <summary>All elements, row-major, converted to <typeparamref name="T"/>.</summary>
    /// <exception cref="InvalidDataException">Whole numbers were asked of floats, or a number does not fit.</exception>
    public T[] ToArray<T>()
        where T : unmanaged, INumber<T>
    {
        var values = GC.AllocateUninitializedArray<T>(Count);
        CopyTo<T>(values);
        return values;
    }

    /// <summary>
    /// The array as a dense .NET tensor, converted to <typeparamref name="T"/>. A single number becomes a tensor of one element on one
    /// axis, because a .NET tensor without axes is empty.
    /// </summary>
    /// <exception cref="InvalidDataException">Whole numbers were asked of floats, or a number does not fit.</exception>
    public Tensor<T> ToTensor<T>()
        where T : unmanaged, INumber<T> => Tensor.Create(ToArray<T>(), Shape.ToLengths());
}
