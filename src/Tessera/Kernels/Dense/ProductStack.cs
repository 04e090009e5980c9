using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tessera.Kernels.Vectors;
using Tessera.Operators;

namespace Tessera.Kernels.Dense;

/// <summary>The sizes of a stack of matrix products, and which matrices each of them multiplies.</summary>
/// <param name="Rows">Rows a of A and C.</param>
/// <param name="Depth">Columns b of A, rows of B.</param>
/// <param name="Columns">Columns c of B and C.</param>
/// <param name="Left">For each product the place of its A.</param>
/// <param name="Right">For each product the place of its B.</param>
internal sealed record ProductStack(int Rows, int Depth, int Columns, int[] Left, int[] Right)
{
    /// <summary>The algorithm for one operation, in the best vectors that may be used.</summary>
    public Algorithm<T> Algorithm<T>(Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (options.Instructions == InstructionSet.Best && Vector512.IsHardwareAccelerated) return new BatchedProduct<Vector512<T>, T, Lanes512<T>>(this, operation);
        return options.Instructions != InstructionSet.Portable && Vector256.IsHardwareAccelerated && Fma.IsSupported
            ? new BatchedProduct<Vector256<T>, T, Lanes256<T>>(this, operation)
            : new BatchedProduct<Vector128<T>, T, Lanes128<T>>(this, operation);
    }
}
