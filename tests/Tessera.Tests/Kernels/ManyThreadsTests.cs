using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Execution.Inference;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Kernels;

/// <summary>For many threads work is cut finer, for few coarser, and not a bit of any result changes.</summary>
public class ManyThreadsTests
{
    private const int Many = 24;

    [Fact]
    public void Random_operators_give_the_same_bits() => RandomOperator.Any.Holds(sample => Same<float>(sample), iterations: 60);

    [Theory]
    [InlineData(2, 130, 7, 512, 3, 1)] // Winograd, few tiles
    [InlineData(1, 130, 5, 320, 3, 1)] // tap by tap
    [InlineData(1, 40, 30, 48, 3, 1)] // Winograd, many tiles
    [InlineData(3, 24, 12, 40, 5, 1)]
    [InlineData(1, 64, 28, 80, 1, 1)]
    [InlineData(1, 3, 60, 40, 7, 2)] // rows in pairs
    [InlineData(1, 32, 24, 48, 3, 2)]
    [InlineData(1, 200, 9, 24, 1, 2)]
    [InlineData(2, 4, 40, 5, 7, 1)]
    public void Larger_operators_give_the_same_bits_in_other_jobs(int batch, int inputs, int size, int outputs, int kernel, int stride)
    {
        foreach (var exact in new[] { false, true })
        {
            var description = new ConvolutionDescription { Kernel = [kernel, kernel], Outputs = outputs, Stride = [stride, stride], Padding = Padding.Same };
            Same<float>(new RandomOperator(description, [batch, inputs, size, size + 1], size), exact);
        }
    }

    [Fact]
    public void Signals_tiles_groups_and_tables_give_the_same_bits()
    {
        Same<float>(new RandomOperator(new ConvolutionDescription { Kernel = [3], Outputs = 90, Padding = Padding.Same }, [1, 700, 12], 1));
        Same<float>(new RandomOperator(new ConvolutionDescription { Kernel = [5, 5], Outputs = 40, Padding = Padding.Same, Sharing = Sharing.Tiled([2, 2]) }, [4, 32, 14, 14], 2));
        Same<double>(new RandomOperator(new ConvolutionDescription { Kernel = [3, 3], Outputs = 64, Padding = Padding.Same, Channels = ChannelConnections.Groups(4) }, [2, 64, 12, 12], 3));
        Same<float>(new RandomOperator(new ConvolutionDescription { Kernel = [3, 3], Outputs = 40, Padding = Padding.Same, Sharing = Sharing.Tiled([4, 4]) }, [1, 24, 28, 28], 4));
        Same<float>(new RandomOperator(new ConvolutionDescription { Kernel = [3, 3], Outputs = 150, Padding = Padding.Same, Channels = ChannelConnections.Table(ConnectionTable.Random(48, 150, 9, 1)) }, [3, 48, 20, 21], 5), exact: true);
    }

    [Fact]
    public void Plans_have_more_jobs_where_threads_are_many()
    {
        var description = new ConvolutionDescription { Kernel = [1, 1], Outputs = 64 };
        Assert.NotEqual(description.Plan<float>([1, 64, 56, 56], new PlanOptions { Threads = 4 }).ToString(), description.Plan<float>([1, 64, 56, 56], new PlanOptions { Threads = Many }).ToString());
    }

    [Fact]
    public void Inference_gives_the_same_bits()
    {
        var network = new NetworkDescription("net", [3, 40, 36],
        [
            new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 32, Stride = [2, 2], Padding = Padding.Same }),
            new Relu(),
            new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 48, Padding = Padding.Same }),
            new Relu(),
            new Convolution(new ConvolutionDescription { Kernel = [1, 1], Outputs = 80, Padding = Padding.Same }),
            new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 40, Stride = [2, 2], Padding = Padding.Same }),
        ]);
        var parameters = NetworkParameters<float>.Create(network, 3);
        var input = new float[2 * 3 * 40 * 36];
        for (var i = 0; i < input.Length; i++) input[i] = MathF.Sin(i);
        var few = new InferenceExecution<float>(network, parameters, 2, new ExecutionOptions { Threads = 1 }).Forward(input).ToArray();
        var many = new InferenceExecution<float>(network, parameters, 2, new ExecutionOptions { Threads = Many }).Forward(input).ToArray();
        Assert.True(Guarded<float>.SameBits(few, many));
        Assert.Contains(few, number => number != 0);
    }

    private static void Same<T>(RandomOperator sample, bool exact = false)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var one = Run(1);
        foreach (var threads in new[] { 2, 3, Many })
        {
            var results = Run(threads);
            for (var result = 0; result < one.Length; result++) Assert.True(Guarded<T>.SameBits(one[result], results[result]), $"{sample}, exact: {exact}, {threads} threads, result {result}");
        }

        T[][] Run(int threads)
        {
            var plan = sample.Description.Plan<T>(sample.InputShape, new PlanOptions { Threads = threads, Exact = exact });
            var (v, k, g) = (sample.RandomValues<T>(plan.InputShape.Product, 1), sample.RandomValues<T>(plan.KernelShape.Product, 2), sample.RandomValues<T>(plan.OutputShape.Product, 3));
            var (z, dk, dv) = (new T[g.Length], new T[k.Length], new T[v.Length]);
            plan.Forward(Span(v, plan.InputShape), Span(k, plan.KernelShape), default, Span(z, plan.OutputShape));
            plan.KernelGradient(Span(v, plan.InputShape), Span(g, plan.OutputShape), Span(dk, plan.KernelShape), default);
            plan.InputGradient(Span(k, plan.KernelShape), Span(g, plan.OutputShape), Span(dv, plan.InputShape));
            return [z, dk, dv];
        }
    }

    private static TensorSpan<T> Span<T>(T[] values, Sizes shape) => new(values, shape.ToLengths());
}
