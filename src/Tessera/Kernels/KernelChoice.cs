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
        // Made once, also where Winograd's algorithm is held against it.
        var dense = new Lazy<Algorithm<T>?>(() => DenseKernels.TryChoose<T>(geometry, batch, operation, options), isThreadSafe: false);
        return UnsharedKernels.TryChoose<T>(geometry, batch, operation, options)
            ?? WinogradKernels.TryChoose(geometry, batch, operation, options, dense)
            ?? ShiftedKernels.TryChoose<T>(geometry, batch, operation, options)
            ?? dense.Value
            ?? new ReferenceAlgorithm<T>(geometry, batch, operation);
    }
}
