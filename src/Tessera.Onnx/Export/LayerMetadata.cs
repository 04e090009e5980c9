namespace Tessera.Onnx.Export;

/// <summary>The keys under which a file says which network and which layers it was written from.</summary>
internal static class LayerMetadata
{
    /// <summary>Of the model: the network's name.</summary>
    public const string Network = "tessera.network";

    /// <summary>Of the node that gives a layer's output: the layer, as in a model file.</summary>
    public const string Layer = "tessera.layer";

    /// <summary>Of the same node: the layer's place in the network's list, from 0.</summary>
    public const string Place = "tessera.place";
}
