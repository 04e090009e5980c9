namespace Tessera.Onnx.Import.Operators;

/// <summary>Makes layers of a node.</summary>
internal delegate void OperatorImport(NodeImport node);

/// <summary>The operators that become layers.</summary>
internal static class OperatorTable
{
    public static IReadOnlyDictionary<string, OperatorImport> Layers { get; } = new Dictionary<string, OperatorImport>(
        [
            .. ConvolutionOperators.All,
            .. PoolingOperators.All,
            .. NormalisationOperators.All,
            .. ActivationOperators.All,
            .. MatrixOperators.All,
            .. EinsumOperator.All,
            .. ArithmeticOperators.All,
            .. LogicOperators.All,
            .. ReductionOperators.All,
            .. ShapeOperators.All,
            .. ResizeOperators.All,
            .. PlaceOperators.All,
            .. PatchOperators.All,
        ],
        StringComparer.Ordinal);
}
