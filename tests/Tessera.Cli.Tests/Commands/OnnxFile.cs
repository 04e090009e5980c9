using System.Text;

namespace Tessera.Cli.Tests.Commands;

/// <summary>The bytes of an ONNX model of one node over one input, for models that Tessera itself would not write.</summary>
internal static class OnnxFile
{
    /// <summary>A model x → node → y, whose input has these sizes; those that are no number are names.</summary>
    public static byte[] OfOneNode(string operatorType, string nodeName, params string[] sizes)
    {
        var node = Concat(Text(1, "x"), Text(2, "y"), Text(3, nodeName), Text(4, operatorType));
        var dimensions = sizes.Select(static size => Block(1, int.TryParse(size, out var number) ? Number(1, number) : Text(2, size)));
        var input = Concat(Text(1, "x"), Block(2, Block(1, Concat(Number(1, 1), Block(2, Concat([.. dimensions]))))));
        var graph = Concat(Block(1, node), Text(2, "graph"), Block(11, input), Block(12, Text(1, "y")));
        return Concat(Number(1, 8), Block(7, graph), Block(8, Number(2, 17)));
    }

    private static byte[] Text(int field, string text) => Block(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Block(int field, byte[] content) => [(byte)((field << 3) | 2), .. Varint(content.Length), .. content];

    private static byte[] Number(int field, int value) => [(byte)(field << 3), .. Varint(value)];

    private static byte[] Concat(params byte[][] parts) => [.. parts.SelectMany(static part => part)];

    private static IEnumerable<byte> Varint(int value)
    {
        for (; value > 127; value >>= 7) yield return (byte)((value & 127) | 128);
        yield return (byte)value;
    }
}
