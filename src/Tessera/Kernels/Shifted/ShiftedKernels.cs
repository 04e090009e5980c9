using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using Tessera.Operators;

namespace Tessera.Kernels.Shifted;

/// <summary>The algorithms of shared and tiled depthwise operators, and the kernel gradients of tables and of small groups.</summary>
internal static class ShiftedKernels
{
    private const int MostWorkerBytes = 8 << 20;
    private const int MostOutputsPerGroup = 64;

    // What a matrix product over positions does in the time of one multiply-add here, where both fill their lanes.
    private const double PanelSpeed = 1.1;
    private const int PanelRows = 8;

    /// <summary>The algorithm for an operation, or null where it is neither one of a depthwise operator nor the kernel gradient of a table or of groups too small to fill vectors.</summary>
    public static Algorithm<T>? TryChoose<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (operation == Operation.KernelGradient ? geometry.Table is null && geometry.Groups == 1 : geometry.Groups == 1 || !IsDepthwise(geometry)) return null;
        var width = StreamedWidth(geometry, operation);
        if (options.Instructions == InstructionSet.Best && Vector512.IsHardwareAccelerated && (width < Vector128<T>.Count || width >= Vector512<T>.Count))
        {
            return TryMake<Vector512<T>, T, Lanes512<T>>(geometry, batch, operation, options);
        }

        return options.Instructions != InstructionSet.Portable && Vector256.IsHardwareAccelerated && Fma.IsSupported && (width < Vector128<T>.Count || width >= Vector256<T>.Count)
            ? TryMake<Vector256<T>, T, Lanes256<T>>(geometry, batch, operation, options)
            : TryMake<Vector128<T>, T, Lanes128<T>>(geometry, batch, operation, options);
    }

    private static bool IsDepthwise(OperatorGeometry geometry) => geometry.InputChannels == geometry.Groups;

    /// <summary>The length of a result row that can be streamed, which takes vectors no longer than it; 0 where rows cannot.</summary>
    private static int StreamedWidth(OperatorGeometry geometry, Operation operation)
    {
        if (operation == Operation.KernelGradient || geometry.Axes.Length != 2) return 0;
        var (outer, inner) = (geometry.Axes[0], geometry.Axes[1]);
        if (outer.Stride * inner.Stride * outer.Dilation != 1 || geometry.Tile.Product != 1) return 0;
        return operation == Operation.Forward ? inner.Output : inner.Input;
    }

    private static Algorithm<T>? TryMake<TVector, T, TLanes>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T>
    {
        if (operation != Operation.KernelGradient) return new ShiftedConvolution<TVector, T, TLanes>(geometry, batch, operation == Operation.InputGradient);
        // Each job lays G out for itself: all of it for a table, so that there are no more of them than threads want.
        if (geometry.Table is not null) return new ShiftedGradient<TVector, T, TLanes>(geometry, batch, 2 * options.ResolvedThreads);
        if (IsDepthwise(geometry)) return new ShiftedGradient<TVector, T, TLanes>(geometry, batch, options.WantedJobs);
        double inputs = geometry.InputChannels / geometry.Groups, outputs = geometry.OutputChannels / geometry.Groups;
        if (inputs > TLanes.Count || outputs > MostOutputsPerGroup) return null;
        // A matrix product has input channels for lanes and output channels for rows of its panels.
        var panelFill = inputs / TLanes.Count * Math.Min(1, outputs / PanelRows);
        var gradient = new ShiftedGradient<TVector, T, TLanes>(geometry, batch, options.WantedJobs);
        return gradient.Fill > PanelSpeed * panelFill && gradient.WorkerElements * Sizes<T>() <= MostWorkerBytes ? gradient : null;
    }

    private static unsafe int Sizes<T>()
        where T : unmanaged => sizeof(T);
}
