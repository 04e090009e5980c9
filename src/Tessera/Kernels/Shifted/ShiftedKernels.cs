using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using Tessera.Operators;

namespace Tessera.Kernels.Shifted;

/// <summary>The algorithms of operators that connect few channels: shared and tiled, depthwise or by a table.</summary>
internal static class ShiftedKernels
{
    /// <summary>The algorithm for an operation, or null where channels are dense or in groups of more than one input.</summary>
    public static Algorithm<T>? TryChoose<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (geometry.Table is null && (geometry.Groups == 1 || geometry.InputChannels > geometry.Groups)) return null;
        if (options.Instructions == InstructionSet.Best && Vector512.IsHardwareAccelerated)
        {
            return Make<Vector512<T>, T, Lanes512<T>>(geometry, batch, operation);
        }

        return options.Instructions != InstructionSet.Portable && Vector256.IsHardwareAccelerated && Fma.IsSupported
            ? Make<Vector256<T>, T, Lanes256<T>>(geometry, batch, operation)
            : Make<Vector128<T>, T, Lanes128<T>>(geometry, batch, operation);
    }

    private static Algorithm<T> Make<TVector, T, TLanes>(OperatorGeometry geometry, int batch, Operation operation)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T> => operation == Operation.KernelGradient
            ? new ShiftedGradient<TVector, T, TLanes>(geometry, batch)
            : new ShiftedConvolution<TVector, T, TLanes>(geometry, batch, operation == Operation.InputGradient);
}
