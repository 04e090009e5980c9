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
        where T : unmanaged, IFloatingPointIeee754<T> =>
        geometry.Table is not null ? null : Candidates<T>(geometry, batch, operation, options)[0];

    /// <summary>All algorithms that can compute an operation of dense or grouped channels, the cheapest first.</summary>
    public static Algorithm<T>[] Candidates<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (options.Instructions == InstructionSet.Best && Vector512.IsHardwareAccelerated)
        {
            return Candidates<Vector512<T>, T, Lanes512<T>>(geometry, batch, operation);
        }

        return options.Instructions != InstructionSet.Portable && Vector256.IsHardwareAccelerated && Fma.IsSupported
            ? Candidates<Vector256<T>, T, Lanes256<T>>(geometry, batch, operation)
            : Candidates<Vector128<T>, T, Lanes128<T>>(geometry, batch, operation);
    }

    private static Algorithm<T>[] Candidates<TVector, T, TLanes>(OperatorGeometry geometry, int batch, Operation operation)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T>
    {
        Algorithm<T>[] any;
        if (operation == Operation.KernelGradient)
        {
            any = [new PanelGradient<TVector, T, TLanes>(geometry, batch)];
            if (geometry.Tile.Product > 1 && ChannelsLastBox.CanLayOut(geometry) && new ChannelsLastGradient<TVector, T, TLanes>(geometry, batch) is { Fits: true } last) any = [last, .. any];
        }
        else
        {
            var transposed = operation == Operation.InputGradient;
            var panels = new PanelConvolution<TVector, T, TLanes>(geometry, batch, transposed);
            var planes = new PlaneConvolution<TVector, T, TLanes>(geometry, batch, transposed);
            var fitting = new List<(double Cost, Algorithm<T> Algorithm)> { (panels.Cost, panels) };
            if (planes.Fits) fitting.Add((planes.Cost, planes));
            if (ChannelsLastBox.CanLayOut(geometry) && new ChannelsLastConvolution<TVector, T, TLanes>(geometry, batch, transposed) is { Fits: true } channelsLast) fitting.Add((channelsLast.Cost, channelsLast));
            any = [.. fitting.OrderBy(candidate => candidate.Cost).Select(candidate => candidate.Algorithm)];
        }

        if (!FullyConnected<TVector, T, TLanes>.Fits(geometry)) return any;
        any = [new FullyConnected<TVector, T, TLanes>(geometry, batch, operation), .. any];
        return operation == Operation.Forward && batch <= FullyConnectedRows<TVector, T, TLanes>.MostExamples ? [new FullyConnectedRows<TVector, T, TLanes>(geometry, batch), .. any] : any;
    }
}
