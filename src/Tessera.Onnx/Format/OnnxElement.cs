namespace Tessera.Onnx.Format;

/// <summary>What one element of an ONNX tensor is; the numbers are those of TensorProto.DataType in onnx.proto.</summary>
internal enum OnnxElement
{
    Undefined = 0,
    Float = 1,
    UInt8 = 2,
    Int8 = 3,
    UInt16 = 4,
    Int16 = 5,
    Int32 = 6,
    Int64 = 7,
    Text = 8,
    Bool = 9,
    Float16 = 10,
    Double = 11,
    UInt32 = 12,
    UInt64 = 13,
    BFloat16 = 16,
}

/// <summary>What is known of each kind of element.</summary>
internal static class OnnxElements
{
    /// <summary>Bytes of one element; 0 for kinds that are not read.</summary>
    public static int Bytes(this OnnxElement element) => element switch
    {
        OnnxElement.UInt8 or OnnxElement.Int8 or OnnxElement.Bool => 1,
        OnnxElement.UInt16 or OnnxElement.Int16 or OnnxElement.Float16 or OnnxElement.BFloat16 => 2,
        OnnxElement.Float or OnnxElement.Int32 or OnnxElement.UInt32 => 4,
        OnnxElement.Double or OnnxElement.Int64 or OnnxElement.UInt64 => 8,
        _ => 0,
    };

    public static bool IsReal(this OnnxElement element) =>
        element is OnnxElement.Float or OnnxElement.Double or OnnxElement.Float16 or OnnxElement.BFloat16;
}
