namespace Tessera.Onnx.Format;

/// <summary>One operation of a graph. Inputs and outputs are names of values; an empty name is an optional one left out.</summary>
internal sealed record OnnxNode(string Operator, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs)
{
    public string Name { get; init; } = "";

    public string Domain { get; init; } = "";

    public IReadOnlyList<OnnxAttribute> Attributes { get; init; } = [];

    /// <summary>Keys and values for other tools (metadata_props, since IR version 10); ONNX Runtime reads past them.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>What messages call it: its name, or else its operator and what it gives.</summary>
    public string Label => Name.Length > 0 ? Name : $"{Operator} of '{(Outputs.Count > 0 ? Outputs[0] : "")}'";
}
