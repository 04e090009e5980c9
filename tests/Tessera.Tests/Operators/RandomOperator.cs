using System.Numerics;
using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Tests.Operators;

/// <summary>A random operator for property tests: a description, an input shape and a seed for the numbers.</summary>
public sealed record RandomOperator(ConvolutionDescription Description, Sizes InputShape, int Seed)
{
    /// <summary>Operators of 1 to 4 axes with every stride, dilation, padding, channel connection, sharing, bias and flip, whose kernel fits.</summary>
    public static Gen<RandomOperator> Any { get; } =
        from rank in Gen.Frequency((3, Gen.Const(1)), (6, Gen.Const(2)), (2, Gen.Const(3)), (1, Gen.Const(4)))
        from input in Gen.Int[1, rank <= 2 ? 19 : 6].Array[rank]
        from kernel in Gen.Int[1, rank <= 2 ? 5 : 3].Array[rank]
        from stride in Gen.Int[1, 3].Array[rank]
        from dilation in Gen.Int[1, rank <= 2 ? 3 : 2].Array[rank]
        from low in Gen.Int[0, 3].Array[rank]
        from high in Gen.Int[0, 3].Array[rank]
        from rule in Gen.Int[0, 4]
        from tile in Gen.Int[1, 4].Array[rank]
        from sharing in Gen.Int[0, 2]
        from channels in Gen.Int[0, 3]
        from groups in Gen.Int[1, 4]
        from perGroup in Gen.Select(Gen.Int[1, 5], Gen.Int[1, 9])
        from batch in Gen.Int[1, 5]
        from bias in Gen.Int[0, 2]
        from flip in Gen.Int[0, 5]
        from seed in Gen.Int[0, 1_000_000]
        let made = Make(input, kernel, stride, dilation, low, high, rule, tile, sharing, channels, groups, perGroup, batch, bias, flip == 0, seed)
        where made is not null
        select made;

    public override string ToString() =>
        $"new ConvolutionDescription {{ Kernel = [{L(Description.Kernel)}], Outputs = {Description.Outputs}, Stride = [{L(Description.Stride)}], Dilation = [{L(Description.Dilation)}], "
        + $"Padding = {Description.Padding}, Channels = {Description.Channels}, Sharing = {Description.Sharing}, Bias = BiasSharing.{Description.Bias}, Flip = {Description.Flip} }} "
        + $"on [{L(InputShape)}], seed {Seed}";

    /// <summary>A tensor of numbers between −1 and 1 that depend on the seed and <paramref name="key"/>.</summary>
    public Tensor<T> Random<T>(Sizes shape, int key)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var random = new RandomSource(Seed, key);
        var values = new T[shape.Product];
        for (var i = 0; i < values.Length; i++) values[i] = T.CreateChecked((random.NextDouble() * 2) - 1);
        return Tensor.Create(values, shape.ToLengths());
    }

    private static RandomOperator? Make(
        int[] input, int[] kernel, int[] stride, int[] dilation, int[] low, int[] high, int rule, int[] tile, int sharing, int channels, int groups, (int In, int Out) perGroup, int batch, int bias, bool flip, int seed)
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
        try
        {
            description.Resolve(inputs, Sizes.Create(input));
        }
        catch (ArgumentException)
        {
            return null;
        }

        return new RandomOperator(description, [batch, inputs, .. input], seed);
    }

    private static string L(Sizes sizes) => string.Join(", ", sizes);
}
