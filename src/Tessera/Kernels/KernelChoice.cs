using System.Numerics;
using Tessera.Connections;
using Tessera.Kernels.Dense;
using Tessera.Kernels.Reference;
using Tessera.Kernels.Shifted;
using Tessera.Kernels.Unshared;
using Tessera.Kernels.Winograd;
using Tessera.Operators;

namespace Tessera.Kernels;

/// <summary>The one place that decides which algorithm runs.</summary>
internal static class KernelChoice
{
    /// <summary>The algorithm for one operation of an operator at a batch size.</summary>
    public static Algorithm<T> Choose<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (options.UseReference) return new ReferenceAlgorithm<T>(geometry, batch, operation);
        return UnsharedKernels.TryChoose<T>(geometry, batch, operation, options)
            ?? WinogradKernels.TryChoose<T>(geometry, batch, operation, options)
            ?? ShiftedKernels.TryChoose<T>(geometry, batch, operation, options)
            ?? DenseKernels.TryChoose<T>(geometry, batch, operation, options)
            ?? new ReferenceAlgorithm<T>(geometry, batch, operation);
    }
}
