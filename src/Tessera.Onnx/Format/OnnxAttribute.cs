using System.Text;

namespace Tessera.Onnx.Format;

/// <summary>What an attribute holds; the numbers are those of AttributeProto.AttributeType in onnx.proto.</summary>
internal enum OnnxAttributeKind
{
    Undefined = 0,
    Float = 1,
    Integer = 2,
    Text = 3,
    Tensor = 4,
    Graph = 5,
    Floats = 6,
    Integers = 7,
    Texts = 8,
    Other = 9,
}

/// <summary>A setting of a node.</summary>
internal sealed class OnnxAttribute
{
    private OnnxAttribute(string name, OnnxAttributeKind kind)
    {
        Name = name;
        Kind = kind;
    }

    public string Name { get; }

    public OnnxAttributeKind Kind { get; }

    public float Float { get; private init; }

    public long Integer { get; private init; }

    public ReadOnlyMemory<byte> Bytes { get; private init; }

    public OnnxTensor? Tensor { get; private init; }

    public IReadOnlyList<float> Floats { get; private init; } = [];

    public IReadOnlyList<long> Integers { get; private init; } = [];

    public IReadOnlyList<string> Texts { get; private init; } = [];

    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    public static OnnxAttribute Of(string name, float value) => new(name, OnnxAttributeKind.Float) { Float = value };

    public static OnnxAttribute Of(string name, long value) => new(name, OnnxAttributeKind.Integer) { Integer = value };

    public static OnnxAttribute Of(string name, string value) => new(name, OnnxAttributeKind.Text) { Bytes = Encoding.UTF8.GetBytes(value) };

    public static OnnxAttribute OfBytes(string name, ReadOnlyMemory<byte> value) => new(name, OnnxAttributeKind.Text) { Bytes = value };

    public static OnnxAttribute Of(string name, OnnxTensor value) => new(name, OnnxAttributeKind.Tensor) { Tensor = value };

    public static OnnxAttribute Of(string name, IReadOnlyList<float> values) => new(name, OnnxAttributeKind.Floats) { Floats = values };

    public static OnnxAttribute Of(string name, IReadOnlyList<long> values) => new(name, OnnxAttributeKind.Integers) { Integers = values };

    public static OnnxAttribute Of(string name, IReadOnlyList<string> values) => new(name, OnnxAttributeKind.Texts) { Texts = values };

    /// <summary>An attribute that is not read: a graph, or of a kind that no operator of convnets has.</summary>
    public static OnnxAttribute Unread(string name, OnnxAttributeKind kind) => new(name, kind);
}
