using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Tessera.Onnx.Format;

/// <summary>
/// Writes one protobuf message, field by field, as pieces: small fields are copied together, long ones (the elements of tensors) stay
/// where they are. So a message knows its length before anything is written, and a model takes no second copy of its weights.
/// </summary>
internal sealed class WireWriter
{
    private const int LongestCopied = 4096;

    private readonly List<ReadOnlyMemory<byte>> pieces = [];
    private ArrayBufferWriter<byte> open = new();

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    /// <summary>A whole number, as int64, int32 and enum are written.</summary>
    public void Integer(int field, long value)
    {
        Tag(field, WireType.Varint);
        Varint(unchecked((ulong)value));
    }

    public void Float(int field, float value)
    {
        Tag(field, WireType.Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(open.GetSpan(4), value);
        Advance(4);
    }

    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public void Bytes(int field, ReadOnlyMemory<byte> value)
    {
        Tag(field, WireType.Bytes);
        Varint((ulong)value.Length);
        Append(value);
    }

    /// <summary>A message in this one; it may not be written to afterwards.</summary>
    public void Message(int field, WireWriter message)
    {
        Tag(field, WireType.Bytes);
        Varint((ulong)message.Length);
        foreach (var piece in message.pieces) Append(piece);
        Append(message.open.WrittenMemory);
    }

    /// <summary>Writes all pieces in order.</summary>
    public void CopyTo(Stream stream)
    {
        foreach (var piece in pieces) stream.Write(piece.Span);
        stream.Write(open.WrittenSpan);
    }

    /// <summary>All pieces in one array.</summary>
    public byte[] ToArray()
    {
        using var stream = new MemoryStream(checked((int)Length));
        CopyTo(stream);
        return stream.ToArray();
    }

    private void Append(ReadOnlyMemory<byte> value)
    {
        if (value.Length <= LongestCopied)
        {
            open.Write(value.Span);
            Length += value.Length;
            return;
        }

        if (open.WrittenCount > 0) pieces.Add(open.WrittenMemory);
        open = new ArrayBufferWriter<byte>();
        pieces.Add(value);
        Length += value.Length;
    }

    private void Tag(int field, WireType type) => Varint(((ulong)field << 3) | (ulong)type);

    private void Varint(ulong value)
    {
        var span = open.GetSpan(10);
        var count = 0;
        while (value >= 0x80)
        {
            span[count++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[count++] = (byte)value;
        Advance(count);
    }

    private void Advance(int count)
    {
        open.Advance(count);
        Length += count;
    }
}
