using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Weights;
using Xunit;

namespace Tessera.Tests.Weights;

/// <summary>Whole Keras models, computed as Keras does with channels last, beside the network with the converted weights.</summary>
public class KerasWeightsTests
{
    private const double Epsilon = 1e-3;

    [Fact]
    public void A_model_with_every_layer_gives_what_Keras_equations_give() => Gen.Int[1, 3].Select(Gen.Int[1, 3], Gen.Int[1, 2], Gen.Bool, Gen.Bool, Gen.Int[0, 10_000]).Sample(
        sample =>
        {
            var (channels, outputs, stride, isFlipped, hasNorm, seed) = sample;
            var layers = new List<Layer>
            {
                new Convolution(new() { Kernel = [2, 3], Outputs = outputs, Stride = [stride, 1] }),
                new Convolution(new() { Kernel = [2, 2], Outputs = 2 * outputs, Channels = ChannelConnections.Depthwise }),
                new Convolution(new() { Kernel = [2, 2], Outputs = 3, Sharing = Sharing.Unshared }),
                new Flatten(),
                new Relu(),
                new Dense(4),
            };
            if (hasNorm) layers.Insert(4, new BatchNormalisation { Epsilon = Epsilon });
            var network = new NetworkDescription("k", [channels, 7, 7], layers);
            int rows = ((7 - 2) / stride) + 1 - 2, columns = 3, features = rows * columns * 3;
            Array conv = new(seed, 1, [2, 3, channels, outputs]), convBias = new(seed, 2, [outputs]), depth = new(seed, 3, [2, 2, outputs, 2]), depthBias = new(seed, 4, [2 * outputs]);
            Array local = new(seed, 5, [rows * columns, 2 * 2 * 2 * outputs, 3]), localBias = new(seed, 6, [rows, columns, 3]), dense = new(seed, 7, [features, 4]), denseBias = new(seed, 8, [4]);
            Array gamma = new(seed, 9, [features]), mean = new(seed, 10, [features]), variance = new(seed, 11, [features]);
            for (var i = 0; i < features; i++) variance.Values[i] += 1.5;
            var keras = new List<KerasLayer>
            {
                new("conv2d", [new("conv2d/kernel:0", conv.Npy), new("conv2d/bias:0", convBias.Npy)]),
                new("dropout", []),
                new("depthwise", [new("depthwise/depthwise_kernel:0", depth.Npy), new("depthwise/bias:0", depthBias.Npy)]),
                new("local", [new("local/kernel:0", local.Npy), new("local/bias:0", localBias.Npy)]),
                new("dense", [new("dense/kernel:0", dense.Npy), new("dense/bias:0", denseBias.Npy)]),
            };
            // The model was told to do without a shift.
            if (hasNorm) keras.Insert(4, new("norm", [new("norm/gamma:0", gamma.Npy), new("norm/moving_mean:0", mean.Npy), new("norm/moving_variance:0", variance.Npy)]));
            var parameters = NetworkParameters<double>.Zero(network);
            KerasWeights.Read("model", keras, parameters, isFlipped: isFlipped);

            var input = new Array(seed, 12, [1, channels, 7, 7]);
            var value = new double[7, 7, channels];
            foreach (var at in LocalLayer.Indices(7, 7, channels)) value[at[0], at[1], at[2]] = input[0, at[2], at[0], at[1]];
            value = Window(value, [2, 3], [stride, 1], outputs, (p, q, x, f) => x.Select((v, c) => v * (isFlipped ? conv[1 - q[0], 2 - q[1], c, f] : conv[q[0], q[1], c, f])).Sum(), (p, f) => convBias[f]);
            value = Window(value, [2, 2], [1, 1], 2 * outputs, (p, q, x, f) => x[f / 2] * (isFlipped ? depth[1 - q[0], 1 - q[1], f / 2, f % 2] : depth[q[0], q[1], f / 2, f % 2]), (p, f) => depthBias[f]);
            value = Window(value, [2, 2], [1, 1], 3, (p, q, x, f) => x.Select((v, c) => v * local[(p[0] * columns) + p[1], (((q[0] * 2) + q[1]) * 2 * outputs) + c, f]).Sum(), (p, f) => localBias[p[0], p[1], f]);
            double[] flat = [.. value.Cast<double>()];
            if (hasNorm) flat = [.. flat.Select((v, i) => gamma[i] * (v - mean[i]) / Math.Sqrt(variance[i] + Epsilon))];
            var expected = Enumerable.Range(0, 4).Select(m => denseBias[m] + flat.Select((v, i) => Math.Max(0, v) * dense[i, m]).Sum()).ToArray();

            var execution = new NetworkExecution<double>(network, parameters, 1, new() { Threads = 1 });
            var output = new double[4];
            execution.Forward(Tensor.Create(input.Values, [1, channels, 7, 7])).FlattenTo(output);
            for (var m = 0; m < 4; m++) Assert.Equal(expected[m], output[m], 1e-9 * (1 + Math.Abs(expected[m])));
        },
        iter: 40, threads: 1);

    [Fact]
    public void A_transposed_convolution_takes_its_kernel_as_rows_columns_outputs_inputs()
    {
        var network = new NetworkDescription("t", [2, 3, 4], [new TransposedConvolution(new() { Kernel = [2, 3], Outputs = 2, Stride = [2, 1] }, 3)]);
        Array kernel = new(1, 1, [2, 3, 3, 2]), bias = new(1, 2, [3]), input = new(1, 3, [1, 2, 3, 4]);
        var parameters = NetworkParameters<double>.Zero(network);
        KerasWeights.Read("model", [new("up", [new("up/kernel:0", kernel.Npy), new("up/bias:0", bias.Npy)])], parameters);
        var expected = new double[3, 6, 6];
        foreach (var at in LocalLayer.Indices(3, 6, 6)) expected[at[0], at[1], at[2]] = bias[at[0]];
        foreach (var at in LocalLayer.Indices(2, 3, 4, 3, 2, 3)) expected[at[3], (at[1] * 2) + at[4], at[2] + at[5]] += input[0, at[0], at[1], at[2]] * kernel[at[4], at[5], at[3], at[0]];
        var output = new double[3 * 6 * 6];
        new NetworkExecution<double>(network, parameters, 1, new() { Threads = 1 }).Forward(Tensor.Create(input.Values, [1, 2, 3, 4])).FlattenTo(output);
        foreach (var at in LocalLayer.Indices(3, 6, 6)) Assert.Equal(expected[at[0], at[1], at[2]], output[(((at[0] * 6) + at[1]) * 6) + at[2]], 1e-12);
    }

    [Fact]
    public void A_npz_file_under_Keras_names_is_read_by_layers()
    {
        using var folder = new TemporaryFolder();
        NpyArray one = NpyArray.Create<float>([1], [1]), two = NpyArray.Create<float>([2], [1, 2]);
        NpzFile.Write(folder["a.npz"], [new("b/gamma:0", one), new("a/kernel:0", one), new("b/moving_mean:0", two)]);
        Assert.Equal(["b: gamma:0 moving_mean:0", "a: kernel:0"], KerasLayer.ReadNpz(folder["a.npz"]).Select(layer => $"{layer.Name}: {string.Join(' ', layer.Weights.Select(weight => weight.Key[2..]))}"));
        NpzFile.Write(folder["b.npz"], [new("arr_0", one)]);
        Assert.StartsWith($"{folder["b.npz"]}: the array 'arr_0' names no layer; save", Assert.Throws<InvalidDataException>(() => KerasLayer.ReadNpz(folder["b.npz"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_is_listed_with_both_shapes()
    {
        var network = new NetworkDescription("mine", [1, 4, 4], [new Convolution(new() { Kernel = [3, 3], Outputs = 2 }), new Dense(3)]);
        var parameters = NetworkParameters<float>.Zero(network);
        NpyArray Of(params int[] shape) => NpyArray.Create<float>(Sizes.Create(shape), new float[Sizes.Create(shape).Product]);
        var error = Assert.Throws<InvalidDataException>(() => KerasWeights.Read("m.h5", [new("a", [new("a/kernel:0", Of(5, 5, 1, 2)), new("a/bias:0", Of(2))]), new("b", [new("b/kernel:0", Of(8, 3))])], parameters));
        Assert.Equal(
            "m.h5: its weights do not fit the network 'mine': 'a' as conv1: Keras channels_last: the kernel array is 5×5×1×2, but this operator's is 3×3×1×2 (neighbouring axes may be merged); check the operator's sizes, stride and padding. "
            + "'b' as dense1: there is no 'bias' for dense1.bias 3; it has b/kernel:0 8×3.",
            error.Message);
        error = Assert.Throws<InvalidDataException>(() => KerasWeights.Read("m.h5", [new("a", [new("a/kernel:0", Of(3, 3, 1, 2))])], parameters));
        Assert.Equal("m.h5: 1 layers with weights (a), but the network 'mine' has 2 (conv1, dense1); they are matched in order.", error.Message);
    }

    private static double[,,] Window(double[,,] input, int[] kernel, int[] stride, int outputs, Func<int[], int[], double[], int, double> product, Func<int[], int, double> bias)
    {
        var result = new double[((input.GetLength(0) - kernel[0]) / stride[0]) + 1, ((input.GetLength(1) - kernel[1]) / stride[1]) + 1, outputs];
        foreach (var at in LocalLayer.Indices(result.GetLength(0), result.GetLength(1), outputs))
        {
            var sum = bias(at, at[2]);
            foreach (var q in LocalLayer.Indices(kernel))
            {
                double[] x = [.. Enumerable.Range(0, input.GetLength(2)).Select(c => input[(at[0] * stride[0]) + q[0], (at[1] * stride[1]) + q[1], c])];
                sum += product(at, q, x, at[2]);
            }

            result[at[0], at[1], at[2]] = sum;
        }

        return result;
    }

    /// <summary>An array of numbers between −1 and 1 that is indexed as NumPy's are.</summary>
    private sealed class Array
    {
        private readonly int[] shape;

        public Array(long seed, long key, int[] shape)
        {
            this.shape = shape;
            var random = new RandomSource(seed, key);
            Values = new double[Sizes.Create(shape).Product];
            for (var i = 0; i < Values.Length; i++) Values[i] = (random.NextDouble() * 2) - 1;
        }

        public double[] Values { get; }

        public NpyArray Npy => NpyArray.Create<double>(Sizes.Create(shape), Values);

        public double this[params int[] index] => Values[index.Zip(shape).Aggregate(0, static (flat, axis) => (flat * axis.Second) + axis.First)];
    }
}
