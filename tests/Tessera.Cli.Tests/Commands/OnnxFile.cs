using System.Text;

namespace Tessera.Cli.Tests.Commands;

/// <summary>The bytes of ONNX models of nodes that all take the one input, for models that Tessera itself would not write.</summary>
internal static class OnnxFile
{
    /// <summary>A model x → node → y, whose input has these sizes; those that are no number are names.</summary>
    public static byte[] OfOneNode(string operatorType, string nodeName, params string[] sizes) => Of(sizes, (operatorType, nodeName, "y"));

    /// <summary>A model of several such nodes, each with an output of the model.</summary>
    public static byte[] Of(string[] sizes, params (string Operator, string Name, string Output)[] nodes)
    {
        var written = nodes.Select(static node => Block(1, Concat(Text(1, "x"), Text(2, node.Output), Text(3, node.Name), Text(4, node.Operator))));
        var dimensions = sizes.Select(static size => Block(1, int.TryParse(size, out var number) ? Number(1, number) : Text(2, size)));
        var input = Concat(Text(1, "x"), Block(2, Block(1, Concat(Number(1, 1), Block(2, Concat([.. dimensions]))))));
        var graph = Concat([.. written, Text(2, "graph"), Block(11, input), .. nodes.Select(static node => Block(12, Text(1, node.Output)))]);
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
