using System.Numerics.Tensors;
using CsCheck;
using PureHDF;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Hdf5;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Weights;
using Xunit;

namespace Tessera.Tests;

/// <summary>Files are written here as Keras' hdf5_format does: a group a layer, its arrays under their own names with slashes, both in the order of an attribute.</summary>
public class KerasFileTests
{
    private static readonly NetworkDescription Network = new("net", [2, 5, 5],
    [
        new Convolution(new() { Kernel = [2, 2], Outputs = 3, Sharing = Sharing.Unshared }) { Name = "local" },
        new BatchNormalisation { Name = "norm", Epsilon = 1e-3 },
        new Flatten(),
        new Dense(2) { Name = "dense" },
    ]);

    [Fact]
    public void A_locally_connected_model_computes_what_Keras_computes() => Gen.Bool.Select(Gen.Bool, Gen.Bool, Gen.Bool, Gen.Int[0, 10_000]).Sample(
        sample =>
        {
            var (isWholeModel, hasFixedNames, isSplit, isDouble, seed) = sample;
            using var folder = new TemporaryFolder();
            var random = new RandomSource(seed);
            float[] kernel = Draw(16 * 8 * 3), bias = Draw(16 * 3), gamma = Draw(3), beta = Draw(3), mean = Draw(3), variance = [.. Draw(3).Select(v => v + 1.5f)], dense = Draw(48 * 2), denseBias = Draw(2), input = Draw(50);
            Write(
                folder["k.h5"],
                [
                    ("local", [("local/kernel:0", [16, 8, 3], kernel), ("local/bias:0", [4, 4, 3], bias)]),
                    ("dropout", []),
                    ("norm", [("norm/gamma:0", [3], gamma), ("norm/beta:0", [3], beta), ("norm/moving_mean:0", [3], mean), ("norm/moving_variance:0", [3], variance)]),
                    ("a_dense", [("a_dense/kernel:0", [48, 2], dense), ("a_dense/bias:0", [2], denseBias)]),
                ],
                isWholeModel, hasFixedNames, isSplit, isDouble);
            var file = KerasFile.Read(folder["k.h5"]);
            Assert.Equal(["local", "norm", "a_dense"], file.Layers.Select(layer => layer.Name));
            Assert.Equal(isWholeModel ? KerasDataFormat.ChannelsLast : null, file.DataFormat);
            Assert.False(file.IsFlipped);
            var parameters = NetworkParameters<float>.Zero(Network);
            KerasWeights.Read(folder["k.h5"], file.Layers, parameters);

            // Channels last throughout, as the file's arrays have them.
            var flat = new double[48];
            for (var p = 0; p < 16; p++)
            {
                for (var f = 0; f < 3; f++)
                {
                    double sum = bias[(p * 3) + f];
                    for (var row = 0; row < 8; row++)
                    {
                        int y = (p / 4) + (row / 4), x = (p % 4) + (row / 2 % 2), c = row % 2;
                        sum += input[(c * 25) + (y * 5) + x] * kernel[(((p * 8) + row) * 3) + f];
                    }

                    flat[(p * 3) + f] = (gamma[f] * (sum - mean[f]) / Math.Sqrt(variance[f] + 1e-3)) + beta[f];
                }
            }

            var output = new float[2];
            new NetworkExecution<float>(Network, parameters, 1, new() { Threads = 1 }).Forward(Tensor.Create(input, [1, 2, 5, 5])).FlattenTo(output);
            for (var m = 0; m < 2; m++) Assert.Equal(flat.Select((v, i) => v * dense[(i * 2) + m]).Sum() + denseBias[m], output[m], 1e-3);

            float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))];
        },
        iter: 16, threads: 1);

    [Fact]
    public void Kernels_saved_on_Theano_are_told()
    {
        using var folder = new TemporaryFolder();
        Write(folder["k.h5"], [("dense", [("dense/bias:0", [1], [1])])], false, true, false, false, "theano");
        Assert.True(KerasFile.Read(folder["k.h5"]).IsFlipped);
    }

    [Fact]
    public void Files_that_are_none_of_Keras_or_damaged_are_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        new H5File { ["x"] = new float[] { 1 } }.Write(folder["other.h5"]);
        Assert.StartsWith($"{folder["other.h5"]}: there is no attribute 'layer_names'", Assert.Throws<InvalidDataException>(() => KerasFile.Read(folder["other.h5"])).Message, StringComparison.Ordinal);
        new H5File { ["a"] = new H5Group { ["w"] = new int[] { 1 }, Attributes = new() { ["weight_names"] = new[] { "w" } } }, Attributes = new() { ["layer_names"] = new[] { "a" } } }.Write(folder["whole.h5"]);
        Assert.Equal($"{folder["whole.h5"]}: a/w: elements are FixedPoint of 4 bytes; weights are floats of 2, 4 or 8.", Assert.Throws<InvalidDataException>(() => KerasFile.Read(folder["whole.h5"])).Message);
        Assert.Throws<FileNotFoundException>(() => KerasFile.Read(folder["none.h5"]));

        Write(folder["k.h5"], [("dense", [("dense/kernel:0", [3, 2], new float[6]), ("dense/bias:0", [2], new float[2])])], false, false, false, false);
        var bytes = File.ReadAllBytes(folder["k.h5"]);
        Gen.Int[0, bytes.Length - 1].Select(Gen.Byte).Sample(
            damage =>
            {
                var damaged = bytes.ToArray();
                damaged[damage.Item1] = damage.Item2;
                File.WriteAllBytes(folder["d.h5"], damaged[..(damage.Item2 % 8 == 0 ? damage.Item1 : damaged.Length)]);
                try
                {
                    KerasFile.Read(folder["d.h5"]);
                }
                catch (InvalidDataException exception)
                {
                    Assert.StartsWith(folder["d.h5"], exception.Message, StringComparison.Ordinal);
                }
            },
            iter: 100, threads: 1);
    }

    private static void Write(
        string path, (string Name, (string Name, ulong[] Shape, float[] Values)[] Weights)[] layers, bool isWholeModel, bool hasFixedNames, bool isSplit, bool isDouble, string backend = "tensorflow")
    {
        var root = isWholeModel ? new H5Group() : new H5File();
        foreach (var (layer, weights) in layers)
        {
            var group = new H5Group { Attributes = new() { ["weight_names"] = weights.Length == 0 ? System.Array.Empty<double>() : weights.Select(weight => weight.Name).ToArray() } };
            foreach (var (name, shape, values) in weights)
            {
                // h5py makes the groups that a name with slashes walks through.
                var parts = name.Split('/');
                if (!group.TryGetValue(parts[0], out var inner)) group[parts[0]] = inner = new H5Group();
                ((H5Group)inner)[parts[1]] = isDouble ? new H5Dataset(values.Select(value => (double)value).ToArray(), fileDims: shape) : new H5Dataset(values, fileDims: shape);
            }

            root[layer] = group;
        }

        // Names in one attribute, or where they were too long for it in several.
        string[] all = [.. layers.Select(layer => layer.Name)];
        if (isSplit) (root.Attributes["layer_names0"], root.Attributes["layer_names1"]) = (all[..1], all[1..]);
        else root.Attributes["layer_names"] = all;
        root.Attributes["backend"] = backend;
        root.Attributes["keras_version"] = "2.4.0";
        var file = root as H5File ?? new H5File { ["model_weights"] = root };
        if (isWholeModel)
        {
            file.Attributes["model_config"] = """{"class_name": "Sequential", "config": {"layers": [{"config": {"data_format": "channels_last"}}, {"config": {"units": 2}}]}}""";
        }

        file.Write(path, new H5WriteOptions(DefaultStringLength: hasFixedNames ? 200 : 0));
    }
}
