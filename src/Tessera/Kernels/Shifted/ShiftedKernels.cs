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
        var width = StreamedWidth(geometry, operation);
        if (options.Instructions == InstructionSet.Best && Vector512.IsHardwareAccelerated && (width < Vector128<T>.Count || width >= Vector512<T>.Count))
        {
            return Make<Vector512<T>, T, Lanes512<T>>(geometry, batch, operation);
        }

        return options.Instructions != InstructionSet.Portable && Vector256.IsHardwareAccelerated && Fma.IsSupported && (width < Vector128<T>.Count || width >= Vector256<T>.Count)
            ? Make<Vector256<T>, T, Lanes256<T>>(geometry, batch, operation)
            : Make<Vector128<T>, T, Lanes128<T>>(geometry, batch, operation);
    }

    /// <summary>The length of a result row that can be streamed, which takes vectors no longer than it; 0 where rows cannot.</summary>
    private static int StreamedWidth(OperatorGeometry geometry, Operation operation)
    {
        if (operation == Operation.KernelGradient || geometry.Table is not null || geometry.Axes.Length != 2) return 0;
        var (outer, inner) = (geometry.Axes[0], geometry.Axes[1]);
        if (outer.Stride * inner.Stride * outer.Dilation != 1 || geometry.Tile.Product != 1) return 0;
        return operation == Operation.Forward ? inner.Output : inner.Input;
    }

    private static Algorithm<T> Make<TVector, T, TLanes>(OperatorGeometry geometry, int batch, Operation operation)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T> => operation == Operation.KernelGradient
            ? new ShiftedGradient<TVector, T, TLanes>(geometry, batch)
            : new ShiftedConvolution<TVector, T, TLanes>(geometry, batch, operation == Operation.InputGradient);
}
