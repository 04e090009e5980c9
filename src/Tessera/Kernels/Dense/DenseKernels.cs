using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using Tessera.Operators;

namespace Tessera.Kernels.Dense;

/// <summary>The dense algorithms: shared and tiled operators whose channels are dense or in groups.</summary>
internal static class DenseKernels
{
    /// <summary>The algorithm for an operation, or null where the channels are a table.</summary>
    public static Algorithm<T>? TryChoose<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (geometry.Table is not null) return null;
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
        where TLanes : struct, ILanes<TVector, T>
    {
        if (FullyConnected<TVector, T, TLanes>.Fits(geometry)) return new FullyConnected<TVector, T, TLanes>(geometry, batch, operation);
        if (operation == Operation.KernelGradient) return new PanelGradient<TVector, T, TLanes>(geometry, batch);
        var transposed = operation == Operation.InputGradient;
        var panels = new PanelConvolution<TVector, T, TLanes>(geometry, batch, transposed);
        var planes = new PlaneConvolution<TVector, T, TLanes>(geometry, batch, transposed);
        return planes.Fits && planes.Cost < panels.Cost ? planes : panels;
    }
}
