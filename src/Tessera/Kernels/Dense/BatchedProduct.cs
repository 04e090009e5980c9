using System.Numerics;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>
/// Matrix products C_i = A_l(i) · B_r(i), a stack of them in which matrices of either side may serve several times. Operands: V is A [a, b],
/// K is B [b, c], Z is C [a, c]; the gradients are A's, G · Bᵀ, and B's, Aᵀ · G, summed in order over the products that a matrix serves in.
/// A job is a block of one product or of one matrix's gradient.
/// </summary>
internal sealed unsafe class BatchedProduct<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly ProductStack stack;
    private readonly Operation operation;
    private readonly BlockedProduct<TVector, T, TLanes> product;
    private readonly int[][] served;

    public BatchedProduct(ProductStack stack, Operation operation)
    {
        this.stack = stack;
        this.operation = operation;
        var (a, b, c) = (stack.Rows, stack.Depth, stack.Columns);
        (product, var matrices) = operation switch
        {
            Operation.Forward => (new BlockedProduct<TVector, T, TLanes>(a, b, c), [.. Enumerable.Range(0, stack.Left.Length)]),
            Operation.KernelGradient => (new BlockedProduct<TVector, T, TLanes>(b, a, c), stack.Right),
            _ => (new BlockedProduct<TVector, T, TLanes>(a, c, b), stack.Left),
        };
        served = [.. matrices.Index().GroupBy(static pair => pair.Item, static pair => pair.Index).OrderBy(static group => group.Key).Select(static group => group.ToArray())];
        Stages = [checked(served.Length * product.Jobs)];
    }

    public override string Name => $"{served.Length} × {product}";

    public override long WorkerElements => product.WorkerElements;

    public override IReadOnlyList<int> Stages { get; }

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var matrix = Math.DivRem(job, product.Jobs, out job);
        var add = operands.Accumulate;
        foreach (var i in served[matrix])
        {
            product.Execute(job, Matrices(operands, i, add), own);
            add = true;
        }
    }

    private ProductOperands<T> Matrices(in Operands<T> operands, int i, bool add)
    {
        nint a = stack.Rows, b = stack.Depth, c = stack.Columns;
        var left = operands.Input + (stack.Left[i] * a * b);
        var right = operands.Kernel + (stack.Right[i] * b * c);
        var result = operands.Output + (i * a * c);
        return operation switch
        {
            Operation.Forward => new ProductOperands<T> { Left = left, LeftRowStride = b, LeftDepthStride = 1, Right = right, RightDepthStride = c, RightColumnStride = 1, Result = result, ResultStride = c, Add = add },
            Operation.KernelGradient => new ProductOperands<T> { Left = left, LeftRowStride = 1, LeftDepthStride = b, Right = result, RightDepthStride = c, RightColumnStride = 1, Result = right, ResultStride = c, Add = add },
            _ => new ProductOperands<T> { Left = result, LeftRowStride = c, LeftDepthStride = 1, Right = right, RightDepthStride = 1, RightColumnStride = c, Result = left, ResultStride = b, Add = add },
        };
    }
}
