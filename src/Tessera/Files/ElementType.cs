namespace Tessera.Files;

/// <summary>What one element of an array in a file is, in NumPy's and safetensors' files alike.</summary>
public enum ElementType
{
    /// <summary>One byte, 0 or 1 (NumPy <c>|b1</c>, safetensors <c>BOOL</c>).</summary>
    Boolean,

    /// <summary>8 bits without sign (<c>|u1</c>, <c>U8</c>).</summary>
    UInt8,

    /// <summary>8 bits with sign (<c>|i1</c>, <c>I8</c>).</summary>
    Int8,

    /// <summary>16 bits without sign (<c>u2</c>, <c>U16</c>).</summary>
    UInt16,

    /// <summary>16 bits with sign (<c>i2</c>, <c>I16</c>).</summary>
    Int16,

    /// <summary>32 bits without sign (<c>u4</c>, <c>U32</c>).</summary>
    UInt32,

    /// <summary>32 bits with sign (<c>i4</c>, <c>I32</c>).</summary>
    Int32,

    /// <summary>64 bits without sign (<c>u8</c>, <c>U64</c>).</summary>
    UInt64,

    /// <summary>64 bits with sign (<c>i8</c>, <c>I64</c>).</summary>
    Int64,

    /// <summary>IEEE 754 half precision (<c>f2</c>, <c>F16</c>).</summary>
    Float16,

    /// <summary>The upper 16 bits of a single (safetensors <c>BF16</c>; NumPy has no such type).</summary>
    BFloat16,

    /// <summary>IEEE 754 single precision (<c>f4</c>, <c>F32</c>).</summary>
    Float32,

    /// <summary>IEEE 754 double precision (<c>f8</c>, <c>F64</c>).</summary>
    Float64,
}
