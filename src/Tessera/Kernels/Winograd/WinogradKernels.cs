using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tessera.Connections;
using Tessera.Kernels.Dense;
using Tessera.Kernels.Vectors;
using Tessera.Operators;

namespace Tessera.Kernels.Winograd;

/// <summary>
/// Winograd's algorithm for operators with two to six, or 8, 9, 10, 12 … taps on the last axis, and the
/// same or one tap on the axis before it, shared or in tiles of a few positions; with a stride, for as many on each of its phases. Channels are dense, in groups or by a table, which is a dense kernel with zeros here: that pays where it is not sparse.
/// </summary>
internal static class WinogradKernels
{
    private const int MostWorkerBytes = 8 << 20;

    // Below so many channels on either side transforms cost more than they save; kernel gradients of groups have a quicker way than others.
    private const int FewestChannels = 8;
    private const int FewestChannelsOfGroups = 16;

    // What a product of a table counts for the direct kernels, and what they spend on a channel at each position beside its products.
    private const double TableProduct = 1.15;
    private const double TableChannel = 16;

    // What a product of a tiled operator costs the direct kernels going forward or back, in products of an ordinary one.
    private const double DealtCost = 1.15;

    private const double FarKernelCost = 1.4;
    private const int KernelBytes = 2 << 20;

    /// <summary>The algorithm for an operation, or null where it cannot compute it, would not be faster (kernel gradients are held against <paramref name="dense"/>) or a user asks for exactness.</summary>
    public static Algorithm<T>? TryChoose<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options, Lazy<Algorithm<T>?> dense)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var fewest = geometry.Groups > 1 && operation == Operation.KernelGradient ? FewestChannelsOfGroups : FewestChannels;
        if (options.Exact || geometry.InputChannels / geometry.Groups < fewest || geometry.OutputChannels / geometry.Groups < fewest) return null;
        return TryMake<T>(geometry, batch, operation, options) is { } made && Pays(geometry, batch, operation, options, made, dense) ? made.Algorithm : null;
    }

    /// <summary>The algorithm whether it pays or not, or null where it cannot compute the operation.</summary>
    public static (Algorithm<T> Algorithm, WinogradTiling Tiling)? TryMake<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (WinogradTiling.TryCut(geometry, batch, operation == Operation.InputGradient ? TapAxis.InputGradient : TapAxis.Forward) is not { } tiling) return null;
        var algorithm = Make(Shares.LeastJobs);
        if (algorithm.WorkerElements * Sizes<T>() > MostWorkerBytes) return null;
        var jobs = options.WantedJobs;
        return (jobs == Shares.LeastJobs ? algorithm : Make(jobs), tiling);

        Algorithm<T> Make(int wantedJobs) => IsWide(options)
            ? Make<Vector512<T>, T, Lanes512<T>>(geometry, tiling, operation, wantedJobs)
            : options.Instructions != InstructionSet.Portable && Vector256.IsHardwareAccelerated && Fma.IsSupported
                ? Make<Vector256<T>, T, Lanes256<T>>(geometry, tiling, operation, wantedJobs)
                : Make<Vector128<T>, T, Lanes128<T>>(geometry, tiling, operation, wantedJobs);
    }

    /// <summary>
    /// Whether fewer multiplications outweigh the transforms: counted in multiply-adds for each tile and pair of channels,
    /// where transforming a tile of one channel costs about as much as thirty more channels would.
    /// </summary>
    private static bool Pays<T>(OperatorGeometry geometry, int batch, Operation operation, PlanOptions options, (Algorithm<T> Algorithm, WinogradTiling Tiling) made, Lazy<Algorithm<T>?> dense)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var tiling = made.Tiling;
        double inputs = geometry.InputChannels / geometry.Groups, outputs = geometry.OutputChannels / geometry.Groups;
        var (sources, results) = operation == Operation.InputGradient ? (outputs, inputs) : (inputs, outputs);
        var (spread, gathered) = (sources * tiling.OuterTaps, results * tiling.Residues);
        var kernel = tiling.Components * spread * gathered;
        var products = kernel * tiling.Tiles;
        // What is dealt out has few tiles for a large kernel: beyond L2 it, or the sums of its gradient, are fetched again and again.
        if (tiling.IsDealt && kernel * sizeof(float) > KernelBytes) products *= FarKernelCost;
        var transforms = (tiling.Rows.Points == 1 ? 120.0 : 500.0) * tiling.Tiles * (spread + gathered);
        if (operation == Operation.KernelGradient && dense.Value is ICosted other)
        {
            // Each part of the positions has sums of its own to transform.
            var parts = Math.Max(1, made.Algorithm.SharedElements / geometry.KernelShape.Product);
            return (1.1 * products) + transforms + (parts * (IsWide(options) ? 15.0 : 9.0) * kernel) < 0.93 * other.Cost * other.Lanes;
        }

        // On few positions the direct kernel passes over what is outside.
        var direct = DenseKernels.HasFewPositions(geometry, batch, operation)
            ? batch * (double)geometry.MultiplyAdds / geometry.Groups
            : batch * (double)geometry.OutputSize.Product * geometry.PairCount / geometry.Groups * geometry.KernelSize.Product * (tiling.IsDealt && operation != Operation.KernelGradient ? DealtCost : 1);

        if (geometry.Table is not null) direct = (TableProduct * direct) + (TableChannel * batch * geometry.OutputSize.Product * (inputs + outputs));

        // Transformed in every job, a kernel costs storing it; wide vectors multiply faster, and do not store faster.
        kernel *= operation == Operation.KernelGradient ? 8.0 : tiling.IsDealt ? 12.0 : made.Algorithm.PacksKernelFirst ? 3.0 : IsWide(options) ? 8.0 : 3.5;
        return products + transforms + kernel < 0.9 * direct;
    }

    private static bool IsWide(PlanOptions options) => options.Instructions == InstructionSet.Best && Vector512.IsHardwareAccelerated;

    private static Algorithm<T> Make<TVector, T, TLanes>(OperatorGeometry geometry, WinogradTiling tiling, Operation operation, int wantedJobs)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T> => operation == Operation.KernelGradient
            ? new WinogradGradient<TVector, T, TLanes>(geometry, tiling, wantedJobs)
            : new WinogradConvolution<TVector, T, TLanes>(geometry, tiling, operation == Operation.InputGradient, wantedJobs);

    private static unsafe int Sizes<T>()
        where T : unmanaged => sizeof(T);
}
