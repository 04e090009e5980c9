using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Text;
using CsCheck;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Tests.Execution;
using Tessera.Weights;
using Xunit;

namespace Tessera.Tests.Weights;

public class StateDictTests
{
    private static readonly NetworkDescription Plain = new("plain", [2, 9, 9],
    [
        new Convolution(new() { Kernel = [3, 3], Outputs = 4, Channels = ChannelConnections.Groups(2) }) { Name = "first" },
        new BatchNormalisation() { Name = "norm" },
        new Relu(),
        new TransposedConvolution(new() { Kernel = [2, 3], Outputs = 4, Stride = [2, 1], Channels = ChannelConnections.Groups(2) }, 6) { Name = "up" },
        new MaxPool { Window = [2, 2] },
        new Dense(5) { Name = "hidden" },
        new Relu(),
        new Dense(3) { Name = "last", Bias = false },
    ]);

    [Fact]
    public void Names_and_shapes_are_those_of_PyTorch()
    {
        // nn.Sequential(Conv2d(2, 4, 3, groups=2), BatchNorm2d(4), ReLU(), ConvTranspose2d(4, 6, (2, 3), (2, 1), groups=2), MaxPool2d(2), Flatten(), Linear(168, 5), ReLU(), Linear(5, 3, bias=False))
        string[] expected =
        [
            "0.weight 4×1×3×3", "0.bias 4", "1.weight 4", "1.bias 4", "1.running_mean 4", "1.running_var 4", "3.weight 4×3×2×3", "3.bias 6", "6.weight 5×168", "6.bias 5", "8.weight 3×5",
        ];
        Assert.Equal(expected, StateDict.Describe(Plain).Select(entry => $"{entry.Name} {entry.Shape}"));
        Assert.Equal(["first.weight", "first.bias", "norm.weight"], StateDict.Describe(Plain, WeightNames.Layers).Take(3).Select(entry => entry.Name));

        using var folder = new TemporaryFolder();
        StateDict.Write(folder["a.safetensors"], NetworkParameters<float>.Create(Plain, 1));
        using (var file = SafetensorsFile.Open(folder["a.safetensors"]))
        {
            Assert.Equal("pt", file.Metadata["format"]);
            Assert.True(file.TryFind("1.num_batches_tracked", out var tracked));
            Assert.Equal((ElementType.Int64, Sizes.Empty), (tracked.Type, tracked.Shape));
            Assert.Equal([.. expected.Select(line => line.Split(' ')[0]).Append("1.num_batches_tracked").Order(StringComparer.Ordinal)], file.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal));
        }

        StateDict.Write(folder["a.npz"], NetworkParameters<float>.Create(Plain, 1));
        Assert.Equal(ElementType.Int64, NpzFile.Read(folder["a.npz"], "1.num_batches_tracked").Type);
        Assert.Equal([4, 1, 3, 3], NpzFile.Read(folder["a.npz"], "0.weight").Shape);
    }

    [Fact]
    public void Random_networks_of_every_layer_go_out_and_come_back_in_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        Gen.Int[0, 100_000].Select(Gen.Bool, Gen.Int[0, 2]).Sample(
            sample =>
            {
                var (seed, isNpz, choice) = sample;
                WeightNames? names = choice == 2 ? null : (WeightNames)choice;
                var written = Filled(RandomNetwork.Of(seed), seed);
                var path = folder[isNpz ? "a.npz" : "a.safetensors"];
                StateDict.Write(path, written, names);
                var read = NetworkParameters<double>.Zero(written.Network);
                StateDict.Read(path, read);
                for (var i = 0; i < written.Count; i++) Assert.Equal(written[i].Span.ToArray(), read[i].Span.ToArray());
            },
            iter: 60, threads: 1);
    }

    [Fact]
    public void Weights_mean_what_they_mean_in_PyTorch()
    {
        using var folder = new TemporaryFolder();
        Gen.Int[1, 3].Select(Gen.Int[1, 2], Gen.Int[1, 2], Gen.Int[1, 3], Gen.Bool, Gen.Int[0, 10_000]).Sample(
            sample =>
            {
                var (groups, perIn, perOut, stride, flip, seed) = sample;
                var description = new Tessera.Operators.ConvolutionDescription { Kernel = [3], Outputs = groups * perOut, Stride = [stride], Channels = ChannelConnections.Groups(groups), Flip = flip };
                var convolution = Filled(new NetworkDescription("c", [groups * perIn, 8], [new Convolution(description)]), seed);
                StateDict.Write(folder["c.npz"], convolution);
                var (weight, bias) = (NpzFile.Read(folder["c.npz"], "0.weight").ToTensor<double>(), NpzFile.Read(folder["c.npz"], "0.bias").ToTensor<double>());
                var (input, output) = Run(convolution, seed);

                // Conv1d: out[n, m, p] = bias[m] + Σ over c of the group and q of weight[m, c, q] · in[n, c, p·s + q].
                Each(output, (n, m, p) =>
                {
                    var sum = bias[[m]];
                    for (nint c = 0; c < perIn; c++)
                    {
                        for (nint q = 0; q < 3; q++) sum += weight[[m, c, q]] * input[[n, (m / perOut * perIn) + c, (p * stride) + q]];
                    }

                    return sum;
                });

                // ConvTranspose1d: every in[n, c, p] adds weight[c, j, q] · in to out[n, j of the group, p·s + q].
                var transposed = Filled(new NetworkDescription("t", [groups * perOut, 4], [new TransposedConvolution(description, groups * perIn)]), seed);
                StateDict.Write(folder["t.npz"], transposed);
                (weight, bias) = (NpzFile.Read(folder["t.npz"], "0.weight").ToTensor<double>(), NpzFile.Read(folder["t.npz"], "0.bias").ToTensor<double>());
                (input, output) = Run(transposed, seed);
                var expected = Tensor.CreateFromShape<double>(output.Lengths.ToArray());
                foreach (var at in LocalLayer.Indices([.. output.Lengths.ToArray().Select(size => (int)size)])) expected[[at[0], at[1], at[2]]] = bias[[at[1]]];
                foreach (var at in LocalLayer.Indices(2, groups * perOut, 4))
                {
                    for (var j = 0; j < perIn; j++)
                    {
                        for (var q = 0; q < 3; q++) expected[[at[0], (at[1] / perOut * perIn) + j, (at[2] * stride) + q]] += weight[[at[1], j, q]] * input[[at[0], at[1], at[2]]];
                    }
                }

                Each(output, (n, j, x) => expected[[n, j, x]]);

                foreach (var (written, path) in new[] { (convolution, folder["c.npz"]), (transposed, folder["t.npz"]) })
                {
                    var read = NetworkParameters<double>.Zero(written.Network);
                    StateDict.Read(path, read);
                    Assert.Equal(written[0].Span.ToArray(), read[0].Span.ToArray());
                }
            },
            iter: 60, threads: 1);
    }

    [Fact]
    public void Elements_of_every_float_type_are_read()
    {
        using var folder = new TemporaryFolder();
        var network = new NetworkDescription("d", [2], [new Dense(1) { Bias = false }]);
        var parameters = NetworkParameters<float>.Zero(network);
        foreach (var (type, bytes) in new (string, byte[])[]
        {
            ("F16", [0, 0x3E, 0, 0xC0]), ("BF16", [0xC0, 0x3F, 0, 0xC0]), ("F32", [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0]), ("F64", [0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0]),
        })
        {
            parameters["dense1.kernel"].Span.Clear();
            StateDict.Read(Safetensors(folder, ("0.weight", type, [1, 2], bytes)), parameters);
            Assert.Equal([1.5f, -2f], parameters["dense1.kernel"].Span.ToArray());
        }

        var path = Safetensors(folder, ("0.weight", "I32", [1, 2], new byte[8]));
        Assert.Equal($"{path}: '0.weight' of 1×2 is Int32; weights are floats.", Assert.Throws<InvalidDataException>(() => StateDict.Read(path, parameters)).Message);
        path = Safetensors(folder, ("0.weight", "F16", [1, 2], [0, 0x3E, 0, 0x7C]));
        Assert.Equal($"{path}: element 1 of '0.weight' of 1×2 is Infinity, not a finite number.", Assert.Throws<InvalidDataException>(() => StateDict.Read(path, parameters)).Message);
        Assert.Equal([1.5f, -2f], parameters["dense1.kernel"].Span.ToArray());
    }

    [Fact]
    public void Foreign_names_are_matched_by_shapes_and_by_the_numbers_in_them()
    {
        using var folder = new TemporaryFolder();
        var network = new NetworkDescription("n", [3], [.. Enumerable.Range(0, 12).Select(_ => new Dense(3) { Bias = false }), new Dense(2)]);
        var written = Filled(network, 5);

        // As a saver sorts them: features.10 stands before features.2, and the head before both.
        var tensors = Enumerable.Range(0, 12).Select(i => ($"features.{i}.weight", written[i])).Append(("classifier.weight", written[12])).Append(("classifier.bias", written[13])).OrderBy(pair => pair.Item1, StringComparer.Ordinal);
        SafetensorsFile.Write(folder["a.safetensors"], [.. tensors.Select(pair => SafetensorsTensor.Create<double>(pair.Item1, pair.Item2.Description.Shape, pair.Item2.Span.ToArray()))]);
        var read = NetworkParameters<double>.Zero(network);
        var entries = StateDict.Read(folder["a.safetensors"], read);
        Assert.Equal(new StateDictEntry("features.10.weight", [3, 3], "dense11.kernel"), entries[10]);
        for (var i = 0; i < written.Count; i++) Assert.Equal(written[i].Span.ToArray(), read[i].Span.ToArray());
    }

    [Fact]
    public void Alike_modules_whose_names_are_words_are_told_apart_by_the_order_of_the_file_or_not_at_all()
    {
        using var folder = new TemporaryFolder();
        var network = new NetworkDescription("n", [3], [new Dense(3), new Dense(3)]);
        var written = Filled(network, 5);
        string[] names = ["encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"];
        NpzFile.Write(folder["a.npz"], names.Zip(written).Select(pair => new KeyValuePair<string, NpyArray>(pair.First, NpyArray.Create<double>(pair.Second.Description.Shape, pair.Second.Span))));
        var read = NetworkParameters<double>.Zero(network);
        StateDict.Read(folder["a.npz"], read);
        Assert.Equal(written[0].Span.ToArray(), read[0].Span.ToArray());

        var path = folder["a.safetensors"];
        SafetensorsFile.Write(path, [.. names.Zip(written).OrderBy(pair => pair.First, StringComparer.Ordinal).Select(pair => SafetensorsTensor.Create<double>(pair.First, pair.Second.Description.Shape, pair.Second.Span.ToArray()))]);
        var error = Assert.Throws<InvalidDataException>(() => StateDict.Read(path, read));
        Assert.Equal($"{path}: 'decoder' and 'encoder' are alike (weight 3×3, bias 3) and may each be dense1 or dense2; their names do not say which comes first. Name the layers of the network as the file does, such as 'encoder'.", error.Message);
    }

    [Fact]
    public void What_does_not_fit_is_listed_in_one_message_and_nothing_is_overwritten()
    {
        using var folder = new TemporaryFolder();
        var other = new NetworkDescription("other", [2, 9, 9], [new Convolution(new() { Kernel = [5, 5], Outputs = 4 }), new Relu(), new Dense(3)]);
        var network = new NetworkDescription("mine", [2, 9, 9], [new Convolution(new() { Kernel = [3, 3], Outputs = 4 }), new Relu(), new Dense(3)]);
        var path = folder["a.safetensors"];
        StateDict.Write(path, Filled(other, 1));
        var parameters = Filled(network, 2);
        var before = parameters[0].Span.ToArray();
        Assert.Equal(
            $"{path}: its tensors do not fit the network 'mine': '0.weight' is 4×2×5×5 in the file, but conv1.kernel is 4×2×3×3; '3.weight' is 3×100 in the file, but dense1.kernel is 3×196.",
            Assert.Throws<InvalidDataException>(() => StateDict.Read(path, parameters)).Message);
        var smaller = new NetworkDescription("small", [2, 9, 9], [new Convolution(new() { Kernel = [5, 5], Outputs = 4, Bias = Tessera.Operators.BiasSharing.None }), new Relu(), new Dense(3)]);
        Assert.Equal(
            $"{path}: its tensors do not fit the network 'small': '0.bias' 4 belongs to no parameter.",
            Assert.Throws<InvalidDataException>(() => StateDict.Read(path, NetworkParameters<double>.Zero(smaller))).Message);
        path = folder["b.safetensors"];
        StateDict.Write(path, Filled(other, 1), WeightNames.Layers);
        Assert.Equal(
            $"{path}: its tensors do not fit the network 'third': only needs weight 3×162, bias 3, but 'conv1' has weight 4×2×5×5, bias 4; 'dense1' has weight 3×100, bias 3, which no layer needs.",
            Assert.Throws<InvalidDataException>(() => StateDict.Read(path, NetworkParameters<double>.Zero(new NetworkDescription("third", [2, 9, 9], [new Dense(3) { Name = "only" }])))).Message);
        Assert.Equal(before, parameters[0].Span.ToArray());
    }

    [Fact]
    public void Layouts_that_PyTorch_lacks_are_named_in_the_file()
    {
        using var folder = new TemporaryFolder();
        var network = new NetworkDescription("l", [6, 6, 6],
        [
            new Convolution(new() { Kernel = [3, 3], Outputs = 2, Sharing = Sharing.Unshared }),
            new Convolution(new() { Kernel = [2, 2], Outputs = 2, Sharing = Sharing.Tiled([2, 3]), Bias = Tessera.Operators.BiasSharing.PerChannel }),
        ]);
        StateDict.Write(folder["a.safetensors"], NetworkParameters<float>.Create(network, 1));
        using var file = SafetensorsFile.Open(folder["a.safetensors"]);
        Assert.Equal(
            ["format = pt", "layout of 0.bias = positions (unshared), outputs", "layout of 0.weight = positions (unshared), outputs, inputs of a group, kernel", "layout of 1.weight = positions (tiled 2×3), outputs, inputs of a group, kernel"],
            file.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} = {pair.Value}"));
        Assert.True(file.TryFind("0.weight", out var weight));
        Assert.Equal([4, 4, 2, 6, 3, 3], weight.Shape);
    }

    [Fact]
    public void A_file_that_declares_more_than_it_has_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var network = new NetworkDescription("d", [2], [new Dense(1) { Bias = false }]);
        NpzFile.Write(folder["a.npz"], [new("0.weight", NpyArray.Create<float>([1, 3], [1, 2, 3]))]);
        var bytes = File.ReadAllBytes(folder["a.npz"]);
        var shape = bytes.AsSpan().IndexOf("(1, 3)"u8);
        bytes[shape + 4] = (byte)'2';
        File.WriteAllBytes(folder["b.npz"], bytes);
        var error = Assert.Throws<InvalidDataException>(() => StateDict.Read(folder["b.npz"], NetworkParameters<float>.Zero(network)));
        Assert.StartsWith($"{folder["b.npz"]}: 0.weight: ", error.Message, StringComparison.Ordinal);
        Gen.Byte.Array[0, 200].Sample(
            noise =>
            {
                File.WriteAllBytes(folder["c.safetensors"], noise);
                Assert.Throws<InvalidDataException>(() => StateDict.Read(folder["c.safetensors"], NetworkParameters<float>.Zero(network)));
                File.WriteAllBytes(folder["c.npz"], noise);
                Assert.Throws<InvalidDataException>(() => StateDict.Read(folder["c.npz"], NetworkParameters<float>.Zero(network)));
            },
            iter: 50, threads: 1);
    }

    private static NetworkParameters<double> Filled(NetworkDescription network, long seed)
    {
        var parameters = NetworkParameters<double>.Zero(network);
        for (var i = 0; i < parameters.Count; i++)
        {
            var random = new RandomSource(seed, i);
            foreach (ref var value in parameters[i].Span) value = (random.NextDouble() * 2) - 1;
        }

        return parameters;
    }

    private static (Tensor<double> Input, Tensor<double> Output) Run(NetworkParameters<double> parameters, long seed)
    {
        var execution = new NetworkExecution<double>(parameters.Network, parameters, 2, new() { Threads = 1 });
        var random = new RandomSource(seed, 99);
        var values = new double[execution.InputShape.Product];
        for (var i = 0; i < values.Length; i++) values[i] = (random.NextDouble() * 2) - 1;
        var input = Tensor.Create(values, execution.InputShape.ToLengths());
        var output = new double[execution.OutputShape.Product];
        execution.Forward(input).FlattenTo(output);
        return (input, Tensor.Create(output, execution.OutputShape.ToLengths()));
    }

    private static void Each(Tensor<double> output, Func<nint, nint, nint, double> expected)
    {
        foreach (var at in LocalLayer.Indices([.. output.Lengths.ToArray().Select(size => (int)size)])) Assert.Equal(expected(at[0], at[1], at[2]), output[[at[0], at[1], at[2]]], 1e-10);
    }

    private static string Safetensors(TemporaryFolder folder, params (string Name, string Type, int[] Shape, byte[] Bytes)[] tensors)
    {
        var offset = 0;
        var header = "{" + string.Join(",", tensors.Select(tensor => $$"""
            "{{tensor.Name}}":{"dtype":"{{tensor.Type}}","shape":[{{string.Join(",", tensor.Shape)}}],"data_offsets":[{{offset}},{{offset += tensor.Bytes.Length}}]}
            """)) + "}";
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return folder.Write("typed.safetensors", length, Encoding.ASCII.GetBytes(header), [.. tensors.SelectMany(tensor => tensor.Bytes)]);
    }
}
