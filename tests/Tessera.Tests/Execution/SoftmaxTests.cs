using System.Numerics;
using System.Numerics.Tensors;
using CsCheck;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Execution;

/// <summary>Softmax and its logarithm over any axis of any shape, against the sums themselves in double.</summary>
public class SoftmaxTests
{
    private static readonly Gen<(Sizes Shape, int Axis)> AnyAxis =
        from rank in Gen.Int[2, 5]
        from sizes in Gen.Int[1, 6].Array[rank]
        from longAxis in Gen.Int[0, rank - 1]
        from length in Gen.OneOf(Gen.Int[1, 9], Gen.Int[250, 300], Gen.Const(1100))
        from axis in Gen.Int[-rank, rank - 1]
        select (Sizes.Create([.. sizes.Select((size, at) => at == longAxis ? length : Math.Min(size, rank > 3 ? 3 : 6))]), axis);

    [Fact]
    public void Values_are_those_of_the_sums_over_the_axis() => AnyAxis.Holds(
        sample =>
        {
            Check<double>(sample.Shape, sample.Axis, 1e-14);
            Check<float>(sample.Shape, sample.Axis, 2e-6);
        },
        iterations: 60);

    [Fact]
    public void Gradients_agree_with_differences_over_any_axis() => AnyAxis.Where(sample => sample.Shape.Product < 400).Holds(
        sample =>
        {
            foreach (var layer in (Layer[])[new Softmax(sample.Axis), new LogSoftmax(sample.Axis)])
            {
                NetworkGradients.Check(new NetworkDescription("net", sample.Shape.From(1), [layer]), sample.Shape[0], seed: 1);
            }
        },
        iterations: 25);

    [Fact]
    public void Small_probabilities_have_logarithms()
    {
        var output = Run<float>(new LogSoftmax(), [1, 3], [0, -200, 1000]);
        Assert.Equal([-1000, -1200, 0], output);
        Assert.Equal([0f, 0, 1], Run<float>(new Softmax(), [1, 3], [0, -200, 1000]));
    }

    private static void Check<T>(Sizes shape, int axis, double tolerance)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var values = NetworkGradients.Random<T>(shape, 1, 1).ToDenseArray();
        for (var i = 0; i < values.Length; i++) values[i] *= T.CreateChecked(5);
        var (softmax, logarithm) = (Run(new Softmax(axis), shape, values), Run(new LogSoftmax(axis), shape, values));
        var place = axis < 0 ? axis + shape.Count : axis;
        var stride = shape.RowMajorStrides()[place];
        for (var i = 0; i < values.Length; i++)
        {
            var first = i - (i / stride % shape[place] * stride);
            double sum = 0;
            for (var j = 0; j < shape[place]; j++) sum += Math.Exp(double.CreateChecked(values[first + (j * stride)]));
            var expected = Math.Exp(double.CreateChecked(values[i])) / sum;
            Assert.Equal(expected, double.CreateChecked(softmax[i]), tolerance);
            Assert.Equal(Math.Log(expected), double.CreateChecked(logarithm[i]), 4 * tolerance);
        }
    }

    private static T[] Run<T>(Layer layer, Sizes shape, T[] values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var network = new NetworkDescription("net", shape.From(1), [layer]);
        return new NetworkExecution<T>(network, NetworkParameters<T>.Create(network, 1), shape[0], new() { Threads = 1 })
            .Forward(Tensor.Create(values, shape.ToLengths())).ToArray();
    }
}
