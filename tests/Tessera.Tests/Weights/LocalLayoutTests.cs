using System.Numerics.Tensors;
using CsCheck;
using Tessera.Connections;
using Tessera.Tests.Operators;
using Tessera.Weights;
using Xunit;

namespace Tessera.Tests.Weights;

/// <summary>
/// Each test writes another system's published forward pass as loops over that system's own arrays, and holds this library's output with the
/// converted weights against it.
/// </summary>
public class LocalLayoutTests
{
    private const int Batch = 2;

    [Fact]
    public void Keras_implementation_1_with_channels_last()
    {
        foreach (var rank in new[] { 1, 2 })
        {
            LocalLayer.Of(rank).Holds(
                layer =>
                {
                    int positions = layer.Output.Aggregate(1, (product, size) => product * size), volume = layer.Kernel.Aggregate(1, (product, size) => product * size);
                    var kernel = layer.Random(1, positions, volume * layer.Channels, layer.Outputs);
                    var bias = layer.Random(2, [.. layer.Output, layer.Outputs]);
                    var input = layer.Random(3, [Batch, layer.Channels, .. layer.Input]);

                    // output[n, p, f] = Σ over the patch, flattened [k…, C], of patch · kernel[p, ·, f], plus bias[p, f].
                    Agree(layer, input, KerasLocal.ReadKernel<double>(layer.Geometry, KerasDataFormat.ChannelsLast, kernel), WeightLayout.KerasChannelsLast.ReadBias<double>(layer.Geometry, bias), (n, f, p) =>
                    {
                        var sum = bias[[.. Native(p), f]];
                        var row = 0;
                        foreach (var q in LocalLayer.Indices(layer.Kernel))
                        {
                            for (var c = 0; c < layer.Channels; c++) sum += input[[n, c, .. At(layer, p, q)]] * kernel[[Flat(p, layer.Output), row++, f]];
                        }

                        return sum;
                    });
                    Assert.Equal(Values(kernel), Values(WeightLayout.KerasChannelsLast.WriteKernel<double>(layer.Geometry, KerasLocal.ReadKernel<double>(layer.Geometry, KerasDataFormat.ChannelsLast, kernel))));
                },
                30);
        }
    }

    [Fact]
    public void Keras_implementation_1_with_channels_first()
    {
        foreach (var rank in new[] { 1, 2 })
        {
            LocalLayer.Of(rank).Holds(
                layer =>
                {
                    int positions = layer.Output.Aggregate(1, (product, size) => product * size), volume = layer.Kernel.Aggregate(1, (product, size) => product * size);
                    var kernel = layer.Random(1, positions, volume * layer.Channels, layer.Outputs);
                    var bias = layer.Random(2, [.. layer.Output, layer.Outputs]);
                    var input = layer.Random(3, [Batch, layer.Channels, .. layer.Input]);

                    // The patch is flattened [C, k…]; the bias [o…, F] is reshaped, not transposed, to [F, o…].
                    var reshaped = Values(bias);
                    Agree(layer, input, KerasLocal.ReadKernel<double>(layer.Geometry, KerasDataFormat.ChannelsFirst, kernel), WeightLayout.KerasChannelsFirst.ReadBias<double>(layer.Geometry, bias), (n, f, p) =>
                    {
                        var sum = reshaped[(f * positions) + Flat(p, layer.Output)];
                        var row = 0;
                        for (var c = 0; c < layer.Channels; c++)
                        {
                            foreach (var q in LocalLayer.Indices(layer.Kernel)) sum += input[[n, c, .. At(layer, p, q)]] * kernel[[Flat(p, layer.Output), row++, f]];
                        }

                        return sum;
                    });
                },
                30);
        }
    }

    [Fact]
    public void Keras_implementations_2_and_3_in_both_data_formats_and_paddings()
    {
        foreach (var rank in new[] { 1, 2 })
        {
            LocalLayer.Of(rank).Select(Gen.Bool, Gen.Bool).Holds(
                sample =>
                {
                    var (layer, isSame, isLast) = sample;
                    if (isSame) layer = Same(layer);
                    var format = isLast ? KerasDataFormat.ChannelsLast : KerasDataFormat.ChannelsFirst;
                    int[] inputShape = isLast ? [.. layer.Input, layer.Channels] : [layer.Channels, .. layer.Input];
                    int[] outputShape = isLast ? [.. layer.Output, layer.Outputs] : [layer.Outputs, .. layer.Output];
                    var masked = layer.Random(1, [.. inputShape, .. outputShape]);
                    var bias = layer.Random(2, [.. layer.Output, layer.Outputs]);
                    var input = layer.Random(3, [Batch, layer.Channels, .. layer.Input]);
                    var reshaped = Values(bias);

                    // output[out] = Σ over in of input[in] · kernel[in, out] · mask[in, out]; the mask is Keras' conv_connected_inputs.
                    double Sum(int n, int f, int[] p)
                    {
                        var positions = layer.Output.Aggregate(1, (product, size) => product * size);
                        var sum = isLast ? bias[[.. Native(p), f]] : reshaped[(f * positions) + Flat(p, layer.Output)];
                        foreach (var x in LocalLayer.Indices(layer.Input))
                        {
                            if (!Connects(layer, isSame, x, p)) continue;
                            for (var c = 0; c < layer.Channels; c++) sum += input[[n, c, .. Native(x)]] * masked[[.. Native(isLast ? [.. x, c, .. p, f] : [c, .. x, f, .. p])]];
                        }

                        return sum;
                    }

                    var ownBias = KerasLayout(format).ReadBias<double>(layer.Geometry, bias);
                    var fromMasked = KerasLocal.ReadMasked<double>(layer.Geometry, format, masked);
                    Agree(layer, input, fromMasked, ownBias, Sum);

                    // Implementation 3 is the masked matrix's connected cells, sorted by (output, input) as flattened.
                    var pairs =
                        from o in LocalLayer.Indices(outputShape)
                        from i in LocalLayer.Indices(inputShape)
                        where Connects(layer, isSame, isLast ? i[..^1] : i[1..], isLast ? o[..^1] : o[1..])
                        orderby Flat(o, outputShape), Flat(i, inputShape)
                        select masked[[.. Native(i), .. Native(o)]];
                    double[] sparse = [.. pairs];
                    var fromSparse = KerasLocal.ReadKernel<double>(layer.Geometry, format, Tensor.Create(sparse, [sparse.Length]));
                    Assert.Equal(Values(fromMasked), Values(fromSparse));
                    Assert.Equal(sparse, Values(KerasLocal.WriteSparse<double>(layer.Geometry, format, fromSparse)));
                    Assert.Equal(Values(fromMasked), Values(KerasLocal.ReadKernel<double>(layer.Geometry, format, KerasLocal.WriteMasked<double>(layer.Geometry, format, fromMasked))));
                },
                40);
        }
    }

    [Fact]
    public void Flax_ConvLocal()
    {
        foreach (var rank in new[] { 1, 2, 3 })
        {
            LocalLayer.Of(rank, padded: true).Holds(
                layer =>
                {
                    var volume = layer.Kernel.Aggregate(1, (product, size) => product * size);
                    var kernel = layer.Random(1, [.. layer.Output, layer.Channels * volume, layer.Outputs]);
                    var bias = layer.Random(2, [.. layer.Output, layer.Outputs]);
                    var input = layer.Random(3, [Batch, layer.Channels, .. layer.Input]);
                    Agree(layer, input, WeightLayout.FlaxConvLocal.ReadKernel<double>(layer.Geometry, kernel), WeightLayout.FlaxConvLocal.ReadBias<double>(layer.Geometry, bias), (n, f, p) =>
                    {
                        // conv_general_dilated_patches orders a patch channel first, then the window as rhs_spec has it.
                        var sum = bias[[.. Native(p), f]];
                        var row = 0;
                        for (var c = 0; c < layer.Channels; c++)
                        {
                            foreach (var q in LocalLayer.Indices(layer.Kernel)) sum += Padded(layer, input, n, c, p, q) * kernel[[.. Native(p), row++, f]];
                        }

                        return sum;
                    });
                },
                20);
        }
    }

    [Fact]
    public void Theano_unshared_turns_its_filters_round_unless_told_not_to()
    {
        LocalLayer.Of(2, padded: true, grouped: true).Select(Gen.Bool).Holds(
            sample =>
            {
                var (layer, filterFlip) = sample;
                var kernel = layer.Random(1, layer.Outputs, layer.Output[0], layer.Output[1], layer.ChannelsOfGroup, layer.Kernel[0], layer.Kernel[1]);
                var bias = layer.Random(2, layer.Outputs, layer.Output[0], layer.Output[1]);
                var input = layer.Random(3, [Batch, layer.Channels, .. layer.Input]);
                var layout = filterFlip ? WeightLayout.Theano : WeightLayout.TheanoUnflipped;
                Agree(layer, input, layout.ReadKernel<double>(layer.Geometry, kernel), layout.ReadBias<double>(layer.Geometry, bias), (n, f, p) =>
                {
                    // AbstractConv.perform: the patch times kern[f, row, col, c, ::-1, ::-1]; filter_flip=False reverses once before.
                    var sum = bias[[f, p[0], p[1]]];
                    for (var c = 0; c < layer.ChannelsOfGroup; c++)
                    {
                        foreach (var q in LocalLayer.Indices(layer.Kernel))
                        {
                            var (row, column) = filterFlip ? (layer.Kernel[0] - 1 - q[0], layer.Kernel[1] - 1 - q[1]) : (q[0], q[1]);
                            sum += Padded(layer, input, n, (f / layer.OutputsOfGroup * layer.ChannelsOfGroup) + c, p, q) * kernel[[f, p[0], p[1], c, row, column]];
                        }
                    }

                    return sum;
                });
                Assert.Equal(Values(kernel), Values(layout.WriteKernel<double>(layer.Geometry, layout.ReadKernel<double>(layer.Geometry, kernel))));
            },
            40);
    }

    [Fact]
    public void Lua_Torch_SpatialConvolutionLocal_in_six_axes_or_in_three()
    {
        LocalLayer.Of(2, padded: true).Holds(
            layer =>
            {
                int positions = layer.Output[0] * layer.Output[1], rows = layer.Channels * layer.Kernel[0] * layer.Kernel[1];
                var weight = layer.Random(1, positions, layer.Outputs, rows);
                var bias = layer.Random(2, layer.Outputs, layer.Output[0], layer.Output[1]);
                var input = layer.Random(3, [Batch, layer.Channels, .. layer.Input]);
                var kernel = WeightLayout.LuaTorch.ReadKernel<double>(layer.Geometry, weight);
                Agree(layer, input, kernel, WeightLayout.LuaTorch.ReadBias<double>(layer.Geometry, bias), (n, f, p) =>
                {
                    // updateOutput_frame: the unfolded input, planes then rows then columns of the window, times weight[oH·oW, O, nInputPlane·kH·kW].
                    var sum = bias[[f, p[0], p[1]]];
                    var row = 0;
                    for (var c = 0; c < layer.Channels; c++)
                    {
                        for (var y = 0; y < layer.Kernel[0]; y++)
                        {
                            for (var x = 0; x < layer.Kernel[1]; x++) sum += Padded(layer, input, n, c, p, [y, x]) * weight[[(p[0] * layer.Output[1]) + p[1], f, row++]];
                        }
                    }

                    return sum;
                });
                var six = Tensor.Create(Values(weight), [layer.Output[0], layer.Output[1], layer.Outputs, layer.Channels, layer.Kernel[0], layer.Kernel[1]]);
                Assert.Equal(Values(kernel), Values(WeightLayout.LuaTorch.ReadKernel<double>(layer.Geometry, six)));
            },
            40);
    }

    [Fact]
    public void Cuda_convnet_local()
    {
        LocalLayer.Of(2, padded: true, grouped: true).Holds(
            layer =>
            {
                int modules = layer.Output[0] * layer.Output[1], pixels = layer.Kernel[0] * layer.Kernel[1];
                var filters = layer.Random(1, modules, layer.ChannelsOfGroup, pixels, layer.Outputs);
                var bias = layer.Random(2, layer.Outputs * modules);
                var input = layer.Random(3, [Batch, layer.Channels, .. layer.Input]);
                Agree(layer, input, WeightLayout.CudaConvnet.ReadKernel<double>(layer.Geometry, filters), WeightLayout.CudaConvnet.ReadBias<double>(layer.Geometry, bias), (n, f, p) =>
                {
                    // localFilterActs: targets (filters, modules), filters (modules, colours of the group, pixels of the filter row by row, filters).
                    var module = (p[0] * layer.Output[1]) + p[1];
                    var sum = bias[[(f * modules) + module]];
                    for (var c = 0; c < layer.ChannelsOfGroup; c++)
                    {
                        for (var pixel = 0; pixel < pixels; pixel++)
                        {
                            int[] q = [pixel / layer.Kernel[1], pixel % layer.Kernel[1]];
                            sum += Padded(layer, input, n, (f / layer.OutputsOfGroup * layer.ChannelsOfGroup) + c, p, q) * filters[[module, c, pixel, f]];
                        }
                    }

                    return sum;
                });
            },
            40);
    }

    [Fact]
    public void Every_layout_there_and_back_is_the_same_for_any_sharing()
    {
        WeightLayout[] layouts = [WeightLayout.Tessera, WeightLayout.KerasChannelsLast, WeightLayout.KerasChannelsFirst, WeightLayout.FlaxConvLocal, WeightLayout.Theano, WeightLayout.TheanoUnflipped, WeightLayout.LuaTorch, WeightLayout.CudaConvnet];
        RandomOperator.Any.Select(Gen.Int[0, layouts.Length - 1]).Holds(
            sample =>
            {
                var (random, layout) = (sample.Item1, layouts[sample.Item2]);
                var geometry = random.Description.Resolve(random.InputShape[1], random.InputShape.From(2));
                if (geometry.Table is not null && layout != WeightLayout.Tessera) return;
                var kernel = random.Random<double>(geometry.KernelShape, 1);
                var written = layout.WriteKernel<double>(geometry, kernel);
                Assert.Equal(layout.KernelShape(geometry), Sizes.Of(written.Lengths));
                Assert.Equal(Values(kernel), Values(layout.ReadKernel<double>(geometry, written)));
                var bias = random.Random<double>((geometry.HasTileAxes ? geometry.Tile : Sizes.Empty).Append([geometry.OutputChannels]), 2);
                Assert.Equal(Values(bias), Values(layout.ReadBias<double>(geometry, layout.WriteBias<double>(geometry, bias))));
            },
            200);
    }

    [Fact]
    public void Arrays_of_other_shapes_are_refused_with_both_shapes()
    {
        var layer = new LocalLayer([5, 5], [3, 2], [1, 1], [0, 0], [0, 0], 1, 2, 4, false, 1);
        var array = Tensor.CreateFromShape<float>([12, 12, 5]);
        var error = Assert.Throws<ArgumentException>(() => WeightLayout.FlaxConvLocal.ReadKernel<float>(layer.Geometry, array));
        Assert.StartsWith("Flax ConvLocal: the kernel array is 12×12×5, but this operator's is 3×4×2×3×2×4 (neighbouring axes may be merged)", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => KerasLocal.ReadKernel<float>(layer.Geometry, KerasDataFormat.ChannelsLast, Tensor.CreateFromShape<float>([7])));
        Assert.StartsWith("Keras implementation 3: the kernel array is 7, but this operator's is 576;", error.Message, StringComparison.Ordinal);
        var even = layer with { Kernel = [2, 2], Stride = [2, 2], Low = [0, 0], High = [1, 1] };
        error = Assert.Throws<ArgumentException>(() => KerasLocal.ReadKernel<float>(even.Geometry, KerasDataFormat.ChannelsLast, Tensor.CreateFromShape<float>([7])));
        Assert.Contains("axis 0 has padding (0, 1)", error.Message, StringComparison.Ordinal);
        Assert.Contains("KerasLocal.SamePadding", error.Message, StringComparison.Ordinal);
    }

    private static WeightLayout KerasLayout(KerasDataFormat format) => format == KerasDataFormat.ChannelsLast ? WeightLayout.KerasChannelsLast : WeightLayout.KerasChannelsFirst;

    private static LocalLayer Same(LocalLayer layer)
    {
        var padding = KerasLocal.SamePadding(Sizes.Create(layer.Input), Sizes.Create(layer.Kernel), Sizes.Create(layer.Stride));
        return new LocalLayer(layer.Input, layer.Kernel, layer.Stride, [.. padding.Low], [.. padding.High], layer.Groups, layer.ChannelsOfGroup, layer.OutputsOfGroup, layer.Flip, layer.Seed);
    }

    /// <summary>Keras' conv_connected_inputs: from centre − ⌊k/2⌋ to centre + k − ⌊k/2⌋, cut off at the input, the centre being p·s, and ⌊k/2⌋ further on without padding.</summary>
    private static bool Connects(LocalLayer layer, bool isSame, int[] x, int[] p)
    {
        for (var a = 0; a < x.Length; a++)
        {
            var left = layer.Kernel[a] / 2;
            var centre = (p[a] * layer.Stride[a]) + (isSame ? 0 : left);
            if (x[a] < Math.Max(0, centre - left) || x[a] >= Math.Min(layer.Input[a], centre + layer.Kernel[a] - left)) return false;
        }

        return true;
    }

    private static void Agree(LocalLayer layer, Tensor<double> input, Tensor<double> kernel, Tensor<double> bias, Func<int, int, int[], double> expected)
    {
        var output = layer.Forward(input, kernel, bias);
        foreach (var index in LocalLayer.Indices([Batch, layer.Outputs, .. layer.Output]))
            Assert.Equal(expected(index[0], index[1], index[2..]), output[[.. Native(index)]], 1e-10);
    }

    /// <summary>The input that kernel offset q meets at position p, 0 outside.</summary>
    private static double Padded(LocalLayer layer, Tensor<double> input, int n, int c, int[] p, int[] q)
    {
        var at = At(layer, p, q);
        for (var a = 0; a < at.Length; a++)
        {
            if (at[a] < 0 || at[a] >= layer.Input[a]) return 0;
        }

        return input[[n, c, .. at]];
    }

    private static nint[] At(LocalLayer layer, int[] p, int[] q) => [.. p.Select((place, a) => (nint)((place * layer.Stride[a]) + q[a] - layer.Low[a]))];

    private static nint[] Native(int[] index) => [.. index.Select(static i => (nint)i)];

    private static int Flat(int[] index, int[] sizes) => index.Zip(sizes).Aggregate(0, static (flat, axis) => (flat * axis.Second) + axis.First);

    private static double[] Values(Tensor<double> tensor)
    {
        var values = new double[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }
}
