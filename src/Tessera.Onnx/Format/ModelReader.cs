using System.Buffers.Binary;

namespace Tessera.Onnx.Format;

/// <summary>
/// Reads the messages of onnx.proto that convnets use. Fields that are not known are read past, as protobuf wants. Subgraphs are not
/// entered, so that no file can make the reader go deep; memory is at most eight times the file (one byte of a number's field may stand
/// for a number of eight).
/// </summary>
internal sealed class ModelReader
{
    /// <summary>The most axes of a tensor: what is computed of a shape must not grow with the file.</summary>
    public const int MostAxes = 64;

    private readonly string name;
    private readonly ExternalData? external;

    private ModelReader(string name, ExternalData? external)
    {
        this.name = name;
        this.external = external;
    }

    /// <exception cref="InvalidDataException">It is no ONNX model, or damaged; the message says where.</exception>
    public static OnnxModel ReadFile(string path)
    {
        var length = new FileInfo(path).Length;
        if (length > Array.MaxLength) throw new InvalidDataException($"{path}: {length} bytes; a model of more than 2 GB keeps its tensors as external data.");
        return new ModelReader(path, new ExternalData(path)).Model(new WireReader(File.ReadAllBytes(path), path));
    }

    /// <summary>The model in these bytes; messages call them <paramref name="name"/>. External data is refused.</summary>
    public static OnnxModel Parse(ReadOnlyMemory<byte> bytes, string name) => new ModelReader(name, null).Model(new WireReader(bytes, name));

    /// <summary>A TensorProto that stands alone, as the test data of ONNX has them.</summary>
    public static OnnxTensor ParseTensor(ReadOnlyMemory<byte> bytes, string name) => new ModelReader(name, null).Tensor(new WireReader(bytes, name));

    private OnnxModel Model(WireReader reader)
    {
        OnnxGraph? graph = null;
        var opsets = new Dictionary<string, int>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        long ir = 0;
        var functions = 0;
        string producer = "", version = "";
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: ir = reader.Integer(); break;
                case 2: producer = reader.Text(); break;
                case 3: version = reader.Text(); break;
                case 7: graph = Graph(reader.Message()); break;
                case 8: Opset(reader.Message(), opsets); break;
                case 14: Pair(reader.Message(), metadata); break;
                case 25:
                    functions++;
                    reader.Skip();
                    break;
                default: reader.Skip(); break;
            }
        }

        if (graph is null) throw reader.Wrong("there is no graph in it");
        var standard = opsets.GetValueOrDefault("", opsets.GetValueOrDefault("ai.onnx", 1));
        opsets.Remove("");
        opsets.Remove("ai.onnx");
        return new OnnxModel(graph)
        {
            IrVersion = ir,
            Opset = standard,
            OtherDomains = opsets,
            Producer = producer,
            ProducerVersion = version,
            Metadata = metadata,
            Functions = functions,
        };
    }

    private static void Opset(WireReader reader, Dictionary<string, int> opsets)
    {
        var domain = "";
        long version = 0;
        while (reader.Next())
        {
            if (reader.Field == 1) domain = reader.Text();
            else if (reader.Field == 2) version = reader.Integer();
            else reader.Skip();
        }

        opsets[domain] = (int)Math.Clamp(version, 0, int.MaxValue);
    }

    private static void Pair(WireReader reader, Dictionary<string, string> pairs)
    {
        string key = "", value = "";
        while (reader.Next())
        {
            if (reader.Field == 1) key = reader.Text();
            else if (reader.Field == 2) value = reader.Text();
            else reader.Skip();
        }

        pairs[key] = value;
    }

    private OnnxGraph Graph(WireReader reader)
    {
        var graphName = "";
        var nodes = new List<OnnxNode>();
        var tensors = new List<OnnxTensor>();
        var inputs = new List<OnnxValue>();
        var outputs = new List<OnnxValue>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: nodes.Add(Node(reader.Message())); break;
                case 2: graphName = reader.Text(); break;
                case 5: tensors.Add(Tensor(reader.Message())); break;
                case 11: inputs.Add(Value(reader.Message())); break;
                case 12: outputs.Add(Value(reader.Message())); break;
                case 15: throw reader.Wrong("it holds sparse tensors, which are not read");
                default: reader.Skip(); break;
            }
        }

        return new OnnxGraph(graphName, nodes, tensors, inputs, outputs);
    }

    private OnnxNode Node(WireReader reader)
    {
        string nodeName = "", operatorType = "", domain = "";
        var inputs = new List<string>();
        var outputs = new List<string>();
        var attributes = new List<OnnxAttribute>();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: inputs.Add(reader.Text()); break;
                case 2: outputs.Add(reader.Text()); break;
                case 3: nodeName = reader.Text(); break;
                case 4: operatorType = reader.Text(); break;
                case 5: attributes.Add(Attribute(reader.Message())); break;
                case 7: domain = reader.Text(); break;
                case 9: Pair(reader.Message(), metadata); break;
                default: reader.Skip(); break;
            }
        }

        return new OnnxNode(operatorType, inputs, outputs) { Name = nodeName, Domain = domain == "ai.onnx" ? "" : domain, Attributes = attributes, Metadata = metadata };
    }

    private OnnxAttribute Attribute(WireReader reader)
    {
        var attributeName = "";
        long kind = 0, integer = 0;
        float real = 0;
        ReadOnlyMemory<byte> text = default;
        OnnxTensor? tensor = null;
        var floats = new List<ReadOnlyMemory<byte>>();
        var integers = new List<long>();
        var texts = new List<string>();
        int? seen = null;
        while (reader.Next())
        {
            if (reader.Field is >= 2 and <= 9) seen = reader.Field;
            switch (reader.Field)
            {
                case 1: attributeName = reader.Text(); break;
                case 2: real = reader.Float(); break;
                case 3: integer = reader.Integer(); break;
                case 4: text = reader.Bytes(); break;
                case 5: tensor = Tensor(reader.Message()); break;
                case 7: reader.Fixed(WireType.Fixed32, floats); break;
                case 8: reader.Integers(integers); break;
                case 9: texts.Add(reader.Text()); break;
                case 20: kind = reader.Integer(); break;
                default: reader.Skip(); break;
            }
        }

        // Files of the first versions leave the kind out: it is then that of the field which is there.
        if (kind == 0 && seen is { } field) kind = field - 1;
        return (OnnxAttributeKind)kind switch
        {
            OnnxAttributeKind.Float => OnnxAttribute.Of(attributeName, real),
            OnnxAttributeKind.Integer => OnnxAttribute.Of(attributeName, integer),
            OnnxAttributeKind.Text => OnnxAttribute.OfBytes(attributeName, text),
            OnnxAttributeKind.Tensor when tensor is not null => OnnxAttribute.Of(attributeName, tensor),
            OnnxAttributeKind.Floats => OnnxAttribute.Of(attributeName, Floats(floats, reader)),
            OnnxAttributeKind.Integers => OnnxAttribute.Of(attributeName, (IReadOnlyList<long>)integers),
            OnnxAttributeKind.Texts => OnnxAttribute.Of(attributeName, (IReadOnlyList<string>)texts),
            OnnxAttributeKind.Graph => OnnxAttribute.Unread(attributeName, OnnxAttributeKind.Graph),
            _ => OnnxAttribute.Unread(attributeName, OnnxAttributeKind.Other),
        };
    }

    private static List<float> Floats(List<ReadOnlyMemory<byte>> pieces, WireReader reader)
    {
        var floats = new List<float>();
        foreach (var piece in pieces)
        {
            if (piece.Length % 4 != 0) throw reader.Wrong("a list of floats is cut off");
            for (var start = 0; start < piece.Length; start += 4) floats.Add(BinaryPrimitives.ReadSingleLittleEndian(piece.Span[start..]));
        }

        return floats;
    }

    private OnnxTensor Tensor(WireReader reader)
    {
        var tensorName = "";
        var dimensions = new List<long>();
        var element = OnnxElement.Undefined;
        ReadOnlyMemory<byte>? raw = null;
        var isExternal = false;
        var reals = new List<ReadOnlyMemory<byte>>();
        var integers = new List<long>();
        var texts = 0;
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: reader.Integers(dimensions); break;
                case 2: element = (OnnxElement)reader.Integer(); break;
                case 4: reader.Fixed(WireType.Fixed32, reals); break;
                case 5 or 7 or 11: reader.Integers(integers); break;
                case 6:
                    texts++;
                    reader.Skip();
                    break;
                case 8: tensorName = reader.Text(); break;
                case 9: raw = reader.Bytes(); break;
                case 10: reader.Fixed(WireType.Fixed64, reals); break;
                case 13: Pair(reader.Message(), keys); break;
                case 14: isExternal = reader.Integer() == 1; break;
                default: reader.Skip(); break;
            }
        }

        if (dimensions.Count > MostAxes) throw Wrong(tensorName, $"{dimensions.Count} axes; at most {MostAxes} are read");
        if (texts > 0 || element.Bytes() == 0) throw Wrong(tensorName, $"its elements are of the kind {element}, which is not read");
        var bytes = BytesOf(tensorName, dimensions, element);
        if (isExternal && external is null) throw Wrong(tensorName, "its elements lie in another file, and this model was not read from a path");
        var data = isExternal ? external!.Read(tensorName, keys, bytes)
            : raw is { Length: > 0 } given ? given
            : integers.Count > 0 ? Narrow(integers, element)
            : Join(reals);
        if (data.Length != bytes) throw Wrong(tensorName, $"a shape of [{string.Join(", ", dimensions)}] needs {bytes} bytes but {data.Length} are there");
        return new OnnxTensor(tensorName, element, [.. dimensions.Select(static size => (int)size)], data);
    }

    private long BytesOf(string tensorName, List<long> dimensions, OnnxElement element)
    {
        var bytes = (double)element.Bytes();
        foreach (var size in dimensions)
        {
            if (size is < 0 or > int.MaxValue) throw Wrong(tensorName, $"a size of {size}");
            bytes *= size;
        }

        return bytes <= long.MaxValue / 2 ? (long)bytes : throw Wrong(tensorName, $"a shape of [{string.Join(", ", dimensions)}]");
    }

    /// <summary>Numbers of the integer fields as the elements they stand for: 16-bit floats are written there by their bits.</summary>
    private static byte[] Narrow(List<long> values, OnnxElement element)
    {
        var size = element.Bytes();
        var bytes = new byte[checked(values.Count * size)];
        Span<byte> whole = stackalloc byte[8];
        for (var index = 0; index < values.Count; index++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(whole, values[index]);
            whole[..size].CopyTo(bytes.AsSpan(index * size));
        }

        return bytes;
    }

    private static ReadOnlyMemory<byte> Join(List<ReadOnlyMemory<byte>> pieces)
    {
        if (pieces.Count == 1) return pieces[0];
        var bytes = new byte[pieces.Sum(static piece => piece.Length)];
        var start = 0;
        foreach (var piece in pieces)
        {
            piece.CopyTo(bytes.AsMemory(start));
            start += piece.Length;
        }

        return bytes;
    }

    private static OnnxValue Value(WireReader reader)
    {
        var valueName = "";
        var element = OnnxElement.Undefined;
        List<OnnxDimension>? dimensions = null;
        while (reader.Next())
        {
            if (reader.Field == 1) valueName = reader.Text();
            else if (reader.Field == 2) Type(reader.Message(), ref element, ref dimensions);
            else reader.Skip();
        }

        return new OnnxValue(valueName, element, dimensions);
    }

    private static void Type(WireReader reader, ref OnnxElement element, ref List<OnnxDimension>? dimensions)
    {
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                reader.Skip();
                continue;
            }

            var tensor = reader.Message();
            while (tensor.Next())
            {
                if (tensor.Field == 1) element = (OnnxElement)tensor.Integer();
                else if (tensor.Field == 2) dimensions = Shape(tensor.Message());
                else tensor.Skip();
            }
        }
    }

    private static List<OnnxDimension> Shape(WireReader reader)
    {
        var dimensions = new List<OnnxDimension>();
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                reader.Skip();
                continue;
            }

            long? size = null;
            string? symbol = null;
            var dimension = reader.Message();
            while (dimension.Next())
            {
                if (dimension.Field == 1) size = dimension.Integer();
                else if (dimension.Field == 2) symbol = dimension.Text();
                else dimension.Skip();
            }

            dimensions.Add(new OnnxDimension(size, symbol));
        }

        return dimensions;
    }

    private InvalidDataException Wrong(string tensor, string what) => new($"{name}: tensor '{tensor}': {what}.");
}
