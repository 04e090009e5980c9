using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Bench;

/// <summary>
/// One operator and its input, as numbers that every contestant can read: sizes per axis, padding the same on both sides.
/// A tile of null is shared weights; <see cref="Unshared"/> has a kernel for every output position.
/// </summary>
internal sealed record Shape(string Suite, string Name, int Batch, int InputChannels, Sizes Input, int OutputChannels, Sizes Kernel)
{
    public int Axes => Input.Count;

    public Sizes Stride { get; init; } = Sizes.Repeat(1, Input.Count);

    public Sizes Dilation { get; init; } = Sizes.Repeat(1, Input.Count);

    public Sizes Padding { get; init; } = Sizes.Repeat(0, Input.Count);

    public int Groups { get; init; } = 1;

    public Sizes? Tile { get; init; }

    public bool Unshared { get; init; }

    /// <summary>Every output channel sees a random half of the input channels.</summary>
    public bool HalfTable { get; init; }

    /// <summary>Neither shared weights with dense or grouped channels: what the peers have no operator for.</summary>
    public bool IsOrdinary => !Unshared && Tile is null && !HalfTable;

    public Sizes Output
    {
        get
        {
            var sizes = new int[Axes];
            for (var axis = 0; axis < Axes; axis++)
            {
                var reach = (Dilation[axis] * (Kernel[axis] - 1)) + 1;
                sizes[axis] = ((Input[axis] + (2 * Padding[axis]) - reach) / Stride[axis]) + 1;
            }

            return Sizes.Create(sizes);
        }
    }

    public Sizes InputShape => Sizes.Create([Batch, InputChannels]).Append(Input);

    public Sizes OutputShape => Sizes.Create([Batch, OutputChannels]).Append(Output);

    /// <summary>The kernel without a table or tiles: [M, C/g, k…].</summary>
    public Sizes DenseKernelShape => Sizes.Create([OutputChannels, InputChannels / Groups]).Append(Kernel);

    /// <summary>The kernel in the library's order: [t…, M, C/g, k…], or [P, k…] for a table of P pairs.</summary>
    public Sizes KernelShape => HalfTable
        ? Sizes.Create([OutputChannels * (InputChannels / 2)]).Append(Kernel)
        : (Unshared ? Output : Tile ?? Sizes.Empty).Append(DenseKernelShape);

    /// <summary>Operations of the plain algorithm in one pass, two for a multiplication and an addition, padding counted.</summary>
    public double FloatingPointOperations =>
        2.0 * OutputShape.Product * (InputChannels / Groups) * Kernel.Product * (HalfTable ? 0.5 : 1);

    /// <summary>The operator as this library says it.</summary>
    public ConvolutionDescription Describe() => new()
    {
        Kernel = Kernel,
        Outputs = OutputChannels,
        Stride = Stride,
        Dilation = Dilation,
        Padding = Connections.Padding.Symmetric(Padding),
        Channels = HalfTable ? ChannelConnections.Table(ConnectionTable.FromRows(Table())) : ChannelConnections.Groups(Groups),
        Sharing = Unshared ? Sharing.Unshared : Tile is { } tile ? Sharing.Tiled(tile) : Sharing.Shared,
        Bias = BiasSharing.None,
    };

    /// <summary>The same operator with ordinary weights, to hold tiled and table operators against.</summary>
    public Shape Ordinary => this with { Tile = null, Unshared = false, HalfTable = false };

    /// <summary>Row m: the input channels that output m sees, ascending; the same in every run.</summary>
    public int[][] Table()
    {
        var rows = new int[OutputChannels][];
        var channels = new int[InputChannels];
        for (var output = 0; output < OutputChannels; output++)
        {
            for (var channel = 0; channel < channels.Length; channel++) channels[channel] = channel;
            new RandomSource(7, output).Shuffle<int>(channels);
            rows[output] = [.. channels.Take(InputChannels / 2).Order()];
        }

        return rows;
    }
}
