using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;

namespace Tessera.Tests.Weights;

/// <summary>A random unshared layer as another system describes it: sizes, strides, zeros around the input, channels and groups.</summary>
public sealed record LocalLayer(int[] Input, int[] Kernel, int[] Stride, int[] Low, int[] High, int Groups, int ChannelsOfGroup, int OutputsOfGroup, bool Flip, int Seed)
{
    public int Channels => Groups * ChannelsOfGroup;

    public int Outputs => Groups * OutputsOfGroup;

    public int[] Output { get; } = [.. Input.Select((size, a) => ((size + Low[a] + High[a] - Kernel[a]) / Stride[a]) + 1)];

    public ConvolutionDescription Description => new()
    {
        Kernel = Sizes.Create(Kernel),
        Outputs = Outputs,
        Stride = Sizes.Create(Stride),
        Padding = Padding.Explicit(Sizes.Create(Low), Sizes.Create(High)),
        Channels = ChannelConnections.Groups(Groups),
        Sharing = Sharing.Unshared,
        Flip = Flip,
    };

    public OperatorGeometry Geometry => Description.Resolve(Channels, Sizes.Create(Input));

    /// <summary>Layers of a rank; with zeros around the input, with groups, or without.</summary>
    public static Gen<LocalLayer> Of(int rank, bool padded = false, bool grouped = false) =>
        from input in Gen.Int[4, 7].Array[rank]
        from kernel in Gen.Int[1, 4].Array[rank]
        from stride in Gen.Int[1, 3].Array[rank]
        from low in Gen.Int[0, padded ? 2 : 0].Array[rank]
        from high in Gen.Int[0, padded ? 2 : 0].Array[rank]
        from groups in Gen.Int[1, grouped ? 3 : 1]
        from channels in Gen.Int[1, 3]
        from outputs in Gen.Int[1, 3]
        from flip in Gen.Bool
        from seed in Gen.Int[0, 100_000]
        select new LocalLayer(input, kernel, stride, low, high, groups, channels, outputs, flip, seed);

    /// <summary>A tensor of numbers between −1 and 1.</summary>
    public Tensor<double> Random(int key, params ReadOnlySpan<int> shape)
    {
        var sizes = Sizes.Create(shape);
        var random = new RandomSource(Seed, key);
        var values = new double[sizes.Product];
        for (var i = 0; i < values.Length; i++) values[i] = (random.NextDouble() * 2) - 1;
        return Tensor.Create(values, sizes.ToLengths());
    }

    /// <summary>The output [N, M, o…] of this library, for weights converted to it.</summary>
    public Tensor<double> Forward(Tensor<double> input, Tensor<double> kernel, Tensor<double> bias)
    {
        var plan = Description.Plan<double>(Sizes.Of(input.Lengths));
        var output = Tensor.CreateFromShape<double>(plan.OutputShape.ToLengths());
        plan.Forward(input, kernel, bias, output);
        return output;
    }

    /// <summary>Every index of an array of these sizes, the last axis fastest.</summary>
    public static IEnumerable<int[]> Indices(params int[] sizes)
    {
        IEnumerable<int[]> indices = [[]];
        foreach (var size in sizes) indices = indices.SelectMany(before => Enumerable.Range(0, size), (before, i) => (int[])[.. before, i]);
        return indices;
    }
}
