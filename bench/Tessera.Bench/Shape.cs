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

    /// <summary>How many input channels, chosen at random, each output channel sees; null where there is no table.</summary>
    public int? TableInputs { get; init; }

    /// <summary>Neither shared weights with dense or grouped channels: what the peers have no operator for.</summary>
    public bool IsOrdinary => !Unshared && Tile is null && TableInputs is null;

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
    public Sizes KernelShape => TableInputs is { } seen
        ? Sizes.Create([OutputChannels * seen]).Append(Kernel)
        : (Unshared ? Output : Tile ?? Sizes.Empty).Append(DenseKernelShape);

    /// <summary>Operations of the plain algorithm in one pass, two for a multiplication and an addition, padding counted.</summary>
    public double FloatingPointOperations =>
        2.0 * OutputShape.Product * (TableInputs ?? (InputChannels / Groups)) * Kernel.Product;

    /// <summary>The operator as this library says it.</summary>
    public ConvolutionDescription Describe() => new()
    {
        Kernel = Kernel,
        Outputs = OutputChannels,
        Stride = Stride,
        Dilation = Dilation,
        Padding = Connections.Padding.Symmetric(Padding),
        Channels = TableInputs is { } seen ? ChannelConnections.Table(ConnectionTable.FromRows(Table(seen))) : ChannelConnections.Groups(Groups),
        Sharing = Unshared ? Sharing.Unshared : Tile is { } tile ? Sharing.Tiled(tile) : Sharing.Shared,
        Bias = BiasSharing.None,
    };

    /// <summary>The same operator with ordinary weights, to hold tiled and table operators against.</summary>
    public Shape Ordinary => this with { Tile = null, Unshared = false, TableInputs = null };

    /// <summary>Row m: the <paramref name="seen"/> input channels that output m sees, ascending; the same in every run.</summary>
    public int[][] Table(int seen)
    {
        var rows = new int[OutputChannels][];
        var channels = new int[InputChannels];
        for (var output = 0; output < OutputChannels; output++)
        {
            for (var channel = 0; channel < channels.Length; channel++) channels[channel] = channel;
            new RandomSource(7, output).Shuffle<int>(channels);
            rows[output] = [.. channels.Take(seen).Order()];
        }

        return rows;
    }
}
