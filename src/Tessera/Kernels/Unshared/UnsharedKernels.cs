using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using Tessera.Operators;

namespace Tessera.Kernels.Unshared;

/// <summary>Which unshared algorithm runs, and over which vectors.</summary>
internal static class UnsharedKernels
{
    /// <summary>The algorithm for an unshared operator.</summary>
    public static Algorithm<T>? TryChoose<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (!geometry.IsUnshared) return null;
        var fast = options.Instructions != InstructionSet.Portable && Fma.IsSupported && Avx2.IsSupported;
        if (fast && options.Instructions == InstructionSet.Best && Vector512.IsHardwareAccelerated && batch > Vector256<T>.Count)
        {
            return Make<T, Vector512<T>, Lanes512<T>>(geometry, batch, operation, true);
        }

        if (batch <= FewExamples<T>.Most) return fast ? MakeFew<T, Vector256<T>, Lanes256<T>>(geometry, batch, operation, true) : MakeFew<T, Vector128<T>, Lanes128<T>>(geometry, batch, operation, false);
        return fast
            ? Make<T, Vector256<T>, Lanes256<T>>(geometry, batch, operation, true)
            : Make<T, Vector128<T>, Lanes128<T>>(geometry, batch, operation, false);
    }

    private static Algorithm<T> Make<T, TVector, TLanes>(OperatorGeometry geometry, int batch, Operation operation, bool wide)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : struct
        where TLanes : struct, ILanes<TVector, T> => operation switch
        {
            Operation.Forward => new UnsharedForward<T, TVector, TLanes>(geometry, batch, wide),
            Operation.KernelGradient => new UnsharedKernelGradient<T, TVector, TLanes>(geometry, batch, wide),
            _ => new UnsharedInputGradient<T, TVector, TLanes>(geometry, batch, wide),
        };

    private static Algorithm<T> MakeFew<T, TVector, TLanes>(OperatorGeometry geometry, int batch, Operation operation, bool wide)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : struct
        where TLanes : struct, ILanes<TVector, T> => operation switch
        {
            Operation.Forward => new FewExamplesForward<T, TVector, TLanes>(geometry, batch),
            Operation.KernelGradient => new FewExamplesKernelGradient<T, TVector, TLanes>(geometry, batch, wide),
            _ => new FewExamplesInputGradient<T, TVector, TLanes>(geometry, batch),
        };
}
