using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Gemm and MatMul: a dense layer where the right side is a constant and the left one row for each example.</summary>
internal static class MatrixOperators
{
    public static IEnumerable<KeyValuePair<string, OperatorImport>> All { get; } =
    [
        new("Gemm", General),
        new("MatMul", Product),
    ];

    private static void General(NodeImport node)
    {
        var (alpha, beta) = (node.Real("alpha", 1), node.Real("beta", 1));
        var (transposesLeft, transposesRight) = (node.Integer("transA", 0) != 0, node.Integer("transB", 0) != 0);
        var bias = node.Input(2);
        if (!IsDense(node) || transposesLeft) throw node.Wrong("only a constant right side is read");
        var right = node.RequiredConstant(1);
        var outputs = right.Shape[transposesRight ? 0 : 1];
        var vector = bias is Known { DependsOnBatch: false } known && known.AtTwo.Count == outputs && (known.AtTwo.Shape.Count == 0 || known.AtTwo.Shape[^1] == outputs) ? known.AtTwo : null;
        if (bias is not null && vector is null) throw node.Wrong("its third input must be one number for each output");
        var layer = node.Add(new Dense(outputs) { Bias = vector is not null }, node.Flow());
        FillKernel(node, layer, right, transposesRight, alpha);
        if (vector is not null) node.Layers.Fill($"{layer.Layer}.bias", to => FillScaled(vector, to, beta));
        node.Give(layer);
    }

    private static void Product(NodeImport node)
    {
        if (!IsDense(node)) throw node.Wrong("only a constant right side is read");
        var right = node.RequiredConstant(1);
        var layer = node.Add(new Dense(right.Shape[1]) { Bias = false }, node.Flow());
        FillKernel(node, layer, right, isTransposed: false, 1);
        node.Give(layer);
    }

    /// <summary>Whether the left side is [N, C], N the batch, and the right side a constant matrix.</summary>
    private static bool IsDense(NodeImport node) =>
        node.Input(0) is Flow { Rank: 2 } left && left.AtTwo[0] == 2 && left.AtThree[0] == 3 && left.IsFixed(1)
        && node.Input(1) is Known { DependsOnBatch: false } right && right.AtTwo.Shape.Count == 2;

    private static void FillKernel(NodeImport node, Flow layer, NumberArray matrix, bool isTransposed, double scale)
    {
        if (isTransposed && scale == 1)
        {
            node.Fill(layer, "kernel", matrix);
            return;
        }

        node.Layers.Fill($"{layer.Layer}.kernel", kernel =>
        {
            if (isTransposed)
            {
                FillScaled(matrix, kernel, scale);
                return;
            }

            // [C, M] in the model, [M, C] here.
            int inputs = matrix.Shape[0], outputs = matrix.Shape[1];
            var numbers = new float[kernel.Length];
            FillScaled(matrix, numbers, scale);
            for (var m = 0; m < outputs; m++)
            {
                for (var c = 0; c < inputs; c++) kernel[(m * inputs) + c] = numbers[(c * outputs) + m];
            }
        });
    }

    private static void FillScaled(NumberArray numbers, Span<float> to, double scale)
    {
        numbers.CopyTo(to);
        if (scale == 1) return;
        for (var index = 0; index < to.Length; index++) to[index] = (float)(to[index] * scale);
    }
}
