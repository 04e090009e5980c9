using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Operators;

/// <summary>Kernels that are laid out once. That every algorithm takes them, <see cref="Kernels.AlgorithmAgreement"/> holds.</summary>
[Collection(nameof(AllocationTests))]
public class PackedKernelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_packed_kernel_gives_the_bits_of_the_plan_and_its_runs_allocate_nothing(int threads) => RandomOperator.Any.Holds(
        sample =>
        {
            var plan = sample.Description.Plan<float>(sample.InputShape, new PlanOptions { Threads = threads });
            var (v, k, g) = (sample.Random<float>(plan.InputShape, 1), sample.Random<float>(plan.KernelShape, 2), sample.Random<float>(plan.OutputShape, 3));
            var b = plan.HasBias ? sample.Random<float>(plan.BiasShape, 4) : null;
            var (z, wantedZ, x, wantedX) = (g.ToDenseTensor(), g.ToDenseTensor(), v.ToDenseTensor(), v.ToDenseTensor());

            // Another kernel first, so that what counts is the last one that was laid out, as it was when it was.
            var packed = plan.PackKernel(sample.Random<float>(plan.KernelShape, 5), KernelUse.Both);
            packed.Update(k);
            plan.Forward(v, k, Bias(), wantedZ, accumulate: true);
            plan.InputGradient(k, g, wantedX, accumulate: true);
            k.Fill(float.NaN);
            Run();
            Assert.Equal(Numbers(wantedZ), Numbers(z));
            Assert.Equal(Numbers(wantedX), Numbers(x));
            Assert.Equal(0, Allocations.LeastOfProcess(Run));

            void Run()
            {
                packed.Forward(v, Bias(), z, accumulate: true);
                packed.InputGradient(g, x, accumulate: true);
            }

            ReadOnlyTensorSpan<float> Bias() => b is null ? default : b.AsReadOnlyTensorSpan();
        },
        iterations: 40);

    [Fact]
    public void Runs_on_several_threads_share_one_packed_kernel()
    {
        var plan = Plan();
        var packed = plan.PackKernel(Tensor.Create(Enumerable.Range(0, (int)plan.KernelShape.Product).Select(i => MathF.Sin(i)).ToArray(), plan.KernelShape.ToLengths()));
        var input = Tensor.Create(Enumerable.Range(0, (int)plan.InputShape.Product).Select(i => MathF.Cos(i)).ToArray(), plan.InputShape.ToLengths());
        var outputs = Enumerable.Range(0, 8).Select(_ => Tensor.CreateFromShape<float>(plan.OutputShape.ToLengths())).ToArray();
        Parallel.For(0, outputs.Length, i => packed.Forward(input, default, outputs[i]));
        Assert.All(outputs, output => Assert.Equal(Numbers(outputs[0]), Numbers(output)));
        Assert.Contains(Numbers(outputs[0]), number => number != 0);
    }

    [Fact]
    public void What_it_was_not_packed_for_and_what_does_not_fit_is_an_error()
    {
        var plan = Plan();
        var kernel = Tensor.CreateFromShape<float>(plan.KernelShape.ToLengths());
        var input = Tensor.CreateFromShape<float>(plan.InputShape.ToLengths());
        var output = Tensor.CreateFromShape<float>(plan.OutputShape.ToLengths());
        Assert.Contains("give Forward, InputGradient or Both", Assert.Throws<ArgumentException>(() => plan.PackKernel(kernel, KernelUse.None)).Message, StringComparison.Ordinal);
        Assert.Contains("give Forward, InputGradient or Both", Assert.Throws<ArgumentException>(() => plan.PackKernel(kernel, (KernelUse)5)).Message, StringComparison.Ordinal);
        Assert.Contains("kernel", Assert.Throws<ArgumentException>(() => plan.PackKernel(input)).Message, StringComparison.Ordinal);
        Assert.Contains("not packed for InputGradient", Assert.Throws<InvalidOperationException>(() => plan.PackKernel(kernel).InputGradient(output, input)).Message, StringComparison.Ordinal);
        Assert.Contains("not packed for Forward", Assert.Throws<InvalidOperationException>(() => plan.PackKernel(kernel, KernelUse.InputGradient).Forward(input, default, output)).Message, StringComparison.Ordinal);
        var packed = plan.PackKernel(kernel, KernelUse.Both);
        Assert.Contains("input", Assert.Throws<ArgumentException>(() => packed.Forward(output, default, output)).Message, StringComparison.Ordinal);
        Assert.Contains("output gradient", Assert.Throws<ArgumentException>(() => packed.InputGradient(input, input)).Message, StringComparison.Ordinal);
        Assert.Contains("kernel", Assert.Throws<ArgumentException>(() => packed.Update(input)).Message, StringComparison.Ordinal);
        Assert.Same(plan, packed.Plan);
        Assert.True(packed.Bytes >= plan.KernelShape.Product * sizeof(float));
    }

    private static ConvolutionPlan<float> Plan() => new ConvolutionDescription { Kernel = [3, 3], Outputs = 20, Padding = Padding.Same }.Plan<float>([2, 12, 9, 11], new PlanOptions { Threads = 2 });

    private static float[] Numbers(Tensor<float> tensor)
    {
        var numbers = new float[tensor.FlattenedLength];
        tensor.FlattenTo(numbers);
        return numbers;
    }
}
