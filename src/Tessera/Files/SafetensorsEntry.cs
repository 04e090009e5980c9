namespace Tessera.Files;

/// <summary>One tensor in a safetensors file: what the header says of it.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="Type">What one element is.</param>
/// <param name="Shape">The size on each axis; empty for a single number.</param>
/// <param name="Offset">Where its bytes begin, from the end of the header.</param>
public sealed record SafetensorsEntry(string Name, ElementType Type, Sizes Shape, long Offset)
{
    /// <summary>The number of elements.</summary>
    public long Count { get; } = Shape.Contains(0) ? 0 : Shape.Product;

    /// <summary>The number of bytes.</summary>
    public long Bytes => Count * Type.Bytes();
}
