using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tessera.Connections;
using Tessera.Kernels.Resampling;
using Tessera.Kernels.Vectors;
using Tessera.Operators;

namespace Tessera.Kernels.Blocked;

/// <summary>The one place that decides which layers of an inference run on blocked tensors, and by which algorithm.</summary>
internal static class BlockedKernels
{
    private static readonly AxisGeometry Single = new(1, 1, 1, 1, 1, 0, 0, 1, false);

    /// <summary>B, the channels of a block: a vector's lanes.</summary>
    public static int Channels<T>(InstructionSet instructions)
        where T : unmanaged, IFloatingPointIeee754<T> => Width(instructions) / Sizes<T>();

    /// <summary>Whether a tensor of so many channels is worth blocks: no more than half of them may be empty.</summary>
    public static bool Fills<T>(int channels, InstructionSet instructions)
        where T : unmanaged, IFloatingPointIeee754<T> => channels >= Channels<T>(instructions) / 2;

    /// <summary>The algorithm for a convolution, and whether it reads planes instead of blocks; null where it cannot be done on blocks.</summary>
    public static (BlockedAlgorithm<T> Algorithm, bool ReadsPlanes)? TryConvolution<T>(OperatorGeometry geometry, int batch, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (options.UseReference || geometry.Table is not null || geometry.Tile.Product != 1 || geometry.Axes.Length > 2) return null;
        if (geometry.OutputSize.Product == 0 || !Fills<T>(geometry.OutputChannels, options.Instructions)) return null;
        return Width(options.Instructions) switch
        {
            64 => Convolution<Vector512<T>, T, Lanes512<T>>(geometry, batch, options),
            32 => Convolution<Vector256<T>, T, Lanes256<T>>(geometry, batch, options),
            _ => Convolution<Vector128<T>, T, Lanes128<T>>(geometry, batch, options),
        };
    }

    /// <summary>The algorithm for a pooling over one or two axes, or null.</summary>
    public static BlockedAlgorithm<T>? TryPooling<T>(PoolingDescription description, Sizes input, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (options.UseReference || input.Count is < 3 or > 4 || description.Kind == PoolingKind.Lp) return null;
        AxisGeometry[] axes = [.. description.Resolve(input.From(2))];
        return Width(options.Instructions) switch
        {
            64 => new BlockedPooling<Vector512<T>, T, Lanes512<T>>(description, axes, input),
            32 => new BlockedPooling<Vector256<T>, T, Lanes256<T>>(description, axes, input),
            _ => new BlockedPooling<Vector128<T>, T, Lanes128<T>>(description, axes, input),
        };
    }

    /// <summary>
    /// A sum of two tensors or (where it multiplies) a product, one of which may repeat one position, a normalisation (where it scales) or a function of each
    /// element, with nothing before it to be part of.
    /// </summary>
    public static BlockedAlgorithm<T> Sum<T>(Sizes shape, InstructionSet instructions, bool scales = false, bool multiplies = false, bool repeats = false)
        where T : unmanaged, IFloatingPointIeee754<T> => Width(instructions) switch
        {
            64 => new BlockedSum<Vector512<T>, T, Lanes512<T>>(shape, scales, multiplies, repeats),
            32 => new BlockedSum<Vector256<T>, T, Lanes256<T>>(shape, scales, multiplies, repeats),
            _ => new BlockedSum<Vector128<T>, T, Lanes128<T>>(shape, scales, multiplies, repeats),
        };

    /// <summary>A fixed map of planes of one or two axes, or null.</summary>
    public static BlockedAlgorithm<T>? TryMap<T>(IReadOnlyList<AxisTaps> axes, Sizes input, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (options.UseReference || axes.Count is < 1 or > 2) return null;
        var rows = axes.Count == 2 ? axes[0] : AxisTaps.Of(1, [[(0, 1.0)]]);
        return Width(options.Instructions) switch
        {
            64 => new BlockedMap<Vector512<T>, T, Lanes512<T>>(rows, axes[^1], input[0], input[1]),
            32 => new BlockedMap<Vector256<T>, T, Lanes256<T>>(rows, axes[^1], input[0], input[1]),
            _ => new BlockedMap<Vector128<T>, T, Lanes128<T>>(rows, axes[^1], input[0], input[1]),
        };
    }

    /// <summary>The transpose of a convolution, or null.</summary>
    public static BlockedAlgorithm<T>? TryTransposed<T>(OperatorGeometry geometry, int batch, PlanOptions options)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (options.UseReference || !Fills<T>(geometry.InputChannels, options.Instructions)) return null;
        return Width(options.Instructions) switch
        {
            64 => BlockedTransposed<Vector512<T>, T, Lanes512<T>>.Fits(geometry) ? new BlockedTransposed<Vector512<T>, T, Lanes512<T>>(geometry, batch, options.WantedJobs) : null,
            32 => BlockedTransposed<Vector256<T>, T, Lanes256<T>>.Fits(geometry) ? new BlockedTransposed<Vector256<T>, T, Lanes256<T>>(geometry, batch, options.WantedJobs) : null,
            _ => BlockedTransposed<Vector128<T>, T, Lanes128<T>>.Fits(geometry) ? new BlockedTransposed<Vector128<T>, T, Lanes128<T>>(geometry, batch, options.WantedJobs) : null,
        };
    }

    /// <summary>The last two axes; a signal is an image one row high, and a kernel of one tap is a row of all positions.</summary>
    public static (AxisGeometry Rows, AxisGeometry Columns) Axes(OperatorGeometry geometry)
    {
        if (geometry.Axes.Length == 1) return (Single, geometry.Axes[0]);
        var (rows, columns) = (geometry.Axes[0], geometry.Axes[1]);
        if (IsPlain(rows) && IsPlain(columns)) return (Single, columns with { Input = rows.Input * columns.Input, Output = rows.Output * columns.Output });
        return (rows, columns);

        static bool IsPlain(AxisGeometry axis) => axis is { Kernel: 1, Stride: 1, PadLow: 0, PadHigh: 0 };
    }

    private static (BlockedAlgorithm<T> Algorithm, bool ReadsPlanes)? Convolution<TVector, T, TLanes>(OperatorGeometry geometry, int batch, PlanOptions options)
        where TVector : struct
        where T : unmanaged, IFloatingPointIeee754<T>
        where TLanes : struct, ILanes<TVector, T>
    {
        var jobs = options.WantedJobs;
        var groups = geometry.Groups;
        if (groups > 1 && groups == geometry.InputChannels && groups == geometry.OutputChannels) return (new BlockedDepthwise<TVector, T, TLanes>(geometry, batch), false);
        if (groups > 1 && (geometry.InputChannels / groups % TLanes.Count != 0 || geometry.OutputChannels / groups % TLanes.Count != 0)) return null;
        var planes = groups == 1 && geometry.InputChannels < TLanes.Count / 2 && Axes(geometry).Columns.Dilation == 1;
        if (!planes && BlockedSubsampling<TVector, T, TLanes>.Fits(geometry)) return (new BlockedSubsampling<TVector, T, TLanes>(geometry, batch, jobs), false);
        // As for plans, the choice is made as for few threads.
        var direct = new BlockedConvolution<TVector, T, TLanes>(geometry, batch, planes);
        var isWinograd = !(options.Exact || planes || groups > 1 || geometry.Axes.Length < 2 || !IsSmallSquare(geometry))
            && new BlockedWinograd<TVector, T, TLanes>(geometry, batch).Cost < direct.Cost;
        return (isWinograd ? new BlockedWinograd<TVector, T, TLanes>(geometry, batch, jobs) : new BlockedConvolution<TVector, T, TLanes>(geometry, batch, planes, jobs), planes);
    }

    private static bool IsSmallSquare(OperatorGeometry geometry)
    {
        foreach (var axis in geometry.Axes)
        {
            if (axis is not { Kernel: 3, Stride: 1, Dilation: 1 }) return false;
        }

        return geometry.InputChannels >= 8 && geometry.OutputChannels >= 8;
    }

    private static int Width(InstructionSet instructions) => instructions == InstructionSet.Best && Vector512.IsHardwareAccelerated
        ? 64
        : instructions != InstructionSet.Portable && Vector256.IsHardwareAccelerated && Fma.IsSupported ? 32 : 16;

    private static unsafe int Sizes<T>()
        where T : unmanaged => sizeof(T);
}
