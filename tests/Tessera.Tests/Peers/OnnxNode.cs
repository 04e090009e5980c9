using System.Text;
using Microsoft.ML.OnnxRuntime;

namespace Tessera.Tests.Peers;

/// <summary>
/// A model of a single ONNX node, written as protobuf bytes, and its run in ONNX Runtime. Only what such a model needs
/// of onnx.proto is here: field numbers stand beside their names.
/// </summary>
internal sealed class OnnxNode(string type)
{
    private const int Opset = 19;
    private const int FloatElements = 1;
    private const int Int64Elements = 7;

    private static readonly SessionOptions Options = new() { IntraOpNumThreads = 1, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };

    private readonly MemoryStream attributes = new();

    public OnnxNode With(string name, IEnumerable<int> numbers) => Attribute(name, 7, attribute =>
    {
        foreach (var number in numbers) Number(attribute, 8, number); // ints
    });

    public OnnxNode With(string name, int number) => Attribute(name, 2, attribute => Number(attribute, 3, number)); // i

    public OnnxNode With(string name, string text) => Attribute(name, 3, attribute => Text(attribute, 4, text)); // s

    /// <summary>Runs the node on float tensors; gives the float output and, where asked for, the int64 one.</summary>
    public (float[] Output, long[] Shape, long[] Indices) Run(bool indices, params (float[] Values, Sizes Shape)[] inputs)
    {
        using var session = new InferenceSession(Model(inputs.Length, indices, inputs.Select(input => input.Shape).ToArray()), Options);
        var values = inputs.Select(input => OrtValue.CreateTensorValueFromMemory(input.Values, [.. input.Shape.Select(size => (long)size)])).ToArray();
        using var run = new RunOptions();
        using var results = session.Run(run, [.. inputs.Select((_, i) => $"x{i}")], values, indices ? ["y", "indices"] : ["y"]);
        foreach (var value in values) value.Dispose();
        return (results[0].GetTensorDataAsSpan<float>().ToArray(), results[0].GetTensorTypeAndShape().Shape, indices ? results[1].GetTensorDataAsSpan<long>().ToArray() : []);
    }

    private byte[] Model(int inputs, bool indices, Sizes[] shapes)
    {
        var node = new MemoryStream();
        for (var i = 0; i < inputs; i++) Text(node, 1, $"x{i}"); // input
        Text(node, 2, "y"); // output
        if (indices) Text(node, 2, "indices");
        Text(node, 4, type); // op_type
        attributes.WriteTo(node);

        var graph = new MemoryStream();
        Message(graph, 1, node); // node
        Text(graph, 2, "peer"); // name
        for (var i = 0; i < inputs; i++) Message(graph, 11, Value($"x{i}", FloatElements, shapes[i])); // input
        Message(graph, 12, Value("y", FloatElements, null)); // output
        if (indices) Message(graph, 12, Value("indices", Int64Elements, null));

        var opset = new MemoryStream();
        Number(opset, 2, Opset); // version
        var model = new MemoryStream();
        Number(model, 1, 9); // ir_version
        Message(model, 7, graph); // graph
        Message(model, 8, opset); // opset_import
        return model.ToArray();
    }

    /// <summary>ValueInfoProto: a name and the type of a tensor, with or without its shape.</summary>
    private static MemoryStream Value(string name, int elements, Sizes? sizes)
    {
        var tensor = new MemoryStream();
        Number(tensor, 1, elements); // elem_type
        if (sizes is not null)
        {
            var shape = new MemoryStream();
            foreach (var size in sizes)
            {
                var dimension = new MemoryStream();
                Number(dimension, 1, size); // dim_value
                Message(shape, 1, dimension); // dim
            }

            Message(tensor, 2, shape); // shape
        }

        var kind = new MemoryStream();
        Message(kind, 1, tensor); // tensor_type
        var value = new MemoryStream();
        Text(value, 1, name); // name
        Message(value, 2, kind); // type
        return value;
    }

    private OnnxNode Attribute(string name, int kind, Action<MemoryStream> write)
    {
        var attribute = new MemoryStream();
        Text(attribute, 1, name); // name
        write(attribute);
        Number(attribute, 20, kind); // type
        Message(attributes, 5, attribute); // attribute
        return this;
    }

    private static void Number(MemoryStream to, int field, long number)
    {
        Varint(to, (ulong)field << 3);
        Varint(to, unchecked((ulong)number));
    }

    private static void Text(MemoryStream to, int field, string text) => Message(to, field, new MemoryStream(Encoding.UTF8.GetBytes(text)));

    private static void Message(MemoryStream to, int field, MemoryStream message)
    {
        Varint(to, ((ulong)field << 3) | 2);
        Varint(to, (ulong)message.Length);
        message.WriteTo(to);
    }

    private static void Varint(MemoryStream to, ulong number)
    {
        for (; number > 127; number >>= 7) to.WriteByte((byte)(number | 128));
        to.WriteByte((byte)number);
    }
}
