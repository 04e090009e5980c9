using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Peers;

/// <summary>ONNX Runtime as an independent peer: it shares no line and no convention with the reference.</summary>
public class OnnxRuntimeTests
{
    private static readonly Gen<RandomOperator> Convolutions = Gen.OneOf(
        RandomOperator.Of(ChannelKind.Dense, SharingKind.Shared), RandomOperator.Of(ChannelKind.Groups, SharingKind.Shared), RandomOperator.Of(ChannelKind.Depthwise, SharingKind.Shared))
        .Where(sample => sample.Description.Rank <= 3)
        .Select(sample => sample with { Description = sample.Description with { Flip = false } });

    [Fact]
    public void Conv_agrees() => Convolutions.Holds(
        sample =>
        {
            var plan = sample.Description.Plan<float>(sample.InputShape);
            var node = Attributes(new OnnxNode("Conv"), plan.Geometry.Axes, plan.Description.Padding, plan.Geometry.Groups);
            var (v, k) = (sample.RandomValues<float>(plan.InputShape.Product, 1), sample.RandomValues<float>(plan.KernelShape.Product, 2));
            var b = sample.RandomValues<float>(plan.HasBias ? plan.BiasShape.Product : 0, 3);
            var z = new float[plan.OutputShape.Product];
            plan.Forward(Span(v, plan.InputShape), Span(k, plan.KernelShape), plan.HasBias ? Span(b, plan.BiasShape) : default, Span(z, plan.OutputShape));
            var peer = plan.HasBias
                ? node.Run(false, (v, plan.InputShape), (k, plan.KernelShape), (b, plan.BiasShape))
                : node.Run(false, (v, plan.InputShape), (k, plan.KernelShape));
            Close(peer.Output, peer.Shape, z, plan.OutputShape);
        },
        iterations: 150);

    [Fact]
    public void ConvTranspose_is_the_input_gradient() => Convolutions.Holds(
        sample =>
        {
            var geometry = sample.Geometry;
            var plan = sample.Description.PlanTranspose<float>([sample.InputShape[0], geometry.OutputChannels, .. geometry.OutputSize], geometry.InputChannels, geometry.InputSize);
            var axes = geometry.Axes.ToArray();
            var node = Attributes(new OnnxNode("ConvTranspose"), geometry.Axes, Padding.Explicit([.. axes.Select(axis => axis.PadLow)], [.. axes.Select(axis => axis.PadHigh)]), geometry.Groups)
                .With("output_padding", axes.Select(axis => axis.Input - (((axis.Output - 1) * axis.Stride) + axis.DilatedKernel - axis.PadLow - axis.PadHigh)));
            var (k, g) = (sample.RandomValues<float>(plan.KernelShape.Product, 2), sample.RandomValues<float>(plan.OutputShape.Product, 4));
            var dv = new float[plan.InputShape.Product];
            plan.InputGradient(Span(k, plan.KernelShape), Span(g, plan.OutputShape), Span(dv, plan.InputShape));
            var peer = node.Run(false, (g, plan.OutputShape), (k, plan.KernelShape));
            Close(peer.Output, peer.Shape, dv, plan.InputShape);
        },
        iterations: 150);

    [Fact]
    public void Pooling_agrees() => RandomPooling.Any.Where(sample => sample.InputShape.Count <= 5 && sample.Description.Window.Count > 0 && Pads(sample)).Holds(
        sample =>
        {
            var description = sample.Description with { P = Math.Floor(sample.Description.P) };
            var plan = description.Plan<float>(sample.InputShape);
            var isMax = description.Kind == PoolingKind.Max;
            var node = Attributes(new OnnxNode($"{description.Kind}Pool"), plan.Axes, description.Padding, groups: 0);
            if (description.CeilMode) node.With("ceil_mode", 1);
            if (description.Kind == PoolingKind.Average && description.CountIncludesPadding) node.With("count_include_pad", 1);
            if (description.Kind == PoolingKind.Lp) node.With("p", (int)description.P);
            Check(plan, node, sample.Seed, isMax);
        },
        iterations: 400);

    [Fact]
    public void Global_pooling_agrees() => RandomPooling.Any.Where(sample => sample.InputShape.Count <= 5).Holds(
        sample =>
        {
            var description = new PoolingDescription { Kind = sample.Description.Kind };
            Check(description.Plan<float>(sample.InputShape), new OnnxNode($"Global{description.Kind}Pool"), sample.Seed, indices: false);
        },
        iterations: 100);

    private static void Check(PoolingPlan<float> plan, OnnxNode node, int seed, bool indices)
    {
        var random = new RandomSource(seed);
        var v = new float[plan.InputShape.Product];
        for (var i = 0; i < v.Length; i++) v[i] = (float)random.NextNormal();
        var z = new float[plan.OutputShape.Product];
        var winners = new int[indices ? z.Length : 0];
        plan.Forward(Span(v, plan.InputShape), Span(z, plan.OutputShape), indices ? new TensorSpan<int>(winners, plan.OutputShape.ToLengths()) : default);
        var peer = node.Run(indices, (v, plan.InputShape));
        Close(peer.Output, peer.Shape, z, plan.OutputShape);
        int input = (int)plan.InputShape.From(2).Product, output = (int)plan.OutputShape.From(2).Product;
        Assert.Equal(peer.Indices, winners.Select((winner, p) => (p / output * (long)input) + winner));
    }

    /// <summary>The peer refuses padding that is not smaller than the window.</summary>
    private static bool Pads(RandomPooling sample) =>
        sample.Description.Resolve(sample.InputShape.From(2)).All(axis => axis.PadLow < axis.Kernel && axis.PadHigh < axis.Kernel);

    private static OnnxNode Attributes(OnnxNode node, ReadOnlySpan<AxisGeometry> span, Padding padding, int groups)
    {
        var axes = span.ToArray();
        node.With("kernel_shape", axes.Select(axis => axis.Kernel)).With("strides", axes.Select(axis => axis.Stride)).With("dilations", axes.Select(axis => axis.Dilation));
        if (groups > 0) node.With("group", groups);

        // The peer does not combine its own rules with dilation: it refuses in Conv and leaves the dilation out in pooling,
        // where it also pads by a negative amount under a stride longer than the window.
        return (axes.All(axis => axis.Dilation == 1 && axis.Stride <= axis.Kernel) ? padding.Rule : PaddingRule.Explicit) switch
        {
            PaddingRule.Same => node.With("auto_pad", "SAME_UPPER"),
            PaddingRule.SameLower => node.With("auto_pad", "SAME_LOWER"),
            PaddingRule.Valid => node.With("auto_pad", "VALID"),
            _ => node.With("pads", axes.Select(axis => axis.PadLow).Concat(axes.Select(axis => axis.PadHigh))),
        };
    }

    private static TensorSpan<float> Span(float[] values, Sizes shape) => new(values, shape.ToLengths());

    private static void Close(float[] expected, long[] expectedShape, float[] actual, Sizes shape)
    {
        Assert.Equal(expectedShape, shape.Select(size => (long)size));
        for (var i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - actual[i]) <= 2e-5f * (1 + Math.Abs(expected[i])), $"element {i} is {actual[i]}, the peer's {expected[i]}");
    }
}
