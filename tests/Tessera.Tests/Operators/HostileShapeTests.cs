using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>Descriptions and numbers that no one means well with: an error before any memory is taken, or a right result.</summary>
public class HostileShapeTests
{
    private const long Little = 1 << 20;

    private static readonly int[] Nasty = [int.MinValue, -1, 0, 1, 2, 3, 46341, 65536, 536_870_911, 1 << 30, int.MaxValue];

    private static readonly Gen<int> Number = Gen.Int[0, Nasty.Length - 1].Select(i => Nasty[i]);

    [Fact]
    public void A_convolution_of_any_numbers_resolves_or_is_told_why_not() => Gen.Select(Number.Array[8], Gen.Int[1, 3], Gen.Int[0, 4], Gen.Int[0, 2], Gen.Int[0, 2]).Sample(
        (numbers, rank, rule, sharing, channels) => ArgumentErrorOrNothing(() =>
        {
            Sizes Axes(int from) => [.. Enumerable.Range(from, rank).Select(i => numbers[i % numbers.Length])];
            var description = new ConvolutionDescription
            {
                Kernel = Axes(0),
                Outputs = numbers[7],
                Stride = Axes(2),
                Dilation = Axes(3),
                Padding = rule switch { 0 => Padding.Valid, 1 => Padding.Same, 2 => Padding.SameLower, 3 => Padding.Full, _ => Padding.Explicit(Axes(4), Axes(5)) },
                Sharing = sharing switch { 0 => Sharing.Shared, 1 => Sharing.Tiled(Axes(6)), _ => Sharing.Unshared },
                Channels = channels switch { 0 => ChannelConnections.Dense, 1 => ChannelConnections.Groups(numbers[5]), _ => ChannelConnections.Depthwise },
            };
            var geometry = description.Resolve(numbers[6], Axes(1));
            Assert.InRange(geometry.KernelShape.Product, 1, int.MaxValue);
            Assert.InRange(geometry.OutputSize.Product, 1, int.MaxValue);
            foreach (var axis in geometry.Axes)
            {
                foreach (var q in new[] { 0, axis.Kernel - 1 })
                {
                    var (first, end) = axis.Reach(q);
                    Assert.InRange(first, 0, axis.Output);
                    Assert.InRange(end, first, axis.Output);
                }
            }

            description.LegalInputSizes(0, numbers[4]);
        }),
        iter: 20_000,
        threads: 1);

    [Fact]
    public void A_pooling_upsampling_or_border_of_any_numbers_resolves_or_is_told_why_not() => Gen.Select(Number.Array[8], Gen.Int[1, 3], Gen.Int[0, 4], Gen.Bool).Sample(
        (numbers, rank, rule, ceil) =>
        {
            Sizes Axes(int from) => [.. Enumerable.Range(from, rank).Select(i => numbers[i % numbers.Length])];
            ArgumentErrorOrNothing(() =>
            {
                var padding = rule switch { 0 => Padding.Valid, 1 => Padding.Same, 2 => Padding.SameLower, 3 => Padding.Full, _ => Padding.Explicit(Axes(4), Axes(5)) };
                new PoolingDescription { Window = Axes(0), Stride = Axes(2), Dilation = Axes(3), Padding = padding, CeilMode = ceil }.Resolve(Axes(1));
            });
            ArgumentErrorOrNothing(() => new Upsampling { Factors = Axes(0) }.OutputSize(Axes(1)));
            ArgumentErrorOrNothing(() => new BorderPadding { Low = Axes(0), High = Axes(2), Mode = (BorderMode)(rule % 4) }.OutputSize(Axes(1)));
        },
        iter: 10_000,
        threads: 1);

    [Fact]
    public void Sizes_that_overflow_are_told_in_words()
    {
        var plain = new ConvolutionDescription { Kernel = [3, 3], Outputs = 4 };
        Says("convolution: kernel 3×3, shared, over input 50000×50000 with 3 to 4 channels needs a tensor of more than 2147483647 elements per example; use fewer channels, a smaller tile or smaller sizes.", () => plain.Resolve(3, [50000, 50000]));
        Says("convolution: kernel 3×3, unshared, over input 9000×9000 with 3 to 4 channels needs a tensor of more than 2147483647 elements per example; use fewer channels, a smaller tile or smaller sizes.", () => (plain with { Sharing = Sharing.Unshared }).Resolve(3, [9000, 9000]));
        Says("convolution: axis 0 is too large (dilated kernel 3, input 2147483647, stride 1); each may be at most 536870911.", () => plain.Resolve(3, [int.MaxValue, 4]));
        Says("convolution: a batch of 1000000000 examples of 48 elements is more than 2147483647 elements; use a batch of at most 44739242.", () => plain.Plan<float>([1_000_000_000, 3, 4, 4]));

        static void Says(string message, Action action) => Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(action).Message);
    }

    [Fact]
    public void NaN_and_infinity_reach_whatever_the_reference_says_they_reach() => RandomOperator.Any.Holds(
        sample =>
        {
            var reference = sample.Description.Plan<float>(sample.InputShape, new PlanOptions { UseReference = true });
            var random = new RandomSource(sample.Seed);
            var (v, k, g) = (sample.RandomValues<float>(reference.InputShape.Product, 1), sample.RandomValues<float>(reference.KernelShape.Product, 2), sample.RandomValues<float>(reference.OutputShape.Product, 4));
            k[random.NextInt(k.Length)] = float.NaN;
            v[random.NextInt(v.Length)] = float.PositiveInfinity;
            g[random.NextInt(g.Length)] = float.NaN;
            foreach (var instructions in Enum.GetValues<InstructionSet>())
            {
                var plan = sample.Description.Plan<float>(sample.InputShape, new PlanOptions { Instructions = instructions });
                foreach (var (expected, actual) in Run(reference, v, k, g).Zip(Run(plan, v, k, g)))
                {
                    for (var i = 0; i < expected.Length; i++) Assert.True(float.IsFinite(expected[i]) || !float.IsFinite(actual[i]), $"element {i} is {actual[i]} instead of {expected[i]}, {instructions}");
                }
            }
        },
        iterations: 100);

    [Fact]
    public void A_kernel_far_larger_than_its_input_agrees_with_the_reference() => Gen.Select(Gen.Enum<SharingKind>(), Gen.Enum<InstructionSet>(), Gen.Int[5, 40], Gen.Int[1, 2], Gen.Int[0, 1000]).Sample(
        (sharing, instructions, kernel, rank, seed) =>
        {
            var description = new ConvolutionDescription
            {
                Kernel = Sizes.Repeat(kernel / rank, rank),
                Outputs = 3,
                Padding = Padding.Full,
                Sharing = sharing switch { SharingKind.Shared => Sharing.Shared, SharingKind.Unshared => Sharing.Unshared, _ => Sharing.Tiled(Sizes.Repeat(3, rank)) },
            };
            Agreement.Check<float>(new RandomOperator(description, [2, 2, .. Sizes.Repeat(1 + (seed % 3), rank)], seed), instructions);
        },
        iter: 20,
        threads: 1);

    [Fact]
    public void Steps_far_longer_than_the_input_agree_with_the_reference()
    {
        foreach (var instructions in Enum.GetValues<InstructionSet>())
        {
            foreach (var (dilation, stride, tile) in new[] { (200_000_000, 1, 1), (60_000, 1, 1), (1, 400_000_000, 1), (1, 60_000, 3), (70_000, 1, 40), (1, 1, 300) })
            {
                var description = new ConvolutionDescription
                {
                    Kernel = [3, 3],
                    Outputs = 16,
                    Padding = Padding.Same,
                    Dilation = [dilation, dilation],
                    Stride = [stride, stride],
                    Sharing = tile == 1 ? Sharing.Shared : Sharing.Tiled([tile, 1]),
                };
                Agreement.Check<float>(new RandomOperator(description, [2, 12, 4, 5], 3), instructions);
            }
        }
    }

    private static void ArgumentErrorOrNothing(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            action();
        }
        catch (ArgumentException exception)
        {
            Assert.Contains(':', exception.Message);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Little);
    }

    private static float[][] Run(ConvolutionPlan<float> plan, float[] v, float[] k, float[] g)
    {
        float[][] results = [new float[plan.OutputShape.Product], new float[plan.KernelShape.Product], new float[plan.InputShape.Product]];
        TensorSpan<float> input = new(v, plan.InputShape.ToLengths()), kernel = new(k, plan.KernelShape.ToLengths()), gradient = new(g, plan.OutputShape.ToLengths());
        plan.Forward(input, kernel, default, new TensorSpan<float>(results[0], plan.OutputShape.ToLengths()));
        plan.KernelGradient(input, gradient, new TensorSpan<float>(results[1], plan.KernelShape.ToLengths()), default);
        plan.InputGradient(kernel, gradient, new TensorSpan<float>(results[2], plan.InputShape.ToLengths()));
        return results;
    }
}
