using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tessera.Connections;
using Tessera.Kernels.Vectors;
using Tessera.Kernels.Winograd;
using Tessera.Operators;

namespace Tessera.Kernels.Dense;

/// <summary>The algorithms of shared and tiled operators whose channels are dense or in groups, and of tables forward and back.</summary>
internal static class DenseKernels
{
    private const int MostPositions = 1536;
    private const int MostPairs = 1 << 15;

    /// <summary>The algorithm for an operation, or null for the kernel gradient of a table.</summary>
    public static Algorithm<T>? TryChoose<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T> => InOrder<T>(geometry, batch, operation, options).FirstOrDefault();

    /// <summary>All algorithms here that can compute an operation, the cheapest first.</summary>
    public static Algorithm<T>[] Candidates<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T> => [.. InOrder<T>(geometry, batch, operation, options)];

    /// <summary>Whether forward or back there are so few positions and taps that <see cref="TapwiseConvolution{TVector, T, TLanes}"/> keeps all sums, and tables of all of them, in cache.</summary>
    public static bool HasFewPositions(OperatorGeometry geometry, int batch, Operation operation)
    {
        var positions = batch * (double)(operation == Operation.InputGradient ? geometry.InputSize : geometry.OutputSize).Product;
        return operation != Operation.KernelGradient && geometry.Table is null && geometry.Tile.Product == 1 && positions <= MostPositions && positions * geometry.KernelSize.Product <= MostPairs;
    }

    /// <summary>The same, each made when it is asked for.</summary>
    private static IEnumerable<Algorithm<T>> InOrder<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (options.Instructions == InstructionSet.Best && Vector512.IsHardwareAccelerated)
        {
            return InOrder<Vector512<T>, T, Lanes512<T>>(geometry, batch, operation, options);
        }

        return options.Instructions != InstructionSet.Portable && Vector256.IsHardwareAccelerated && Fma.IsSupported
            ? InOrder<Vector256<T>, T, Lanes256<T>>(geometry, batch, operation, options)
            : InOrder<Vector128<T>, T, Lanes128<T>>(geometry, batch, operation, options);
    }

    /// <summary>One position that sees the whole input is a matrix product: what finds its way through positions is no better there, and is not made.</summary>
    private static IEnumerable<Algorithm<T>> InOrder<TVector, T, TLanes>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T>
    {
        if (geometry.Table is not null)
        {
            if (operation != Operation.KernelGradient) yield return new PlaneConvolution<TVector, T, TLanes>(geometry, batch, operation == Operation.InputGradient, options.WantedJobs);
            yield break;
        }

        if (FullyConnected<TVector, T, TLanes>.Fits(geometry))
        {
            if (operation == Operation.Forward && batch <= FullyConnectedRows<TVector, T, TLanes>.MostExamples) yield return new FullyConnectedRows<TVector, T, TLanes>(geometry, batch);
            yield return new FullyConnected<TVector, T, TLanes>(geometry, batch, operation);
        }

        foreach (var algorithm in OfPositions<TVector, T, TLanes>(geometry, batch, operation, options)) yield return algorithm;
    }

    private static IEnumerable<Algorithm<T>> OfPositions<TVector, T, TLanes>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T>
    {
        // Which one is cheapest is asked for few threads, whatever there are: other algorithms round in other ways.
        var jobs = options.WantedJobs;
        var fitting = new List<(double Cost, Func<Algorithm<T>> Made)>();
        if (operation == Operation.KernelGradient)
        {
            var gradient = new PanelGradient<TVector, T, TLanes>(geometry, batch, jobs);
            if (geometry.Tile.Product > 1) return ChannelsLastBox.CanLayOut(geometry) && new ChannelsLastGradient<TVector, T, TLanes>(geometry, batch) is { Fits: true } tiled ? [tiled, gradient] : [gradient];
            fitting.Add((gradient.Cost, () => gradient));
            if (new PlaneGradient<TVector, T, TLanes>(geometry, batch) is { Fits: true } few) fitting.Add((few.Cost, () => few));
            if (geometry.KernelSize.Product * (double)geometry.OutputSize.Product / geometry.OutputSize[^1] <= MostPairs && new TapwiseGradient<TVector, T, TLanes>(geometry, batch) is { Fits: true } tapwise)
            {
                Add(tapwise.Cost, tapwise, wanted => new TapwiseGradient<TVector, T, TLanes>(geometry, batch, wanted), jobs);
            }
        }
        else
        {
            AddConvolutions();
        }

        return fitting.OrderBy(candidate => candidate.Cost).Select(candidate => candidate.Made());

        void AddConvolutions()
        {
            var transposed = operation == Operation.InputGradient;
            var panels = new PanelConvolution<TVector, T, TLanes>(geometry, batch, transposed);
            Add(panels.Cost, panels, wanted => new PanelConvolution<TVector, T, TLanes>(geometry, batch, transposed, wanted), jobs);
            if (new PlaneConvolution<TVector, T, TLanes>(geometry, batch, transposed) is { Fits: true } planes)
            {
                Add(planes.Cost, planes, wanted => new PlaneConvolution<TVector, T, TLanes>(geometry, batch, transposed, wanted), jobs);
            }

            if (ChannelsLastBox.CanLayOut(geometry) && new ChannelsLastConvolution<TVector, T, TLanes>(geometry, batch, transposed) is { Fits: true } last)
            {
                // Each box of positions reads the kernel anew, which for tiles is large: no more of them than threads, where these are few.
                var boxes = options.ResolvedThreads == 1 || (geometry.Tile.Product > 1 && options.ResolvedThreads <= Shares.LeastJobs / 2) ? 2 * Shares.Up(options.ResolvedThreads, 2) : jobs;
                Add(last.Cost, last, wanted => new ChannelsLastConvolution<TVector, T, TLanes>(geometry, batch, transposed, wanted), boxes);
            }

            if (!options.Exact && !transposed && PairedRowsConvolution<TVector, T, TLanes>.TryMake(geometry, batch) is { Fits: true } paired)
            {
                Add(paired.Cost, paired, wanted => PairedRowsConvolution<TVector, T, TLanes>.TryMake(geometry, batch, wanted)!, jobs);
            }

            if (HasFewPositions(geometry, batch, operation) && new TapwiseConvolution<TVector, T, TLanes>(geometry, batch, transposed) is { Fits: true } small)
            {
                Add(small.Cost, small, wanted => new TapwiseConvolution<TVector, T, TLanes>(geometry, batch, transposed, wanted), jobs);
            }

            if (PointwiseConvolution<TVector, T, TLanes>.CanRun(geometry))
            {
                var pointwise = new PointwiseConvolution<TVector, T, TLanes>(geometry, batch, transposed);
                Add(pointwise.Cost, pointwise, wanted => new PointwiseConvolution<TVector, T, TLanes>(geometry, batch, transposed, wanted), jobs);
            }
        }

        void Add(double cost, Algorithm<T> algorithm, Func<int, Algorithm<T>> make, int wanted) => fitting.Add((cost, () => wanted == Shares.LeastJobs ? algorithm : make(wanted)));
    }
}
