namespace Tessera.Onnx.Format;

/// <summary>An ONNX file: a graph, and the versions of the operators it is written in.</summary>
internal sealed record OnnxModel(OnnxGraph Graph)
{
    public long IrVersion { get; init; }

    /// <summary>The version of the standard operators (domain "" or "ai.onnx"); 1 where the file does not say.</summary>
    public int Opset { get; init; } = 1;

    /// <summary>Domains other than the standard one, with their versions.</summary>
    public IReadOnlyDictionary<string, int> OtherDomains { get; init; } = new Dictionary<string, int>();

    public string Producer { get; init; } = "";

    public string ProducerVersion { get; init; } = "";

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>How many functions of its own the model defines; they are not read.</summary>
    public int Functions { get; init; }
}

/// <summary>The operations of a model in an order in which each comes after what it takes.</summary>
internal sealed record OnnxGraph(
    string Name, IReadOnlyList<OnnxNode> Nodes, IReadOnlyList<OnnxTensor> Initialisers, IReadOnlyList<OnnxValue> Inputs, IReadOnlyList<OnnxValue> Outputs);
