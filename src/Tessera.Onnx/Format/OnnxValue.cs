namespace Tessera.Onnx.Format;

/// <summary>What a graph says of one of its inputs or outputs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Element">What one element is; undefined where it is no tensor.</param>
/// <param name="Dimensions">Its sizes; null where the file gives no shape.</param>
internal sealed record OnnxValue(string Name, OnnxElement Element, IReadOnlyList<OnnxDimension>? Dimensions);

/// <summary>One size: a number, or a name for what is not known, or neither.</summary>
internal readonly record struct OnnxDimension(long? Size, string? Symbol)
{
    public override string ToString() => Size?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? Symbol ?? "?";
}
