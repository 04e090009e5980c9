using System.Numerics.Tensors;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>The reference against the operator's matrix: every fast kernel is then held against the reference.</summary>
public class ReferenceTests
{
    private static readonly PlanOptions Reference = new() { UseReference = true, Threads = 1 };

    [Fact]
    public void The_reference_agrees_with_the_matrix_and_its_transpose() => RandomOperator.Any.Holds(
        sample =>
        {
            var plan = (sample.Description with { Bias = BiasSharing.None }).Plan<double>([1, .. sample.InputShape.From(1)], Reference);
            var input = sample.Random<double>(plan.InputShape, 1);
            var kernel = sample.Random<double>(plan.KernelShape, 2);
            var gradient = sample.Random<double>(plan.OutputShape, 3);
            var output = Tensor.CreateFromShape<double>(plan.OutputShape.ToLengths());
            var inputGradient = Tensor.CreateFromShape<double>(plan.InputShape.ToLengths());
            plan.Forward(input, kernel, default, output);
            plan.InputGradient(kernel, gradient, inputGradient);
            var matrix = plan.ToMatrix(kernel);
            Close(matrix.Multiply(Flat(input)), Flat(output));
            Close(matrix.MultiplyTransposed(Flat(gradient)), Flat(inputGradient));
        },
        iterations: 300);

    [Fact]
    public void The_references_operations_are_adjoint() => RandomOperator.Any.Holds(
        sample =>
        {
            var plan = (sample.Description with { Bias = BiasSharing.None }).Plan<double>(sample.InputShape, Reference);
            var input = sample.Random<double>(plan.InputShape, 1);
            var kernel = sample.Random<double>(plan.KernelShape, 2);
            var gradient = sample.Random<double>(plan.OutputShape, 3);
            var output = Tensor.CreateFromShape<double>(plan.OutputShape.ToLengths());
            var inputGradient = Tensor.CreateFromShape<double>(plan.InputShape.ToLengths());
            var kernelGradient = Tensor.CreateFromShape<double>(plan.KernelShape.ToLengths());
            plan.Forward(input, kernel, default, output);
            plan.InputGradient(kernel, gradient, inputGradient);
            plan.KernelGradient(input, gradient, kernelGradient, default);
            var product = TensorPrimitives.Dot<double>(Flat(output), Flat(gradient));
            Assert.Equal(product, TensorPrimitives.Dot<double>(Flat(input), Flat(inputGradient)), 1e-9);
            Assert.Equal(product, TensorPrimitives.Dot<double>(Flat(kernel), Flat(kernelGradient)), 1e-9);
        },
        iterations: 300);

    private static double[] Flat(Tensor<double> tensor)
    {
        var flat = new double[tensor.FlattenedLength];
        tensor.FlattenTo(flat);
        return flat;
    }

    private static void Close(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-10);
    }
}
