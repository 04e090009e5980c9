using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Kernels;

/// <summary>Unshared operators whose tensors are far beyond the caches fetch rows early, and turn those at multiples of a large power of two round a few at a time.</summary>
public class FarOperatorTests
{
    private const int Batch = 72;
    private const int Part = 18;

    [Theory]
    [InlineData(32)]
    [InlineData(30)]
    public void A_large_batch_gives_what_its_parts_give(int size)
    {
        var description = new ConvolutionDescription { Kernel = [3, 3], Outputs = 9, Padding = Padding.Same, Sharing = Sharing.Unshared };
        var whole = description.Plan<float>([Batch, 8, size, size], new PlanOptions { Threads = 2 });
        var part = description.Plan<float>([Part, 8, size, size], new PlanOptions { Threads = 1 });
        var kernel = Random(whole.KernelShape, 1);
        var input = Random(whole.InputShape, 2);
        var gradient = Random(whole.OutputShape, 3);
        float[] output = new float[whole.OutputShape.Product], back = new float[whole.InputShape.Product], kernelGradient = new float[kernel.Length], sum = new float[kernel.Length];
        whole.Forward(Span(input, whole.InputShape), Span(kernel, whole.KernelShape), default, new TensorSpan<float>(output, whole.OutputShape.ToLengths()));
        whole.InputGradient(Span(kernel, whole.KernelShape), Span(gradient, whole.OutputShape), new TensorSpan<float>(back, whole.InputShape.ToLengths()));
        whole.KernelGradient(Span(input, whole.InputShape), Span(gradient, whole.OutputShape), new TensorSpan<float>(kernelGradient, whole.KernelShape.ToLengths()), default);
        for (var first = 0; first < Batch; first += Part)
        {
            var someInput = input.AsSpan(first * input.Length / Batch, input.Length * Part / Batch).ToArray();
            var someGradient = gradient.AsSpan(first * gradient.Length / Batch, gradient.Length * Part / Batch).ToArray();
            float[] someOutput = new float[someGradient.Length], someBack = new float[someInput.Length];
            part.Forward(Span(someInput, part.InputShape), Span(kernel, part.KernelShape), default, new TensorSpan<float>(someOutput, part.OutputShape.ToLengths()));
            part.InputGradient(Span(kernel, part.KernelShape), Span(someGradient, part.OutputShape), new TensorSpan<float>(someBack, part.InputShape.ToLengths()));
            part.KernelGradient(Span(someInput, part.InputShape), Span(someGradient, part.OutputShape), new TensorSpan<float>(sum, part.KernelShape.ToLengths()), default, accumulate: true);
            Same(someOutput, output.AsSpan(first * output.Length / Batch, someOutput.Length));
            Same(someBack, back.AsSpan(first * back.Length / Batch, someBack.Length));
        }

        Same(sum, kernelGradient);
    }

    private static void Same(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        for (var i = 0; i < expected.Length; i++) Assert.InRange(actual[i] - expected[i], -1e-4f, 1e-4f);
    }

    private static ReadOnlyTensorSpan<float> Span(float[] numbers, Sizes shape) => new(numbers, shape.ToLengths());

    private static float[] Random(Sizes shape, int seed)
    {
        var source = new RandomSource(seed, 0, 0);
        var numbers = new float[shape.Product];
        for (var i = 0; i < numbers.Length; i++) numbers[i] = (float)(source.NextDouble() - 0.5);
        return numbers;
    }
}
