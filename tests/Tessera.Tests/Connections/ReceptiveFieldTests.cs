using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Connections;

/// <summary>Receptive fields against where gradients really arrive.</summary>
public class ReceptiveFieldTests
{
    /// <summary>One operator of a chain, before it knows its input.</summary>
    private sealed record Link(int Kind, int Kernel, int Stride, int Dilation, int Low, int High);

    private static readonly Gen<(int Input, Link[] Chain)> Chains = Gen.Select(
        Gen.Int[1, 30],
        (from kind in Gen.Int[0, 4]
         from kernel in Gen.Int[1, 4]
         from stride in Gen.Int[1, 3]
         from dilation in Gen.Int[1, 2]
         from low in Gen.Int[0, 2]
         from high in Gen.Int[0, 2]
         select new Link(kind, kernel, stride, dilation, low, high)).Array[1, 5]);

    [Fact]
    public void Gradients_arrive_exactly_where_the_field_says() => Chains.Sample(
        (input, chain) =>
        {
            if (Build(input, chain) is not { } built) return;
            for (var p = 0; p < built.Field.Positions; p++)
            {
                var gradient = new double[built.Field.Positions];
                gradient[p] = 1;
                foreach (var back in Enumerable.Reverse(built.Backward)) gradient = back(gradient);
                Assert.Equal(Enumerable.Range(0, input).Where(x => gradient[x] > 0).Select(x => (long)x), built.Field.InputsOf(p, insideOnly: true));
                Assert.Subset(built.Field.InputsOf(p).ToHashSet(), built.Field.InputsOf(p, insideOnly: true).ToHashSet());
            }
        },
        iter: 400,
        threads: 1);

    [Fact]
    public void Size_jump_and_start_describe_what_every_position_sees() => Chains.Sample(
        (input, chain) =>
        {
            if (chain.Any(link => link.Kind > 2) || Build(input, chain)?.Field is not { } field) return;
            for (var p = 0; p < field.Positions; p++)
            {
                var inputs = field.InputsOf(p);
                Assert.Equal(field.Start + (long)(p * field.Jump), inputs[0]);
                Assert.Equal(field.Size, inputs[^1] - inputs[0] + 1);
            }
        },
        iter: 200,
        threads: 1);

    [Fact]
    public void The_fields_of_a_small_network_are_those_worked_out_by_hand()
    {
        var field = ReceptiveField.OfInput([28, 28]);
        var convolution = new ConvolutionDescription { Kernel = [3, 3], Outputs = 1, Padding = Padding.Same };
        field = field.Through(convolution.Resolve(1, [28, 28]).Axes.ToArray());
        Assert.Equal("size 3×3, jump 1×1, start -1×-1", field.ToString());
        field = field.Through(new PoolingDescription { Window = [2, 2] }.Resolve([28, 28]));
        Assert.Equal("size 4×4, jump 2×2, start -1×-1", field.ToString());
        field = field.Through(convolution.Resolve(1, [14, 14]).Axes.ToArray());
        Assert.Equal("size 8×8, jump 2×2, start -3×-3", field.ToString());
        Assert.Equal((3L, 0.5), (field.Axes[0].PaddingBefore, field.Axes[0].Centre));
        field = field.ThroughTranspose(new ConvolutionDescription { Kernel = [2, 2], Outputs = 1, Stride = [2, 2] }.Resolve(1, [28, 28]).Axes.ToArray());
        Assert.Equal("size 8×8, jump 1×1, start -3×-3", field.ToString());
        Assert.Equal("size 34×34, jump 0×0, start -3×-3", field.ThroughEverything().ToString());
    }

    [Fact]
    public void Branches_that_meet_see_what_either_sees()
    {
        var input = ReceptiveField.OfInput([9]);
        ReceptiveField Branch(int kernel, int dilation) => input.Through(new ConvolutionDescription { Kernel = [kernel], Outputs = 1, Dilation = [dilation], Padding = Padding.Same }.Resolve(1, [9]).Axes.ToArray());
        var met = Branch(1, 1).Union(Branch(2, 3)).Union(input);
        Assert.Equal([3L, 4, 6], met.Axes[0].InputsOf(4));
        Assert.Equal("size 4, jump 1, start -1", met.ToString());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Upsampling_sees_what_its_gradient_reaches(int factor)
    {
        foreach (var mode in Enum.GetValues<UpsamplingMode>())
        {
            var plan = new Upsampling { Factors = [factor], Mode = mode }.Plan<double>([1, 1, 5]);
            var field = AxisReceptiveField.OfInput(5).ThroughUpsampling(factor, mode == UpsamplingMode.Linear);
            for (var p = 0; p < 5 * factor; p++)
            {
                var (gradient, arrived) = (new double[5 * factor], new double[5]);
                gradient[p] = 1;
                plan.InputGradient(new ReadOnlyTensorSpan<double>(gradient, [1, 1, gradient.Length]), new TensorSpan<double>(arrived, [1, 1, 5]));
                Assert.Equal(Enumerable.Range(0, 5).Where(x => arrived[x] > 0).Select(x => (long)x), field.InputsOf(p, insideOnly: true));
            }
        }
    }

    [Fact]
    public void Operators_in_the_wrong_order_are_told() => Assert.Equal(
        "receptive field: the layer has 9 positions but what follows takes 8; compose operators in the order in which they run.",
        Assert.Throws<ArgumentException>(() => AxisReceptiveField.OfInput(9).Through(new ConvolutionDescription { Kernel = [3], Outputs = 1 }.Resolve(1, [8]).Axes[0])).Message);

    /// <summary>Makes the chain on one axis with kernels of ones; null where it does not fit.</summary>
    private static (AxisReceptiveField Field, List<Func<double[], double[]>> Backward)? Build(int input, Link[] chain)
    {
        var field = AxisReceptiveField.OfInput(input);
        var backward = new List<Func<double[], double[]>>();
        foreach (var link in chain)
        {
            var padding = Padding.Explicit([link.Low], [link.High]);
            var convolution = new ConvolutionDescription { Kernel = [link.Kernel], Outputs = 1, Stride = [link.Stride], Dilation = [link.Dilation], Padding = padding, Bias = BiasSharing.None };
            var ones = Enumerable.Repeat(1.0, link.Kernel).ToArray();
            var positions = field.Positions;
            try
            {
                if (link.Kind == 4)
                {
                    var original = convolution.LegalInputSizes(0, positions);
                    if (original.Count == 0) return null;
                    var plan = convolution.Plan<double>([1, 1, original[link.Low % original.Count]], new PlanOptions { UseReference = true });
                    field = field.ThroughTranspose(plan.Geometry.Axes[0]);
                    backward.Add(g => OperatorResults.Of(plan, g, ones, [], new double[plan.OutputShape.Product]).Output);
                }
                else if (link.Kind == 3)
                {
                    var plan = new PoolingDescription { Kind = PoolingKind.Average, Window = [link.Kernel], Stride = [link.Stride], Dilation = [link.Dilation], Padding = padding, CeilMode = true }.Plan<double>([1, 1, positions]);
                    field = field.Through(plan.Axes[0]);
                    backward.Add(g =>
                    {
                        var arrived = new double[positions];
                        plan.InputGradient(new ReadOnlyTensorSpan<double>(g, plan.OutputShape.ToLengths()), new TensorSpan<double>(arrived, plan.InputShape.ToLengths()));
                        return arrived;
                    });
                }
                else
                {
                    var plan = convolution.Plan<double>([1, 1, positions], new PlanOptions { UseReference = true });
                    field = field.Through(plan.Geometry.Axes[0]);
                    backward.Add(g => OperatorResults.Of(plan, new double[positions], ones, [], g).InputGradient);
                }
            }
            catch (ArgumentException)
            {
                return null;
            }
        }

        return (field, backward);
    }
}
