namespace Tessera.Files;

/// <summary>A named tensor to be written to a safetensors file; refers to the values, does not copy them.</summary>
public sealed class SafetensorsTensor
{
    private readonly Action<Stream> write;

    private SafetensorsTensor(string name, ElementType type, Sizes shape, Action<Stream> write)
    {
        Name = name;
        Type = type;
        Shape = shape;
        this.write = write;
    }

    /// <summary>Its name, unique in the file.</summary>
    public string Name { get; }

    /// <summary>What one element is.</summary>
    public ElementType Type { get; }

    /// <summary>The size on each axis.</summary>
    public Sizes Shape { get; }

    /// <summary>A tensor of <paramref name="shape"/> over <paramref name="values"/> (row-major).</summary>
    /// <exception cref="ArgumentException">The name is empty or reserved, or the number of values is not the product of the shape.</exception>
    public static SafetensorsTensor Create<T>(string name, Sizes shape, ReadOnlyMemory<T> values)
        where T : unmanaged
    {
        if (string.IsNullOrEmpty(name) || name == SafetensorsHeader.MetadataKey)
            throw new ArgumentException($"A tensor cannot be called '{name}'.", nameof(name));
        if (shape.Product != values.Length)
            throw new ArgumentException($"{name}: a shape of {shape} needs {shape.Product} values, but {values.Length} were given.", nameof(values));
        return new SafetensorsTensor(name, ElementTypes.Of<T>(), shape, stream => ElementTypes.Write(stream, values.Span));
    }

    internal void Write(Stream stream) => write(stream);
}
