using System.Numerics;
using System.Numerics.Tensors;
using CsCheck;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Execution;

/// <summary>Normalisations over random shapes, against their equations element by element in double.</summary>
public class NormalisationTests
{
    private static readonly Gen<Sample> Any =
        from kind in Gen.Int[0, 3]
        from rank in Gen.Int[2, 5]
        from batch in Gen.OneOf(Gen.Int[1, 3], Gen.Int[16, 19])
        from groups in Gen.Int[1, 3]
        from perGroup in Gen.Int[1, 3]
        from plane in Gen.OneOf(Gen.Int[1, 6], Gen.Int[1, 6], Gen.Const(200)).Array[rank - 2]
        from axis in Gen.Int[1, rank - 1]
        from fromEnd in Gen.Bool
        from shift in Gen.Bool
        from size in Gen.Int[1, 8]
        let shape = Sizes.Create([batch, groups * perGroup, .. plane.Select((length, at) => at == 0 ? length : Math.Min(length, 3))])
        where shape.Product < 2000
        select new Sample(
            kind switch
            {
                0 => new InstanceNormalisation { Epsilon = 0.01 },
                1 => new GroupNormalisation(groups) { Epsilon = 0.02 },
                2 => new LayerNormalisation { Axis = fromEnd ? axis - rank : axis, Shift = shift, Epsilon = 0.03 },
                _ => (Layer)new LocalResponseNormalisation(size) { Alpha = 0.5 * size, Beta = shift ? 0.75 : 0.6, Bias = 0.5 + (0.1 * size) },
            },
            shape);

    [Fact]
    public void Values_are_those_of_the_equations() => Any.Holds(
        sample =>
        {
            Check<double>(sample, 1e-12);
            Check<float>(sample, 2e-5);
        },
        iterations: 80);

    [Fact]
    public void Gradients_agree_with_differences() => Any.Where(sample => sample.Length > 1).Holds(
        sample => NetworkGradients.Check(new NetworkDescription("net", sample.Shape.From(1), [sample.Layer]), sample.Shape[0], seed: 1, tolerance: 1e-5),
        iterations: 25);

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        foreach (var layer in (Layer[])
        [
            new InstanceNormalisation(), new GroupNormalisation(2), new LayerNormalisation(), new LayerNormalisation { Axis = 1 }, new LocalResponseNormalisation(3),
            new PRelu(), new PRelu { Shared = true }, new LogSoftmax(), new Softmax(-1),
        ])
        {
            var network = new NetworkDescription("net", [8, 60, 40], [layer]);
            var one = Train(network, 1);
            Assert.Equal(one, Train(network, 2));
            Assert.Equal(one, Train(network, 5));
        }

        static float[][] Train(NetworkDescription network, int threads)
        {
            var parameters = NetworkGradients.Parameters<float>(network, 1);
            var execution = new NetworkExecution<float>(network, parameters, 7, new() { Training = true, InputGradient = true, Threads = threads });
            var output = execution.Forward(NetworkGradients.Random<float>(execution.InputShape, 1, 1)).ToArray();
            execution.Backward(NetworkGradients.Random<float>(execution.OutputShape, 1, 2));
            return [output, execution.InputGradient.ToArray(), .. execution.Gradients.Select(gradient => gradient.Span.ToArray())];
        }
    }

    [Fact]
    public void A_mean_that_dwarfs_the_deviation_is_survived()
    {
        foreach (var layer in (Layer[])[new InstanceNormalisation(), new GroupNormalisation(1), new LayerNormalisation()])
        {
            var values = Enumerable.Range(0, 3000).Select(i => 10_000f + (i % 2)).ToArray();
            var output = Run(new NetworkDescription("net", [1, 3000], [layer]), NetworkParameters<float>.Create, values, [1, 1, 3000]);
            Assert.Equal(-1, output[0], 1e-3);
            Assert.Equal(1, output[2999], 1e-3);
        }
    }

    [Fact]
    public void Training_and_inference_are_one()
    {
        var network = new NetworkDescription("net", [4, 5], [new GroupNormalisation(2)]);
        var parameters = NetworkGradients.Parameters<float>(network, 1);
        var input = NetworkGradients.Random<float>([3, 4, 5], 1, 1);
        Assert.Equal(
            new NetworkExecution<float>(network, parameters, 3, new() { Training = true }).Forward(input).ToArray(),
            new NetworkExecution<float>(network, parameters, 3).Forward(input).ToArray());
    }

    private static void Check<T>(Sample sample, double tolerance)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var network = new NetworkDescription("net", sample.Shape.From(1), [sample.Layer]);
        var parameters = NetworkGradients.Parameters<T>(network, 3);
        var values = NetworkGradients.Random<T>(sample.Shape, 1, 1).ToDenseArray();
        var output = Run(network, (_, _, _) => parameters, values, sample.Shape);
        var x = values.Select(value => double.CreateChecked(value)).ToArray();
        double[] scale = Numbers("scale"), shift = Numbers("shift");
        int channels = sample.Shape[1], plane = (int)sample.Shape.From(2).Product;
        double mean = 0, variance = 0;
        for (var i = 0; i < x.Length; i++)
        {
            var (n, c, p) = (i / (channels * plane), i / plane % channels, i % plane);
            if (sample.Layer is LocalResponseNormalisation local)
            {
                double squares = 0;
                for (var other = c - ((local.Size - 1) / 2); other <= c + (int)Math.Ceiling((local.Size - 1) / 2.0); other++)
                {
                    if (other >= 0 && other < channels) squares += Math.Pow(x[(((n * channels) + other) * plane) + p], 2);
                }

                Assert.Equal(x[i] / Math.Pow(local.Bias + (local.Alpha / local.Size * squares), local.Beta), double.CreateChecked(output[i]), tolerance);
                continue;
            }

            if (i % sample.Length == 0)
            {
                var row = x.AsSpan(i, sample.Length).ToArray();
                mean = row.Average();
                variance = row.Average(value => (value - mean) * (value - mean));
            }

            var parameter = sample.Layer is LayerNormalisation ? i % sample.Length : c;
            var expected = ((x[i] - mean) / Math.Sqrt(variance + sample.Epsilon) * scale[parameter]) + (shift.Length == 0 ? 0 : shift[parameter]);
            Assert.Equal(expected, double.CreateChecked(output[i]), tolerance);
        }

        double[] Numbers(string name) =>
            parameters.FirstOrDefault(parameter => parameter.Description.Name == name)?.Span.ToArray().Select(value => double.CreateChecked(value)).ToArray() ?? [];
    }

    private static T[] Run<T>(NetworkDescription network, Func<NetworkDescription, long, Tessera.Networks.Initialisers.Initialiser?, NetworkParameters<T>> parameters, T[] values, Sizes shape)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        new NetworkExecution<T>(network, parameters(network, 1, null), shape[0], new() { Threads = 1 }).Forward(Tensor.Create(values, shape.ToLengths())).ToArray();

    private sealed record Sample(Layer Layer, Sizes Shape)
    {
        /// <summary>How many neighbouring elements are normalised together; for local responses, more than one.</summary>
        public int Length => Layer switch
        {
            InstanceNormalisation => (int)Shape.From(2).Product,
            GroupNormalisation group => (int)(Shape[1] / group.Groups * Shape.From(2).Product),
            LayerNormalisation layer => (int)Shape.From(layer.Axis < 0 ? layer.Axis + Shape.Count : layer.Axis).Product,
            _ => int.MaxValue,
        };

        public double Epsilon => Layer switch
        {
            InstanceNormalisation instance => instance.Epsilon,
            GroupNormalisation group => group.Epsilon,
            _ => ((LayerNormalisation)Layer).Epsilon,
        };
    }
}
