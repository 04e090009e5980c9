using System.Buffers.Binary;
using System.Text;

namespace Tessera.Onnx.Format;

/// <summary>How a protobuf field is laid out on the wire.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>
/// Reads one protobuf message, field by field, where it stands: what a field holds is a slice of the same memory, never a copy.
/// Every length is held against what is left before it is believed.
/// </summary>
internal struct WireReader(ReadOnlyMemory<byte> message, string name)
{
    private readonly ReadOnlyMemory<byte> message = message;
    private readonly string name = name;
    private int position;

    /// <summary>The number of the field that <see cref="Next"/> came to.</summary>
    public int Field { get; private set; }

    /// <summary>How that field is laid out.</summary>
    public WireType Type { get; private set; }

    public readonly bool AtEnd => position == message.Length;

    /// <summary>Goes to the next field; false at the end of the message. The field must then be read or skipped.</summary>
    public bool Next()
    {
        if (AtEnd) return false;
        var tag = Varint();
        Field = (int)(tag >> 3);
        Type = (WireType)(tag & 7);
        if (tag > uint.MaxValue || Field == 0) throw Wrong("a field without a number");
        return true;
    }

    /// <summary>A whole number, as int64, uint64, int32, bool and enum are written.</summary>
    public ulong Varint()
    {
        ulong value = 0;
        var span = message.Span;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (position == span.Length) throw Wrong("the file ends within a number");
            var piece = span[position++];
            value |= (ulong)(piece & 0x7F) << shift;
            if (piece < 0x80) return value;
        }

        throw Wrong("a number of more than 64 bits");
    }

    public long Integer()
    {
        Expect(WireType.Varint);
        return unchecked((long)Varint());
    }

    public float Float()
    {
        Expect(WireType.Fixed32);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4).Span);
    }

    /// <summary>The bytes of a string, a message, raw data or packed numbers.</summary>
    public ReadOnlyMemory<byte> Bytes()
    {
        Expect(WireType.Bytes);
        var length = Varint();
        if (length > (ulong)(message.Length - position)) throw Wrong($"a field of {length} bytes where {message.Length - position} are left");
        return Take((int)length);
    }

    public string Text() => Encoding.UTF8.GetString(Bytes().Span);

    /// <summary>The message in this field.</summary>
    public WireReader Message() => new(Bytes(), name);

    /// <summary>Adds whole numbers, packed or not.</summary>
    public void Integers(List<long> to)
    {
        if (Type == WireType.Varint)
        {
            to.Add(Integer());
            return;
        }

        var packed = Message();
        while (!packed.AtEnd) to.Add(unchecked((long)packed.Varint()));
    }

    /// <summary>Adds the bytes of numbers of fixed width, packed or not.</summary>
    public void Fixed(WireType width, List<ReadOnlyMemory<byte>> to)
    {
        if (Type == WireType.Bytes)
        {
            to.Add(Bytes());
            return;
        }

        Expect(width);
        to.Add(Take(width == WireType.Fixed32 ? 4 : 8));
    }

    public void Skip()
    {
        switch (Type)
        {
            case WireType.Varint:
                Varint();
                break;
            case WireType.Fixed64:
                Take(8);
                break;
            case WireType.Bytes:
                Bytes();
                break;
            case WireType.Fixed32:
                Take(4);
                break;
            default:
                throw Wrong($"field {Field} of the unknown wire type {(int)Type}");
        }
    }

    public readonly InvalidDataException Wrong(string what) =>
        new($"{name}: {what}; it is no ONNX model, or it is damaged.");

    private readonly void Expect(WireType type)
    {
        if (Type != type) throw Wrong($"field {Field} is written as {Type} where {type} is due");
    }

    private ReadOnlyMemory<byte> Take(int count)
    {
        if (count > message.Length - position) throw Wrong("the file ends within a field");
        position += count;
        return message.Slice(position - count, count);
    }
}
