namespace Tessera.Onnx.Import.Operators;

/// <summary>What elements are taken from: numbers, or a value.</summary>
/// <param name="Flow">The value; null for numbers.</param>
/// <param name="Numbers">The numbers of one example; null for a value.</param>
internal sealed record Operand(Flow? Flow, NumberArray? Numbers)
{
    /// <summary>The shape of one example.</summary>
    public Sizes Shape { get; } = Flow is { } flow ? flow.AtTwo.From(flow.HasBatch ? 1 : 0) : Numbers!.Shape;

    public bool IsZero => Numbers is { IsZero: true };
}
