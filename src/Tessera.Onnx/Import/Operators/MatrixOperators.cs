using Tessera.Networks.Layers;

namespace Tessera.Onnx.Import.Operators;

/// <summary>Gemm and MatMul: a dense layer where the right side is a constant and the left side has one row for each example, matrix products otherwise.</summary>
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
        if (!transposesLeft && IsDense(node))
        {
            var right = node.RequiredConstant(1);
            var outputs = right.Shape[transposesRight ? 0 : 1];
            var bias = node.Input(2) is Known { DependsOnBatch: false } known && known.AtTwo.Count == outputs && known.AtTwo.Shape.Count > 0 && known.AtTwo.Shape[^1] == outputs ? known.AtTwo : null;
            var layer = node.Add(new Dense(outputs) { Bias = bias is not null }, node.Flow());
            FillKernel(node, layer, right, transposesRight, alpha);
            if (bias is not null) node.Layers.Fill($"{layer.Layer}.bias", bias.Count, to => FillScaled(bias, to, beta));
            node.Give(bias is not null || !node.Has(2) ? layer : ArithmeticOperators.Apply(node, new Add(), layer, Scaled(node, node.Flow(2), beta)));
            return;
        }

        var product = Scaled(node, node.Add(new MatrixProduct(), [Turned(node, node.Flow(0), transposesLeft), Turned(node, node.Flow(1), transposesRight)]), alpha);
        node.Give(node.Has(2) ? ArithmeticOperators.Apply(node, new Add(), product, Scaled(node, node.Flow(2), beta)) : product);
    }

    private static void Product(NodeImport node)
    {
        if (IsDense(node))
        {
            var right = node.RequiredConstant(1);
            var layer = node.Add(new Dense(right.Shape[1]) { Bias = false }, node.Flow());
            FillKernel(node, layer, right, isTransposed: false, 1);
            node.Give(layer);
            return;
        }

        node.Give(node.Add(new MatrixProduct(), [node.Flow(0), node.Flow(1)]));
    }

    /// <summary>Whether the left side is [N, C], N the batch, and the right side a constant matrix.</summary>
    private static bool IsDense(NodeImport node) =>
        node.Input(0) is Flow { Rank: 2, HasBatch: true } left && node.AxisOffset == 0 && !left.IsFixed(0) && left.AtTwo[0] == node.Batch && left.IsFixed(1)
        && node.Input(1) is Known { DependsOnBatch: false } right && right.AtTwo.Shape.Count == 2;

    private static Flow Turned(NodeImport node, Flow matrix, bool turns)
    {
        if (!turns) return matrix;
        if (matrix.Rank < 2) throw node.Wrong($"it transposes {matrix}, which is no matrix");
        int[] order = [.. Enumerable.Range(0, matrix.Rank)];
        (order[^1], order[^2]) = (order[^2], order[^1]);
        return node.Add(new Permute(Sizes.Create(order)), matrix);
    }

    private static Flow Scaled(NodeImport node, Flow flow, double scale) => scale == 1 ? flow : node.Add(new Multiply(), [flow, node.Scalar(scale)]);

    private static void FillKernel(NodeImport node, Flow layer, NumberArray matrix, bool isTransposed, double scale) => node.Layers.Fill($"{layer.Layer}.kernel", matrix.Count, kernel =>
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

    private static void FillScaled(NumberArray numbers, Span<float> to, double scale)
    {
        numbers.CopyTo(to);
        if (scale == 1) return;
        for (var index = 0; index < to.Length; index++) to[index] = (float)(to[index] * scale);
    }
}
