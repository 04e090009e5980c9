namespace Tessera.Connections;

/// <summary>
/// Everything about an operator that follows from whole numbers alone: who reaches whom, and who carries the same
/// weight. Kernels are always [tiles, pairs, kernel volume] in memory, where pairs are the connected (output, input)
/// channels in row-major order: dense and grouped kernels have that form too.
/// </summary>
public sealed class OperatorGeometry
{
    private readonly AxisGeometry[] axes;
    private readonly ConnectionTable? table;

    internal OperatorGeometry(int inputChannels, int outputChannels, int groups, ConnectionTable? table, AxisGeometry[] axes, bool hasTileAxes)
    {
        InputChannels = inputChannels;
        OutputChannels = outputChannels;
        Groups = groups;
        this.table = table;
        this.axes = axes;
        HasTileAxes = hasTileAxes;
        InputSize = [.. axes.Select(axis => axis.Input)];
        OutputSize = [.. axes.Select(axis => axis.Output)];
        KernelSize = [.. axes.Select(axis => axis.Kernel)];
        Tile = [.. axes.Select(axis => axis.Tile)];
        Sizes channelSizes = table is not null ? [table.PairCount] : [outputChannels, inputChannels / groups];
        KernelShape = (hasTileAxes ? Tile : Sizes.Empty).Append(channelSizes).Append(KernelSize);
    }

    /// <summary>Input channels C.</summary>
    public int InputChannels { get; }

    /// <summary>Output channels M.</summary>
    public int OutputChannels { get; }

    /// <summary>Channel groups g; 1 for dense and for a table.</summary>
    public int Groups { get; }

    /// <summary>The connection table, if there is one.</summary>
    public ConnectionTable? Table => table;

    /// <summary>The spatial axes.</summary>
    public ReadOnlySpan<AxisGeometry> Axes => axes;

    /// <summary>Whether kernel tensors begin with tile axes (tiled and unshared, not shared).</summary>
    public bool HasTileAxes { get; }

    /// <summary>Input size [i_1 … i_d].</summary>
    public Sizes InputSize { get; }

    /// <summary>Output size [o_1 … o_d].</summary>
    public Sizes OutputSize { get; }

    /// <summary>Kernel size [k_1 … k_d].</summary>
    public Sizes KernelSize { get; }

    /// <summary>Tile size [t_1 … t_d]: all 1 when shared, the output size when unshared.</summary>
    public Sizes Tile { get; }

    /// <summary>The kernel tensor: [t…, M, C/g, k…], or [t…, P, k…] for a table; without t… when shared.</summary>
    public Sizes KernelShape { get; }

    /// <summary>The number of connected (output, input) channel pairs P; M·C/g for groups.</summary>
    public int PairCount => table?.PairCount ?? checked(OutputChannels * (InputChannels / Groups));

    /// <summary>Whether every output position has weights of its own and no two share.</summary>
    public bool IsUnshared
    {
        get
        {
            foreach (var axis in axes)
            {
                if (axis.Tile < axis.Output) return false;
            }

            return HasTileAxes;
        }
    }

    /// <summary>The number of pairs before output channel <paramref name="output"/>'s first.</summary>
    public int FirstPair(int output) => table is not null ? table.FirstPair(output) : output * (InputChannels / Groups);

    /// <summary>The number of input channels that output channel <paramref name="output"/> sees.</summary>
    public int FanIn(int output) => table is not null ? table.InputsOf(output).Length : InputChannels / Groups;

    /// <summary>The input channel of the <paramref name="index"/>-th pair of output channel <paramref name="output"/>.</summary>
    public int InputChannel(int output, int index) => table is not null
        ? table.InputsOf(output)[index]
        : (output / (OutputChannels / Groups) * (InputChannels / Groups)) + index;

    /// <summary>Multiply-adds of one forward pass of one example, padding counted out.</summary>
    public long MultiplyAdds
    {
        get
        {
            long product = PairCount;
            foreach (var axis in axes)
            {
                long meetings = 0;
                for (var q = 0; q < axis.Kernel; q++)
                {
                    var (first, end) = axis.Reach(q);
                    meetings += end - first;
                }

                product = checked(product * meetings);
            }

            return product;
        }
    }

    /// <summary>Output size of one axis, or a value below 1 where the kernel does not fit.</summary>
    internal static long OutputSizeOf(long input, int low, int high, int dilatedKernel, int stride)
    {
        var room = input + low + high - dilatedKernel;
        return room < 0 ? 0 : (room / stride) + 1;
    }
}
