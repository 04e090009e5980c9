namespace Tessera.Execution.Inference;

/// <summary>Layers that run as one: a layer, and behind it what is done to its results while they are at hand. Values are numbered as in a schedule: 0 the network's input, k + 1 what layer k gives.</summary>
internal sealed class InferenceNode(int layer, int[] sources)
{
    /// <summary>The layer that does the work.</summary>
    public int Layer { get; } = layer;

    /// <summary>The values it takes.</summary>
    public int[] Sources { get; } = sources;

    /// <summary>The border of zeros before it that has become its own, if any.</summary>
    public int? Border { get; init; }

    /// <summary>Batch normalisations and constants folded into its kernel and bias, in order.</summary>
    public List<int> Normalisations { get; } = [];

    /// <summary>The addition behind it, if any, and the other value that it adds.</summary>
    public int? Addition { get; set; }

    public int Residual { get; set; } = -1;

    /// <summary>Functions of each element behind that, in order.</summary>
    public List<int> Functions { get; } = [];

    /// <summary>Those functions that multiply an element by other functions of it, with the node of these.</summary>
    public Dictionary<int, InferenceNode> Gates { get; } = [];

    /// <summary>The value that the last of them gives.</summary>
    public int Output { get; set; } = layer + 1;

    /// <summary>All layers that run here, in order.</summary>
    public IEnumerable<int> Layers => [.. Border is { } border ? [border] : Array.Empty<int>(), Layer, .. Normalisations, .. Addition is { } addition ? [addition] : Array.Empty<int>(), .. Functions.SelectMany(layer => Gates.TryGetValue(layer, out var gate) ? gate.Layers.Append(layer) : [layer])];
}
