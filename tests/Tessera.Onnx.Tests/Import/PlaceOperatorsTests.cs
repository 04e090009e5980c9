using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Format;
using Xunit;
using static Tessera.Onnx.Tests.Import.SmallModel;

namespace Tessera.Onnx.Tests.Import;

/// <summary>Elements gathered from and laid to places that constants name, over random shapes, against ONNX Runtime.</summary>
public class PlaceOperatorsTests
{
    private const int Samples = 30;

    [Fact]
    public void Elements_are_gathered_by_a_place_for_each() => Each(static (seed, dice) =>
    {
        var (data, axis) = Data(ref dice);
        Sizes shape = [1, .. data.From(1).Select((size, other) => other + 1 == axis ? 1 + Roll(seed, other, 5) : 1 + Roll(seed, other, size))];
        AgreesWithRuntime(Of(18, data, [Node("GatherElements", ["x", "i"], attributes: OnnxAttribute.Of("axis", seed % 2 == 0 ? axis : axis - data.Count))], Indices(shape, data[axis], seed, mayRepeat: true)), seed);
    });

    [Theory]
    [InlineData("none")]
    [InlineData("add")]
    [InlineData("mul")]
    [InlineData("max")]
    [InlineData("min")]
    public void Elements_are_laid_to_a_place_for_each(string reduction) => Each((seed, dice) =>
    {
        var (data, axis) = Data(ref dice);
        Sizes shape = [1, .. data.From(1).Select((size, other) => 1 + Roll(seed, other, size))];
        var indices = Indices(shape, data[axis], seed, mayRepeat: reduction != "none", axis);
        var node = Node("ScatterElements", ["x", "i", "u"], attributes: [OnnxAttribute.Of("axis", axis), OnnxAttribute.Of("reduction", reduction)]);
        AgreesWithRuntime(Of(18, data, [node], indices, OnnxTensor.Of("u", shape, Noise(shape.Product, seed))), seed);
        // And what the network computes, laid into constants.
        AgreesWithRuntime(Of(18, shape, [node with { Inputs = ["c", "i", "x"] }], indices, OnnxTensor.Of("c", data, Noise(data.Product, seed))), seed);
    });

    [Fact]
    public void Places_of_the_last_are_kept_where_several_are_laid_to_one()
    {
        var model = Of(18, [1, 3], [Node("ScatterElements", ["x", "i", "u"], attributes: OnnxAttribute.Of("axis", 1))], Integers("i", [1, 3], 1, 1, -1), OnnxTensor.Of("u", [1, 3], [7, 8, 9]));
        Assert.Equal([5, 8, 9], Run(OnnxImport.Parse(model), [5, 6, 4]).Values);
    }

    [Fact]
    public void Patches_are_added_up_where_they_meet() => Each(static (seed, dice) =>
    {
        // ONNX Runtime mixes channels up where kernels are dilated and axes are not two.
        var rank = 1 + (seed % 3);
        long[] window = [.. Enumerable.Range(0, rank).Select(_ => 1L + dice.NextInt(3))], stride = [.. window.Select(_ => 1L + dice.NextInt(3))], dilation = [.. window.Select(_ => rank == 2 ? 1L + dice.NextInt(2) : 1)];
        long[] pads = [.. Enumerable.Range(0, 2 * rank).Select(_ => (long)dice.NextInt(2))];
        long[] image = [.. window.Select((size, a) => ((size - 1) * dilation[a]) + 1 + dice.NextInt(5))];
        var positions = image.Select((size, a) => ((size + pads[a] + pads[rank + a] - (dilation[a] * (window[a] - 1)) - 1) / stride[a]) + 1).Aggregate(1L, static (product, size) => product * size);
        var taps = window.Aggregate(1L, static (product, size) => product * size);
        AgreesWithRuntime(
            Of(18, [1, (int)(2 * taps), (int)positions], [Node("Col2Im", ["x", "image", "window"], attributes: [Numbers("strides", stride), Numbers("dilations", dilation), Numbers("pads", pads)])], OnnxTensor.Of("image", image), OnnxTensor.Of("window", window)),
            seed);
    });

    [Fact]
    public void Unpooling_goes_by_positions_that_are_given()
    {
        // Two channels of two by two values, each to somewhere in its window of two by two.
        OnnxTensor positions = Integers("i", [1, 2, 2, 2], 0, 3, 12, 11, 20, 18, 25, 31);
        var node = Node("MaxUnpool", ["x", "i"], attributes: [Numbers("kernel_shape", 2, 2), Numbers("strides", 2, 2)]);
        var imported = AgreesWithRuntime(Of(11, [1, 2, 2, 2], [node], positions), 3);
        Assert.Equal([1, 2, 4, 4], imported.Network.OutputShape(1));
        // A size that is said beyond what the windows imply is filled with zeros.
        var (values, shape) = Run(OnnxImport.Parse(Of(11, [1, 2, 2, 2], [node with { Inputs = ["x", "i", "size"] }], positions, OnnxTensor.Of("size", [1, 2, 5, 4]))), [1, 2, 3, 4, 5, 6, 7, 8]);
        Assert.Equal([1, 2, 5, 4], shape);
        Assert.Equal([1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0, 0, 0, 0], values[..20]);
    }

    [Fact]
    public void Indices_that_go_along_the_batch_or_differ_from_example_to_example_are_refused_in_words()
    {
        Refuse("its indices go along the batch, whose examples stay apart", 0, Integers("i", [1, 2], 0, 0), [2, 3]);
        Refuse("differs from example to example", 1, Integers("i", [2, 2], 0, 1, 1, 0), [2, 3]);
        Refuse("index 3 of an axis of 3", 1, Integers("i", [1, 2], 0, 3), [1, 3]);
        var error = Assert.Throws<InvalidDataException>(() => OnnxImport.Parse(Of(18, [1, 3], [Node("ArgMax", ["x"], "i", OnnxAttribute.Of("axis", 1)), Node("GatherElements", ["x", "i"], attributes: OnnxAttribute.Of("axis", 1))]), "m"));
        Assert.Equal("m: node GatherElements of 'y' (GatherElements): its indices are computed by the network; only constants, and the positions of a max pooling that are added into zeros, are read.", error.Message);

        static void Refuse(string words, int axis, OnnxTensor indices, Sizes input) => Assert.Contains(
            words,
            Assert.Throws<InvalidDataException>(() => OnnxImport.Parse(Of(18, input, [Node("GatherElements", ["x", "i"], attributes: OnnxAttribute.Of("axis", axis))], indices))).Message,
            StringComparison.Ordinal);
    }

    private delegate void Test(int seed, RandomSource dice);

    private static void Each(Test test)
    {
        for (var seed = 0; seed < Samples; seed++)
        {
            try
            {
                test(seed, new RandomSource(seed, 41));
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}: {exception.Message}");
            }
        }
    }

    private static (Sizes Shape, int Axis) Data(ref RandomSource dice)
    {
        var rank = 2 + dice.NextInt(3);
        var sizes = new int[rank];
        sizes[0] = 1;
        for (var axis = 1; axis < rank; axis++) sizes[axis] = 1 + dice.NextInt(5);
        return (Sizes.Create(sizes), 1 + dice.NextInt(rank - 1));
    }

    private static int Roll(int seed, int axis, int most) => new RandomSource(seed, 43, axis).NextInt(most);

    /// <summary>Indices along an axis, some from the end; where none may repeat, in an order of each line's own.</summary>
    private static OnnxTensor Indices(Sizes shape, int size, int seed, bool mayRepeat, int axis = 0)
    {
        var random = new RandomSource(seed, 47);
        var numbers = new long[shape.Product];
        var step = mayRepeat ? 0 : shape.RowMajorStrides()[axis];
        for (var index = 0; index < numbers.Length; index++)
        {
            numbers[index] = mayRepeat ? random.NextInt(size) : ((index / step % shape[axis]) + (seed % size)) % size;
            if (random.NextInt(3) == 0) numbers[index] -= size;
        }

        return Integers("i", shape, numbers);
    }
}
