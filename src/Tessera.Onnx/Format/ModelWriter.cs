namespace Tessera.Onnx.Format;

/// <summary>Writes the messages of onnx.proto that <see cref="ModelReader"/> reads: the fields in the order of their numbers, tensors as raw bytes.</summary>
internal static class ModelWriter
{
    /// <summary>The longest message that protobuf's readers take.</summary>
    public const long LongestModel = int.MaxValue;

    /// <summary>The model as a message; the tensors' elements are referred to, not copied.</summary>
    /// <exception cref="NotSupportedException">It is longer than 2 GB.</exception>
    public static WireWriter Write(OnnxModel model)
    {
        var writer = new WireWriter();
        writer.Integer(1, model.IrVersion);
        if (model.Producer.Length > 0) writer.Text(2, model.Producer);
        if (model.ProducerVersion.Length > 0) writer.Text(3, model.ProducerVersion);
        writer.Message(7, Write(model.Graph));
        writer.Message(8, Opset("", model.Opset));
        foreach (var (domain, version) in model.OtherDomains) writer.Message(8, Opset(domain, version));
        Pairs(writer, 14, model.Metadata);
        if (writer.Length <= LongestModel) return writer;
        throw new NotSupportedException($"{model.Graph.Name}: as ONNX it takes {writer.Length} bytes; the format holds at most {LongestModel} in one file. Export a smaller network, or keep it as safetensors.");
    }

    /// <summary>One node as a message.</summary>
    public static WireWriter Write(OnnxNode node)
    {
        var writer = new WireWriter();
        foreach (var input in node.Inputs) writer.Text(1, input);
        foreach (var output in node.Outputs) writer.Text(2, output);
        if (node.Name.Length > 0) writer.Text(3, node.Name);
        writer.Text(4, node.Operator);
        foreach (var attribute in node.Attributes) writer.Message(5, Write(attribute));
        if (node.Domain.Length > 0) writer.Text(7, node.Domain);
        Pairs(writer, 9, node.Metadata);
        return writer;
    }

    private static WireWriter Write(OnnxGraph graph)
    {
        var writer = new WireWriter();
        foreach (var node in graph.Nodes) writer.Message(1, Write(node));
        writer.Text(2, graph.Name);
        foreach (var tensor in graph.Initialisers) writer.Message(5, Write(tensor));
        foreach (var input in graph.Inputs) writer.Message(11, Write(input));
        foreach (var output in graph.Outputs) writer.Message(12, Write(output));
        return writer;
    }

    private static WireWriter Write(OnnxAttribute attribute)
    {
        var writer = new WireWriter();
        writer.Text(1, attribute.Name);
        switch (attribute.Kind)
        {
            case OnnxAttributeKind.Float: writer.Float(2, attribute.Float); break;
            case OnnxAttributeKind.Integer: writer.Integer(3, attribute.Integer); break;
            case OnnxAttributeKind.Text: writer.Bytes(4, attribute.Bytes); break;
            case OnnxAttributeKind.Tensor: writer.Message(5, Write(attribute.Tensor!)); break;
            case OnnxAttributeKind.Floats:
                foreach (var value in attribute.Floats) writer.Float(7, value);
                break;
            case OnnxAttributeKind.Integers:
                foreach (var value in attribute.Integers) writer.Integer(8, value);
                break;
            case OnnxAttributeKind.Texts:
                foreach (var value in attribute.Texts) writer.Text(9, value);
                break;
            default: throw new NotSupportedException($"attribute '{attribute.Name}': {attribute.Kind} was not read, so it cannot be written.");
        }

        writer.Integer(20, (long)attribute.Kind);
        return writer;
    }

    private static WireWriter Write(OnnxTensor tensor)
    {
        var writer = new WireWriter();
        foreach (var size in tensor.Dimensions) writer.Integer(1, size);
        writer.Integer(2, (long)tensor.Element);
        if (tensor.Name.Length > 0) writer.Text(8, tensor.Name);
        writer.Bytes(9, tensor.Data);
        return writer;
    }

    private static WireWriter Write(OnnxValue value)
    {
        var tensor = new WireWriter();
        tensor.Integer(1, (long)value.Element);
        if (value.Dimensions is not null)
        {
            var shape = new WireWriter();
            foreach (var dimension in value.Dimensions)
            {
                var size = new WireWriter();
                if (dimension.Size is { } known) size.Integer(1, known);
                else if (dimension.Symbol is { } symbol) size.Text(2, symbol);
                shape.Message(1, size);
            }

            tensor.Message(2, shape);
        }

        var type = new WireWriter();
        type.Message(1, tensor);
        var writer = new WireWriter();
        writer.Text(1, value.Name);
        writer.Message(2, type);
        return writer;
    }

    private static WireWriter Opset(string domain, int version)
    {
        var writer = new WireWriter();
        if (domain.Length > 0) writer.Text(1, domain);
        writer.Integer(2, version);
        return writer;
    }

    private static void Pairs(WireWriter writer, int field, IReadOnlyDictionary<string, string> pairs)
    {
        foreach (var (key, value) in pairs)
        {
            var pair = new WireWriter();
            pair.Text(1, key);
            pair.Text(2, value);
            writer.Message(field, pair);
        }
    }
}
