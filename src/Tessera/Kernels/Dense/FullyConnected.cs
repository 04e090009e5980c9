using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Vectors;

namespace Tessera.Kernels.Dense;

/// <summary>
/// The fully connected operator: one output position whose kernel covers the whole input, element for element, so that
/// V is [N, I], K [M, I] and Z [N, M] for each group. All three operations are one matrix product
/// C[r, j] = Σ_k A[r, k] · B[k, j]:
/// <code>
///     forward            Z[n, m] = Σ_i V[n, i] · K[m, i]    B is transposed as it is packed
///     kernel gradient    K[m, i] = Σ_n G[n, m] · V[n, i]    A is transposed as it is packed
///     input gradient     V[n, i] = Σ_m G[n, m] · K[m, i]
/// </code>
/// </summary>
internal sealed unsafe class FullyConnected<TVector, T, TLanes> : Algorithm<T>
    where TVector : struct
    where T : unmanaged, IFloatingPointIeee754<T>
    where TLanes : struct, ILanes<TVector, T>
{
    private readonly Operation operation;
    private readonly int groups;
    private readonly int inputs;
    private readonly int outputs;
    private readonly BlockedProduct<TVector, T, TLanes> product;

    public FullyConnected(OperatorGeometry geometry, int batch, Operation operation)
    {
        this.operation = operation;
        groups = geometry.Groups;
        outputs = geometry.OutputChannels / groups;
        inputs = (int)(geometry.InputChannels / groups * geometry.InputSize.Product);
        product = operation switch
        {
            Operation.Forward => new(batch, inputs, outputs),
            Operation.KernelGradient => new(outputs, batch, inputs),
            _ => new(batch, outputs, inputs),
        };
        Stages = [checked(groups * product.Jobs)];
    }

    public override string Name => $"fully connected: {product}";

    public override long WorkerElements => product.WorkerElements;

    public override IReadOnlyList<int> Stages { get; }

    public override bool AddsBias => operation == Operation.Forward;

    /// <summary>Whether an operator is fully connected, its kernel in the order of its input.</summary>
    public static bool Fits(OperatorGeometry geometry)
    {
        foreach (var axis in geometry.Axes)
        {
            if (axis.Output != 1 || axis.Input != axis.Kernel || axis.PadLow != 0 || (axis.Kernel > 1 && (axis.Dilation != 1 || axis.Flip))) return false;
        }

        return geometry.Table is null && geometry.Tile.Product == 1;
    }

    public override void Execute(int stage, int job, in Operands<T> operands, T* shared, T* own)
    {
        var group = Math.DivRem(job, product.Jobs, out job);
        nint inputImage = (nint)groups * inputs, outputImage = (nint)groups * outputs;
        var v = operands.Input + ((nint)group * inputs);
        var k = operands.Kernel + ((nint)group * outputs * inputs);
        var z = operands.Output + ((nint)group * outputs);
        var matrices = operation switch
        {
            Operation.Forward => new ProductOperands<T>
            {
                Left = v,
                LeftRowStride = inputImage,
                LeftDepthStride = 1,
                Right = k,
                RightDepthStride = 1,
                RightColumnStride = inputs,
                Result = z,
                ResultStride = outputImage,
                Bias = operands.Bias == null ? null : operands.Bias + ((nint)group * outputs),
            },
            Operation.KernelGradient => new ProductOperands<T>
            {
                Left = z,
                LeftRowStride = 1,
                LeftDepthStride = outputImage,
                Right = v,
                RightDepthStride = inputImage,
                RightColumnStride = 1,
                Result = k,
                ResultStride = inputs,
            },
            _ => new ProductOperands<T>
            {
                Left = z,
                LeftRowStride = outputImage,
                LeftDepthStride = 1,
                Right = k,
                RightDepthStride = inputs,
                RightColumnStride = 1,
                Result = v,
                ResultStride = inputImage,
            },
        };
        matrices.Add = operands.Accumulate;
        product.Execute(job, matrices, own);
    }
}
