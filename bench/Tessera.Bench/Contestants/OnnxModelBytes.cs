using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Tessera.Bench.Contestants;

/// <summary>
/// An ONNX model of a single Conv node, written byte by byte: protocol buffer fields by the numbers of onnx.proto. The
/// kernel is a constant of the model, as it is in models that people run, so that the runtime may lay it out beforehand.
/// </summary>
internal static class OnnxModelBytes
{
    private const int Float32 = 1;
    private const int IntAttribute = 2;
    private const int IntsAttribute = 7;

    public static byte[] Convolution(Shape shape, ReadOnlySpan<float> kernel)
    {
        var padding = shape.Padding.Append(shape.Padding);
        var node = new Message()
            .Text(1, "input").Text(1, "kernel").Text(2, "output").Text(4, "Conv")
            .Nested(5, Integers("kernel_shape", shape.Kernel))
            .Nested(5, Integers("strides", shape.Stride))
            .Nested(5, Integers("dilations", shape.Dilation))
            .Nested(5, Integers("pads", padding))
            .Nested(5, Integer("group", shape.Groups));
        var graph = new Message()
            .Nested(1, node).Text(2, "convolution")
            .Nested(5, Constant("kernel", shape.DenseKernelShape, kernel))
            .Nested(11, Value("input", shape.InputShape))
            .Nested(12, Value("output", shape.OutputShape));
        return new Message()
            .Number(1, 8)
            .Nested(7, graph)
            .Nested(8, new Message().Text(1, "").Number(2, 13))
            .ToArray();
    }

    public static Message Integers(string name, Sizes values)
    {
        var attribute = new Message().Text(1, name).Number(20, IntsAttribute);
        foreach (var value in values) attribute.Number(8, value);
        return attribute;
    }

    public static Message Integer(string name, long value) => new Message().Text(1, name).Number(3, value).Number(20, IntAttribute);

    private static Message Constant(string name, Sizes sizes, ReadOnlySpan<float> values)
    {
        var tensor = new Message();
        foreach (var size in sizes) tensor.Number(1, size);
        return tensor.Number(2, Float32).Text(8, name).Bytes(9, MemoryMarshal.AsBytes(values));
    }

    private static Message Value(string name, Sizes sizes)
    {
        var dimensions = new Message();
        foreach (var size in sizes) dimensions.Nested(1, new Message().Number(1, size));
        var tensor = new Message().Number(1, Float32).Nested(2, dimensions);
        return new Message().Text(1, name).Nested(2, new Message().Nested(1, tensor));
    }

    /// <summary>A protocol buffer message under construction: wire type 0 for numbers, 2 for everything with a length.</summary>
    public sealed class Message
    {
        private readonly ArrayBufferWriter<byte> written = new();

        public long Length => written.WrittenCount;

        public Message Number(int field, long value)
        {
            Variable(((ulong)field << 3) | 0);
            Variable((ulong)value);
            return this;
        }

        public Message Float(int field, float value)
        {
            Variable(((ulong)field << 3) | 5);
            written.Write(BitConverter.GetBytes(value));
            return this;
        }

        /// <summary>The field's number and length alone; its bytes are written elsewhere.</summary>
        public Message Beginning(int field, long length)
        {
            Variable(((ulong)field << 3) | 2);
            Variable((ulong)length);
            return this;
        }

        public Message Bytes(int field, ReadOnlySpan<byte> bytes)
        {
            Beginning(field, bytes.Length);
            written.Write(bytes);
            return this;
        }

        /// <summary>The fields of another message as this one's own.</summary>
        public Message Raw(Message fields)
        {
            written.Write(fields.written.WrittenSpan);
            return this;
        }

        public Message Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

        public Message Nested(int field, Message message) => Bytes(field, message.ToArray());

        public byte[] ToArray() => written.WrittenSpan.ToArray();

        private void Variable(ulong value)
        {
            for (; value >= 0x80; value >>= 7) written.Write([(byte)(value | 0x80)]);
            written.Write([(byte)value]);
        }
    }
}
