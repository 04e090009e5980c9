using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Connections;

/// <summary>Receptive fields against where gradients really arrive.</summary>
public class AxisReceptiveFieldTests
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
            for (var p = 0; p < built.Field.Count; p++)
            {
                var gradient = new double[built.Field.Count];
                gradient[p] = 1;
                foreach (var back in Enumerable.Reverse(built.Backward)) gradient = back(gradient);
                var arrived = Enumerable.Range(0, input).Where(x => gradient[x] > 0).ToArray();
                Assert.Equal(arrived, built.Field.InputsOf(p).SelectMany(stretch => Enumerable.Range(stretch.First, stretch.End - stretch.First)));
                Assert.Equal(arrived.Length == 0 ? (0, 0) : (arrived[0], arrived[^1] + 1), built.Field[p]);
            }
        },
        iter: 400,
        threads: 1);

    [Fact]
    public void The_fields_of_a_small_network_are_those_worked_out_by_hand()
    {
        var convolution = new ConvolutionDescription { Kernel = [3], Outputs = 1, Padding = Padding.Same };
        var field = AxisReceptiveField.Of(28).Through(convolution.Resolve(1, [28]).Axes[0]);
        Assert.Equal((28, 3, (0, 2), (12, 15)), (field.Count, field.Longest, field[0], field[13]));
        field = field.Through(new PoolingDescription { Window = [2] }.Resolve([28])[0]);
        Assert.Equal((14, 4, (0, 3), (11, 15)), (field.Count, field.Longest, field[0], field[6]));
        field = field.Through(convolution.Resolve(1, [14]).Axes[0]);
        Assert.Equal((14, 8, (0, 5), (9, 17)), (field.Count, field.Longest, field[0], field[6]));
        field = field.ThroughTranspose(new ConvolutionDescription { Kernel = [2], Outputs = 1, Stride = [2] }.Resolve(1, [28]).Axes[0]);
        Assert.Equal((28, 8, (9, 17), (9, 17)), (field.Count, field.Longest, field[12], field[13]));
        Assert.Equal((1, 28, 0.0), (field.Everywhere(1).Count, field.Everywhere(1).Longest, field.Everywhere(1).Step));
    }

    [Fact]
    public void Branches_that_meet_see_what_either_sees()
    {
        var input = AxisReceptiveField.Of(9);
        AxisReceptiveField Branch(int kernel, int dilation) => input.Through(new ConvolutionDescription { Kernel = [kernel], Outputs = 1, Dilation = [dilation], Padding = Padding.Same }.Resolve(1, [9]).Axes[0]);
        var met = Branch(1, 1).Union(Branch(2, 3)).Union(input);
        Assert.Equal([(3, 5), (6, 7)], met.InputsOf(4));
        Assert.Equal((3, 7), met[4]);
    }

    [Fact]
    public void Operators_in_the_wrong_order_are_told() => Assert.Equal(
        "receptive field: the layer has 9 positions but what follows takes 8; compose operators in the order in which they run.",
        Assert.Throws<ArgumentException>(() => AxisReceptiveField.Of(9).Through(new ConvolutionDescription { Kernel = [3], Outputs = 1 }.Resolve(1, [8]).Axes[0])).Message);

    /// <summary>Makes the chain on one axis with kernels of ones; null where it does not fit.</summary>
    private static (AxisReceptiveField Field, List<Func<double[], double[]>> Backward)? Build(int input, Link[] chain)
    {
        var field = AxisReceptiveField.Of(input);
        var backward = new List<Func<double[], double[]>>();
        foreach (var link in chain)
        {
            var padding = Padding.Explicit([link.Low], [link.High]);
            var convolution = new ConvolutionDescription { Kernel = [link.Kernel], Outputs = 1, Stride = [link.Stride], Dilation = [link.Dilation], Padding = padding, Bias = BiasSharing.None };
            var ones = Enumerable.Repeat(1.0, link.Kernel).ToArray();
            var positions = field.Count;
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
