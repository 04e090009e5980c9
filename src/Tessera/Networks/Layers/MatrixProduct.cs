using Tessera.Execution;
using Tessera.Execution.Layers;
using Tessera.Kernels.Dense;

namespace Tessera.Networks.Layers;

/// <summary>
/// Matrix products of two inputs, [… , a, b] · [… , b, c] = [… , a, c]: Z[… , r, j] = Σ_k A[… , r, k] B[… , k, j]. The axes before
/// the last two are a stack of matrices; they are aligned at the last of them, and one that is 1 or missing is repeated.
/// </summary>
public sealed record MatrixProduct : Layer
{
    /// <inheritdoc/>
    public override string Kind => "matrix-product";

    /// <inheritdoc/>
    public override string ShortName => "product";

    /// <inheritdoc/>
    public override int? InputCount => 2;

    internal override int LeastRank => 0;

    /// <inheritdoc/>
    public override Sizes InferShape(IReadOnlyList<Sizes> inputs)
    {
        Sizes left = inputs[0], right = inputs[1];
        for (var i = 0; i < 2; i++)
        {
            if (inputs[i].Count < 2) throw Misfit($"its input {InputLabel(i)} {inputs[i]} is no matrix; reshape it to one with a row or a column of 1.");
        }

        if (left[^1] != right[^2])
        {
            throw Misfit($"its inputs {InputLabel(0)} {left} and {InputLabel(1)} {right} do not go together: {left[^1]} columns meet {right[^2]} rows; transpose or reshape one so that both are one number.");
        }

        if (BroadcastShape.Join(Stack(left), Stack(right), out var fromEnd) is { } stack) return [.. stack.AsSpan(), left[^2], right[^1]];
        throw Misfit(
            $"its inputs {InputLabel(0)} {left} and {InputLabel(1)} {right} are stacks of other sizes: aligned before their last two axes, {Stack(left)[^fromEnd]} meets {Stack(right)[^fromEnd]} and neither is 1; reshape one of them.");
    }

    /// <inheritdoc/>
    public override long MultiplyAdds(IReadOnlyList<Sizes> inputs) => checked(InferShape(inputs).Product * inputs[0][^1]);

    internal override LayerExecution<T> Compile<T>(LayerContext context)
    {
        Sizes left = context.Inputs[0], right = context.Inputs[1];
        int rows = left[^2], depth = left[^1], columns = right[^1];
        if (Stack(right).Product == 1)
        {
            // One matrix on the right for all: their rows are the rows of a single product.
            return Execution<T>(new ProductStack(checked((int)(Stack(left).Product * rows)), depth, columns, [0], [0]), context);
        }

        var axes = new BroadcastAxes(Stack(context.Output), Stack(left), Stack(right));
        int[] Places(int input) => [.. Enumerable.Range(0, checked((int)axes.Count)).Select(product => (int)axes.Place(input, product))];
        return Execution<T>(new ProductStack(rows, depth, columns, Places(0), Places(1)), context);
    }

    private static MatrixProductExecution<T> Execution<T>(ProductStack stack, LayerContext context)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T> => new(stack, context.Options.ToPlanOptions());

    private static Sizes Stack(Sizes shape) => Sizes.Create(shape.AsSpan()[..^2]);
}
