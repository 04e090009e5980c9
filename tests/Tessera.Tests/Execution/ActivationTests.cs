using System.Numerics;
using System.Numerics.Tensors;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Tests.Kernels;
using Xunit;

namespace Tessera.Tests.Execution;

/// <summary>Activations against their formulas in double, over more of the axis than the gradient tests reach.</summary>
public class ActivationTests
{
    private static readonly Dictionary<string, (Layer Layer, Func<double, double> Formula, double[] Kinks)> All = new()
    {
        ["elu"] = (new Elu(1.3), v => v > 0 ? v : 1.3 * (Math.Exp(v) - 1), [0]),
        ["selu"] = (new Selu(), v => 1.0507009873554804934193349852946 * (v > 0 ? v : 1.6732632423543772848170429916717 * (Math.Exp(v) - 1)), [0]),
        ["selu, given"] = (new Selu(2, 3), v => v > 0 ? 3 * v : 6 * (Math.Exp(v) - 1), [0]),
        ["celu"] = (new Celu(2.5), v => v > 0 ? v : 2.5 * (Math.Exp(v / 2.5) - 1), []),
        ["hard-sigmoid"] = (new HardSigmoid(), v => Math.Clamp((0.2 * v) + 0.5, 0, 1), [-2.5, 2.5]),
        ["hard-sigmoid, given"] = (new HardSigmoid(0.5, 0.6), v => Math.Clamp((0.5 * v) + 0.6, 0, 1), [-1.2, 0.8]),
        ["hard-swish"] = (new HardSwish(), v => v * Math.Clamp((v / 6) + 0.5, 0, 1), [-3, 3]),
        ["softsign"] = (new Softsign(), v => v / (1 + Math.Abs(v)), []),
        ["mish"] = (new Mish(), v => v * Math.Tanh(v > 30 ? v : double.LogP1(Math.Exp(v))), []),
        ["clip"] = (new Clip(-1.5, 2), v => Math.Clamp(v, -1.5, 2), [-1.5, 2]),
        ["clip from below"] = (new Clip(Minimum: 1), v => Math.Max(v, 1), [1]),
        ["clip from above"] = (new Clip(Maximum: 1), v => Math.Min(v, 1), [1]),
        ["clip to nothing"] = (new Clip(), v => v, []),
        ["gelu"] = (new Gelu(), v => v / 2 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (v + (0.044715 * v * v * v)))), []),
        ["gelu, exact"] = (new Gelu(true), v => v * ErrorFunctionTests.Complement(-v / Math.Sqrt(2)) / 2, []),
        ["prelu"] = (new PRelu { InitialValue = -0.5 }, v => v > 0 ? v : -0.5 * v, [0]),
        ["prelu, shared"] = (new PRelu { Shared = true }, v => v > 0 ? v : 0.25 * v, [0]),
        ["thresholded-relu"] = (new ThresholdedRelu(1.5), v => v > 1.5 ? v : 0, [1.5]),
        ["absolute"] = (new Elementwise(ElementFunction.Absolute), Math.Abs, [0]),
        ["negate"] = (new Elementwise(ElementFunction.Negate), v => -v, []),
        ["exponential"] = (new Elementwise(ElementFunction.Exponential), Math.Exp, []),
        ["logarithm"] = (new Elementwise(ElementFunction.Logarithm), Math.Log, [0]),
        ["square root"] = (new Elementwise(ElementFunction.SquareRoot), Math.Sqrt, [0]),
        ["reciprocal"] = (new Elementwise(ElementFunction.Reciprocal), v => 1 / v, [0]),
        ["floor"] = (new Elementwise(ElementFunction.Floor), Math.Floor, [.. Enumerable.Range(-12, 25).Select(v => (double)v)]),
        ["ceiling"] = (new Elementwise(ElementFunction.Ceiling), Math.Ceiling, [.. Enumerable.Range(-12, 25).Select(v => (double)v)]),
        ["truncate"] = (new Elementwise(ElementFunction.Truncate), Math.Truncate, [.. Enumerable.Range(-12, 25).Select(v => (double)v)]),
        ["round"] = (new Elementwise(ElementFunction.Round), v => Math.Round(v, MidpointRounding.ToEven), [.. Enumerable.Range(-12, 25).Select(v => v + 0.5)]),
        ["erf"] = (new Elementwise(ElementFunction.Erf), v => v > 0 ? 1 - ErrorFunctionTests.Complement(v) : ErrorFunctionTests.Complement(-v) - 1, []),
        ["sine"] = (new Elementwise(ElementFunction.Sine), Math.Sin, []),
        ["cosine"] = (new Elementwise(ElementFunction.Cosine), Math.Cos, []),
        ["sign"] = (new Elementwise(ElementFunction.Sign), v => Math.Sign(v), [0]),
    };

    public static TheoryData<string> Cases { get; } = [.. All.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_slopes_are_those_of_the_formula(string name)
    {
        foreach (var shape in (Sizes[])[[3, 1], [1, 7, 5], [2, 3, 1100], [2, 1400]])
        {
            Check<double>(name, shape, 1e-14, 1e-7);
            Check<float>(name, shape, 2e-6, 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_is_not_a_number_stays_visible(string name)
    {
        var output = Run<float>(All[name].Layer, [1, 11], [.. Enumerable.Repeat(1f, 7), float.NaN, 1f, 1f, float.NaN]).Output;
        Assert.Equal([7, 10], Enumerable.Range(0, 11).Where(i => float.IsNaN(output[i])));
    }

    [Theory]
    [InlineData("mish")]
    [InlineData("gelu")]
    [InlineData("gelu, exact")]
    [InlineData("hard-swish")]
    [InlineData("selu")]
    [InlineData("celu")]
    [InlineData("softsign")]
    [InlineData("erf")]
    public void Numbers_far_out_neither_overflow_nor_become_none(string name)
    {
        var (output, gradient) = Run<float>(All[name].Layer, [1, 6], [-1e30f, -1e4f, -110f, 90f, 1e4f, 1e30f]);
        Assert.All(output, value => Assert.True(float.IsFinite(value)));
        Assert.All(gradient, value => Assert.True(float.IsFinite(value) && !float.IsSubnormal(value)));
        if (name is "mish" or "gelu" or "gelu, exact" or "hard-swish") Assert.Equal([0, 0, 0, 90f, 1e4f, 1e30f], output);
    }

    [Fact]
    public void Halves_are_rounded_to_the_even_number() => Assert.Equal(
        [-2, -2, 0, 0, 2, 2], Run<float>(new Elementwise(ElementFunction.Round), [1, 6], [-2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f]).Output);

    [Fact]
    public void Slopes_at_bounds_are_zero()
    {
        Assert.Equal([0, 1, 0], Run<double>(new Clip(-1, 1), [1, 3], [-1, 0.5, 1]).Gradient);
        Assert.Equal([0, 0, 1], Run<double>(new ThresholdedRelu(1), [1, 3], [0.5, 1, 1.5]).Gradient);
        Assert.Equal([0, 0, 1], Run<double>(new ThresholdedRelu(0), [1, 3], [-1, 0, 2]).Gradient);
        Assert.Equal([0], Run<double>(new Elementwise(ElementFunction.Absolute), [1, 1], [0]).Gradient);
    }

    [Fact]
    public void Each_channel_has_a_slope_of_its_own_or_all_have_one()
    {
        var network = new NetworkDescription("net", [2, 2], [new PRelu()]);
        var parameters = NetworkParameters<double>.Create(network, 1);
        Assert.Equal([0.25, 0.25], parameters["prelu1.slope"].Span.ToArray());
        parameters["prelu1.slope"].Span[1] = 3;
        var execution = new NetworkExecution<double>(network, parameters, 1, new() { Training = true, InputGradient = true });
        Assert.Equal([-0.25, 2, -9, 4], execution.Forward(Tensor.Create([-1.0, 2, -3, 4], [1, 2, 2])).ToArray());
        execution.Backward(Tensor.Create([1.0, 1, 10, 10], [1, 2, 2]));
        Assert.Equal([-1, -30], execution.Gradients[0].Span.ToArray());
        Assert.Equal([0.25, 1, 30, 10], execution.InputGradient.ToArray());
        Assert.Equal([1], NetworkParameters<double>.Create(new NetworkDescription("net", [2, 2], [new PRelu { Shared = true }]), 1)["prelu1.slope"].Description.Shape);
    }

    private static void Check<T>(string name, Sizes shape, double tolerance, double slopeTolerance)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (layer, formula, kinks) = All[name];
        var random = new RandomSource(shape.Product, 1);
        var values = new T[shape.Product];
        for (var i = 0; i < values.Length; i++)
        {
            // Some near 0, some far from it.
            values[i] = T.CreateChecked((random.NextDouble() - 0.5) * (i % 2 == 0 ? 2 : 24));
            if (name is "logarithm" or "square root" or "reciprocal") values[i] = T.Abs(values[i]) + T.CreateChecked(0.1);
        }

        var (output, gradient) = Run(layer, shape, values);
        for (var i = 0; i < values.Length; i++)
        {
            var v = double.CreateChecked(values[i]);
            var expected = formula(v);
            Assert.Equal(expected, double.CreateChecked(output[i]), tolerance * Math.Max(1, Math.Abs(expected)));
            const double Step = 1e-5;
            if (kinks.Any(kink => Math.Abs(v - kink) < 2 * Step)) continue;
            var slope = (formula(v + Step) - formula(v - Step)) / (2 * Step);
            Assert.Equal(slope, double.CreateChecked(gradient[i]), slopeTolerance * Math.Max(1, Math.Abs(slope)));
        }
    }

    /// <summary>Output, and the input's gradient where the output's is 1.</summary>
    private static (T[] Output, T[] Gradient) Run<T>(Layer layer, Sizes shape, T[] values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var network = new NetworkDescription("net", shape.From(1), [layer]);
        var execution = new NetworkExecution<T>(network, NetworkParameters<T>.Create(network, 1), shape[0], new() { Training = true, InputGradient = true, Threads = 1 });
        var output = execution.Forward(Tensor.Create(values, shape.ToLengths())).ToArray();
        var ones = new T[values.Length];
        Array.Fill(ones, T.One);
        execution.Backward(Tensor.Create(ones, shape.ToLengths()));
        return (output, execution.InputGradient.ToArray());
    }
}
