using System.Numerics;
using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Tests.Operators;

/// <summary>Which kind of channel connections a random operator has.</summary>
public enum ChannelKind
{
    Dense,
    Groups,
    Table,
    Depthwise,
}

/// <summary>Which kind of sharing a random operator has.</summary>
public enum SharingKind
{
    Shared,
    Tiled,
    Unshared,
}

/// <summary>A random operator for property tests: a description, an input shape and a seed for the numbers.</summary>
public sealed record RandomOperator(ConvolutionDescription Description, Sizes InputShape, int Seed)
{
    /// <summary>The most multiply-adds of one random operator: the reference does them all, several times a sample.</summary>
    private const long MostMultiplyAdds = 30_000;

    /// <summary>The operator resolved for its input.</summary>
    internal OperatorGeometry Geometry => Description.Resolve(InputShape[1], InputShape.From(2));

    /// <summary>Operators of 1 to 4 axes with every stride, dilation, padding, channel connection, sharing, bias and flip, whose kernel fits.</summary>
    public static Gen<RandomOperator> Any { get; } = Of(null, null);

    /// <summary>As <see cref="Any"/>, with the channel connections or the sharing chosen.</summary>
    public static Gen<RandomOperator> Of(ChannelKind? channelKind, SharingKind? sharingKind) =>
        from rank in Gen.Frequency((3, Gen.Const(1)), (6, Gen.Const(2)), (2, Gen.Const(3)), (1, Gen.Const(4)))
        from input in (rank <= 2 ? Gen.Frequency((5, Gen.Int[1, 19]), (1, Gen.Int[20, 37])) : Gen.Int[1, 7]).Array[rank]
        from kernel in Gen.Int[1, rank <= 2 ? 5 : 3].Array[rank]
        from stride in Gen.Frequency((5, Gen.Int[1, 3]), (1, Gen.Int[4, 7])).Array[rank]
        from dilation in Gen.Int[1, rank <= 2 ? 3 : 2].Array[rank]
        from low in Gen.Int[0, 4].Array[rank]
        from high in Gen.Int[0, 4].Array[rank]
        from rule in Gen.Int[0, 4]
        from tile in Gen.Frequency((5, Gen.Int[1, 4]), (1, Gen.Int[5, 23])).Array[rank]
        from sharing in sharingKind is null ? Gen.Int[0, 2] : Gen.Const((int)sharingKind)
        from channels in channelKind is null ? Gen.Int[0, 3] : Gen.Const((int)channelKind)
        from groups in Gen.Int[1, 4]
        from perGroup in Gen.Select(
            Gen.Frequency((4, Gen.Int[1, 5]), (1, Gen.Int[6, 34])),
            Gen.Frequency((4, Gen.Int[1, 9]), (1, Gen.Int[10, 34])))
        from batch in Gen.Frequency((4, Gen.Int[1, 5]), (1, Gen.Int[7, 9]), (1, Gen.Int[15, 17]))
        from bias in Gen.Int[0, 2]
        from flip in Gen.Int[0, 5]
        from seed in Gen.Int[0, 1_000_000]
        let made = Make(input, kernel, stride, dilation, low, high, rule, tile, sharing, channels, groups, perGroup, batch, bias, flip == 0, seed)
        where made is not null
        select made;

    /// <summary>Whether a description fits an input, and the reference takes no more than a moment for it.</summary>
    public static bool IsSmall(ConvolutionDescription description, Sizes inputShape)
    {
        try
        {
            var geometry = description.Resolve(inputShape[1], inputShape.From(2));
            return Math.Max(geometry.MultiplyAdds * inputShape[0], geometry.KernelShape.Product) < 60_000;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>C# that makes this operator again.</summary>
    public override string ToString() =>
        $"new RandomOperator(new ConvolutionDescription {{ Kernel = {L(Description.Kernel)}, Outputs = {Description.Outputs}, Stride = {L(Description.Stride)}, Dilation = {L(Description.Dilation)}, "
        + $"Padding = {Text(Description.Padding)}, Channels = {Text(Description.Channels)}, Sharing = {Text(Description.Sharing)}, Bias = BiasSharing.{Description.Bias}{(Description.Flip ? ", Flip = true" : "")} }}, "
        + $"{L(InputShape)}, {Seed})";

    /// <summary>A tensor of numbers between −1 and 1 that depend on the seed and <paramref name="key"/>.</summary>
    public Tensor<T> Random<T>(Sizes shape, int key)
        where T : unmanaged, IFloatingPointIeee754<T> => Tensor.Create(RandomValues<T>(shape.Product, key), shape.ToLengths());

    /// <summary>Numbers between −1 and 1 that depend on the seed and <paramref name="key"/>; the same in float and double.</summary>
    public T[] RandomValues<T>(long count, int key)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var random = new RandomSource(Seed, key);
        var values = new T[count];
        for (var i = 0; i < values.Length; i++) values[i] = T.CreateChecked((float)((random.NextDouble() * 2) - 1));
        return values;
    }

    private static RandomOperator? Make(
        int[] input, int[] kernel, int[] stride, int[] dilation, int[] low, int[] high, int rule, int[] tile, int sharing, int channels, int groups, (int In, int Out) perGroup, int batch, int bias, bool flip, int seed)
    {
        while (true)
        {
            int inputs = groups * perGroup.In, outputs = groups * perGroup.Out;
            var description = new ConvolutionDescription
            {
                Kernel = Sizes.Create(kernel),
                Outputs = channels == 3 ? inputs * (1 + (perGroup.Out % 3)) : outputs,
                Stride = Sizes.Create(stride),
                Dilation = Sizes.Create(dilation),
                Padding = rule switch
                {
                    0 => Padding.Valid,
                    1 => Padding.Same,
                    2 => Padding.SameLower,
                    3 => Padding.Full,
                    _ => Padding.Explicit(Sizes.Create(low), Sizes.Create(high)),
                },
                Channels = channels switch
                {
                    0 => ChannelConnections.Dense,
                    1 => ChannelConnections.Groups(groups),
                    2 => ChannelConnections.Table(ConnectionTable.Random(inputs, outputs, 1 + (seed % inputs), seed)),
                    _ => ChannelConnections.Depthwise,
                },
                Sharing = sharing switch { 0 => Sharing.Shared, 1 => Sharing.Tiled(Sizes.Create(tile)), _ => Sharing.Unshared },
                Bias = (BiasSharing)bias,
                Flip = flip,
            };
            OperatorGeometry geometry;
            try
            {
                geometry = description.Resolve(inputs, Sizes.Create(input));
            }
            catch (ArgumentException)
            {
                return null;
            }

            var tooLarge = Math.Max(geometry.MultiplyAdds * batch, geometry.KernelShape.Product) > MostMultiplyAdds;
            if (!tooLarge) return new RandomOperator(description, [batch, inputs, .. input], seed);
            if (batch > 1 && geometry.MultiplyAdds * batch > MostMultiplyAdds) batch = (batch + 1) / 2;
            else if (groups > 1 && channels != 1) groups--;
            else if (Math.Max(perGroup.In, perGroup.Out) > 1) perGroup = perGroup.In >= perGroup.Out ? ((perGroup.In + 1) / 2, perGroup.Out) : (perGroup.In, (perGroup.Out + 1) / 2);
            else return null;
        }
    }

    private static string Text(Padding padding) => padding.Rule == PaddingRule.Explicit ? $"Padding.Explicit({L(padding.Low)}, {L(padding.High)})" : $"Padding.{padding.Rule}";

    private static string Text(ChannelConnections channels) => channels switch
    {
        { ConnectionTable: { } table } => $"ChannelConnections.Table(ConnectionTable.FromRows([{string.Join(", ", Enumerable.Range(0, table.Outputs).Select(m => L(Sizes.Create(table.InputsOf(m)))))}]))",
        { GroupCount: 0 } => "ChannelConnections.Depthwise",
        { GroupCount: 1 } => "ChannelConnections.Dense",
        _ => $"ChannelConnections.Groups({channels.GroupCount})",
    };

    private static string Text(Sharing sharing) => sharing.IsUnshared ? "Sharing.Unshared" : sharing.IsShared ? "Sharing.Shared" : $"Sharing.Tiled({L(sharing.Tile)})";

    private static string L(Sizes sizes) => $"[{string.Join(", ", sizes)}]";
}
