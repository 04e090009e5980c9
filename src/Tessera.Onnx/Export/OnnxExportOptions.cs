namespace Tessera.Onnx;

/// <summary>How <see cref="OnnxExport"/> writes.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>What is used where nothing is said.</summary>
    public static OnnxExportOptions Default { get; } = new();

    /// <summary>The version of the standard operators, 18 to 23.</summary>
    public int Opset { get; init; } = 21;

    /// <summary>The batch that the model is for; null for any, which the file calls <c>batch</c>.</summary>
    public int? Batch { get; init; }

    /// <summary>What the file says of the program that wrote it.</summary>
    public string Producer { get; init; } = "Tessera";

    /// <summary>
    /// Whether the file also says, beside its nodes, which Tessera layers they stand for, so that an import gives those layers back and not
    /// the operators that they were written in. Other programs read past it.
    /// </summary>
    public bool KeepLayers { get; init; } = true;

    internal OnnxExportOptions Checked()
    {
        if (Opset is < 18 or > 23) throw new ArgumentException($"opset {Opset}: models are written in the operators of opsets 18 to 23; choose one of them.", nameof(Opset));
        if (Batch is < 1) throw new ArgumentException($"a batch of {Batch}; it must be at least 1, or null for any.", nameof(Batch));
        return this;
    }
}
