using System.Numerics;
using Tessera.Kernels;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>
/// Holds the plan that the library chooses against the reference in each operation; the sample's seed decides whether
/// with or without bias, overwriting or accumulating. Every rounding is measured against Σ|a||b|, the reference's result on absolute values.
/// </summary>
internal static class Agreement
{
    /// <summary>Fails where the plan's results differ from the reference's by more than <paramref name="roundings"/> · ε · Σ|a||b|, or its bits on the number of threads.</summary>
    public static void Check<T>(RandomOperator sample, InstructionSet instructions, double roundings = 16)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var options = new PlanOptions { Instructions = instructions };
        var plans = new[] { 1, 2, 3 }.Select(threads => sample.Description.Plan<T>(sample.InputShape, options with { Threads = threads })).ToArray();
        var reference = sample.Description.Plan<double>(sample.InputShape, new PlanOptions { UseReference = true, Threads = 1 });
        var workspaces = plans.Select(plan => plan.CreateWorkspace()).ToArray();
        foreach (var operation in Enum.GetValues<Operation>())
        {
            var bias = reference.HasBias && operation != Operation.InputGradient && (sample.Seed & 3) != 0;
            var accumulate = ((sample.Seed >> (int)operation) & 4) != 0;
            var what = $"{operation} of {typeof(T).Name}, {instructions}{(bias ? ", with bias" : "")}{(accumulate ? ", accumulating" : "")}";
            workspaces[0].Memory.Fill(T.NaN);
            var first = Run(plans[0], workspaces[0], operation, sample, bias, accumulate);
            Close(first, Run(reference, null, operation, sample, bias, accumulate), Run(reference, null, operation, sample, bias, accumulate, absolute: true), roundings, what);
            for (var i = 0; i < plans.Length; i++)
            {
                var again = Run(plans[i], workspaces[i], operation, sample, bias, accumulate);
                Assert.True(Guarded<T>.SameBits(first, again), i == 0 ? $"{what}: the second run differs from the first" : $"{what}: {i + 1} threads differ from 1");
            }
        }
    }

    /// <summary>One run on the sample's numbers; the result, followed by the bias gradient where there is one.</summary>
    public static T[] Run<T>(ConvolutionPlan<T> plan, Workspace<T>? workspace, Operation operation, RandomOperator sample, bool bias, bool accumulate, bool absolute = false)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var input = Operand(plan.InputShape, 1, operation == Operation.InputGradient);
        var kernel = Operand(plan.KernelShape, 2, operation == Operation.KernelGradient);
        var biases = Operand(bias ? plan.BiasShape : [0], 3, operation == Operation.KernelGradient);
        var output = Operand(plan.OutputShape, 4, operation == Operation.Forward);
        switch (operation)
        {
            case Operation.Forward:
                plan.Forward(input.Tensor, kernel.Tensor, bias ? biases.Tensor : default, output.Tensor, workspace, accumulate);
                break;
            case Operation.KernelGradient:
                plan.KernelGradient(input.Tensor, output.Tensor, kernel.Tensor, bias ? biases.Tensor : default, workspace, accumulate);
                break;
            default:
                plan.InputGradient(kernel.Tensor, output.Tensor, input.Tensor, workspace, accumulate);
                break;
        }

        input.CheckGuards("input");
        kernel.CheckGuards("kernel");
        biases.CheckGuards("bias");
        output.CheckGuards("output");
        return operation switch
        {
            Operation.Forward => output.Values.ToArray(),
            Operation.KernelGradient => [.. kernel.Values, .. biases.Values],
            _ => input.Values.ToArray(),
        };

        Guarded<T> Operand(Sizes shape, int key, bool isResult)
        {
            var values = sample.RandomValues<T>(shape.Product, isResult ? key + 4 : key);
            if (isResult && !accumulate) Array.Fill(values, T.NaN);
            if (absolute) for (var i = 0; i < values.Length; i++) values[i] = T.Abs(values[i]);
            return new Guarded<T>(shape, values);
        }
    }

    private static void Close<T>(T[] actual, double[] expected, double[] magnitude, double roundings, string what)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Assert.Equal(expected.Length, actual.Length);
        var epsilon = double.CreateChecked(T.BitIncrement(T.One) - T.One);
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = Math.Abs(double.CreateChecked(actual[i]) - expected[i]);
            Assert.True(difference <= roundings * epsilon * magnitude[i], $"{what}: element {i} is {actual[i]} instead of {expected[i]}");
        }
    }
}
