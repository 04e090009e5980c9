using System.Numerics.Tensors;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>What the three operations of a plan make of the same numbers, in double.</summary>
internal sealed record OperatorResults(double[] Output, double[] KernelGradient, double[] BiasGradient, double[] InputGradient)
{
    /// <summary>Runs the plan on V, K, b (empty for none) and G.</summary>
    public static OperatorResults Of(ConvolutionPlan<double> plan, double[] input, double[] kernel, double[] bias, double[] gradient)
    {
        var results = new OperatorResults(new double[plan.OutputShape.Product], new double[plan.KernelShape.Product], new double[bias.Length], new double[plan.InputShape.Product]);
        var v = Span(input, plan.InputShape);
        var k = Span(kernel, plan.KernelShape);
        var g = Span(gradient, plan.OutputShape);
        plan.Forward(v, k, bias.Length == 0 ? default : Span(bias, plan.BiasShape), Span(results.Output, plan.OutputShape));
        plan.KernelGradient(v, g, Span(results.KernelGradient, plan.KernelShape), bias.Length == 0 ? default : Span(results.BiasGradient, plan.BiasShape));
        plan.InputGradient(k, g, Span(results.InputGradient, plan.InputShape));
        return results;
    }

    /// <summary>Runs the plan on the sample's numbers.</summary>
    public static OperatorResults Of(ConvolutionPlan<double> plan, RandomOperator sample) => Of(
        plan,
        sample.RandomValues<double>(plan.InputShape.Product, 1),
        sample.RandomValues<double>(plan.KernelShape.Product, 2),
        plan.HasBias ? sample.RandomValues<double>(plan.BiasShape.Product, 3) : [],
        sample.RandomValues<double>(plan.OutputShape.Product, 4));

    /// <summary>Fails where the two differ by more than rounding.</summary>
    public static void Close(OperatorResults expected, OperatorResults actual)
    {
        Close(expected.Output, actual.Output);
        Close(expected.KernelGradient, actual.KernelGradient);
        Close(expected.BiasGradient, actual.BiasGradient);
        Close(expected.InputGradient, actual.InputGradient);
    }

    /// <summary>Fails where the two differ by more than rounding.</summary>
    public static void Close(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-10);
    }

    private static TensorSpan<double> Span(double[] values, Sizes shape) => new(values, shape.ToLengths());
}
