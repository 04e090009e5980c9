using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Tests.Files;
using Xunit;

namespace Tessera.Onnx.Tests.Export;

/// <summary>Layers that other systems' models brought: each in ONNX Runtime, back as the layer it was, and back as the operators it was written in.</summary>
public class FurtherLayerExportTests
{
    private const int Samples = 24;

    public static TheoryData<string> Kinds => new(RandomLayer.Kinds);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Layers_with_random_settings_over_one_to_three_axes_give_the_same_everywhere(string kind)
    {
        var fitting = 0;
        for (var seed = 0; fitting < Samples; seed++)
        {
            Assert.True(seed < 40 * Samples, $"{fitting} of {seed} fit");
            var dice = new RandomSource(seed, 12);
            Sizes input = [.. new[] { 8, 4, 2, 6 }.Take(2 + (seed % 3)).Select(size => dice.NextInt(5) == 0 ? 1 : size)];
            var layer = RandomLayer.Of(kind, ref dice, [1, .. input.AsSpan()]);
            // What is largest several times is what its sign is.
            Layer[] layers = layer switch
            {
                Concatenate => [new Tanh { Name = "a" }, new Relu { Name = "b", Inputs = ["input"] }, layer with { Inputs = ["a", "input", "b"] }],
                ArgMax when seed % 2 == 0 => [new Elementwise(ElementFunction.Sign), layer],
                _ => [layer],
            };
            NetworkDescription network;
            try
            {
                network = new NetworkDescription(kind, input, layers);
                network.Shapes(2);
                network.Shapes(3);
            }
            catch (ArgumentException)
            {
                continue;
            }

            fitting++;
            HoldsEverywhere(network, seed);
        }
    }

    [Fact]
    public void Functions_of_elements_and_normalisations_give_the_same_everywhere()
    {
        foreach (var (fraction, input) in new (double, Sizes)[] { (0.25, [4]), (0.4, [3, 5]), (0.75, [4, 3, 4]), (0.9, [3, 2, 3, 4]) })
        {
            foreach (var layer in RandomBend.All(fraction))
            {
                // Logarithms and roots have no numbers below 0, and reciprocals none at 0.
                Layer[] layers = layer is Elementwise { Function: ElementFunction.Logarithm or ElementFunction.SquareRoot or ElementFunction.Reciprocal } ? [new Sigmoid(), layer] : [layer];
                HoldsEverywhere(new NetworkDescription(layer.ToString(), input, layers), (int)(fraction * 100));
            }
        }
    }

    [Fact]
    public void Arithmetic_of_shapes_that_are_broadcast_gives_the_same_everywhere()
    {
        Sizes[] inputs = [[3], [2, 4], [3, 2, 4], [2, 3, 2, 2]];
        for (var seed = 0; seed < 60; seed++)
        {
            var dice = new RandomSource(seed, 13);
            var input = inputs[dice.NextInt(inputs.Length)];
            var axes = dice.NextInt(input.Count + 2);
            Sizes full = [1, .. input.AsSpan()];
            Sizes shape = [.. full.From(full.Count - axes).Select((size, axis) => dice.NextInt(2) == 0 ? 1 : size)];
            string[] operands = dice.NextInt(2) == 0 ? ["x", "c"] : ["c", "x"];
            Layer layer = (seed % 7) switch
            {
                0 => new Add { Inputs = [.. operands, "mean"] },
                1 => new Multiply { Inputs = [.. operands, "mean"] },
                2 => new Minimum { Inputs = [.. operands, "mean"] },
                3 => new Maximum { Inputs = [.. operands, "mean"] },
                4 => new Subtract { Inputs = [.. operands] },
                5 => new Divide { Inputs = [.. operands] },
                _ => new Power { Inputs = [.. operands] },
            };
            List<Layer> layers = [new Sigmoid { Name = "x" }, new Constant(shape) { Name = "c", InitialValue = 1.5, IsTrained = seed % 3 == 0 }];
            if (layer.InputCount is null) layers.Add(new Reduce(ReduceFunction.Mean, [-1]) { Name = "mean", Inputs = ["x"] });
            HoldsEverywhere(new NetworkDescription("arithmetic", input, [.. layers, layer], seed % 5 == 0 && axes > 0 ? ["c", "x"] : []), seed);
        }
    }

    [Fact]
    public void Matrix_products_give_the_same_everywhere()
    {
        Layer turned = new Permute([0, 2, 1]) { Name = "t", Inputs = ["input"] }, matrix = new Constant([4, 5]) { Name = "m", InitialValue = 0.5 };
        foreach (var (input, layers) in new (Sizes, Layer[])[]
        {
            ([3, 4], [turned, new MatrixProduct { Inputs = ["input", "t"] }]),
            ([3, 4], [turned, new MatrixProduct { Inputs = ["t", "input"] }]),
            ([3, 4], [matrix, new MatrixProduct { Inputs = ["input", "m"] }]),
            ([4], [matrix, new MatrixProduct { Inputs = ["input", "m"] }]),
            ([2, 3, 4], [matrix, new MatrixProduct { Inputs = ["input", "m"] }]),
            ([5, 2], [new Constant([1, 3, 5]) { Name = "left", InitialValue = 0.3 }, new MatrixProduct { Inputs = ["left", "input"] }]),
            ([4], [new Permute([1, 0]) { Name = "t" }, new MatrixProduct { Inputs = ["t", "input"] }]),
            ([4], [new Permute([1, 0]) { Name = "t" }, new MatrixProduct { Inputs = ["input", "t"] }, new Softmax(-1)]),
        })
        {
            HoldsEverywhere(new NetworkDescription("product", input, layers), 5);
        }
    }

    [Fact]
    public void Layers_go_on_where_the_batch_has_moved()
    {
        foreach (var layers in new Layer[][]
        {
            [new Permute([1, 0, 2, 3]), new LayerNormalisation { Axis = 2 }, new Reduce(ReduceFunction.L2, [2])],
            [new Permute([1, 2, 3, 0]), new BatchNormalisation(), new PRelu(), new DepthToSpace([1, 1])],
            [new Permute([2, 1, 3, 0]), new DepthToSpace([2, 1]), new SpaceToDepth([2, 1], BlockOrder.ColumnRowDepth), new GroupNormalisation(2)],
            [new Permute([2, 1, 3, 0]), new LocalResponseNormalisation(2) { Alpha = 0.5 }, new PadAxes([0, -1, 2, 1], [0, 0, -1, 0]) { Mode = Tessera.Operators.BorderMode.Replicate }],
            [new View([-1, 6]), new Dense(3), new View([-1, 12])],
        })
        {
            HoldsEverywhere(new NetworkDescription("moved", [4, 2, 6], layers), 4);
        }

        var refused = NetworkParameters<float>.Create(new NetworkDescription("moved", [4, 2, 6], [new Permute([1, 2, 0, 3]), new MaxPool { Window = [1, 2] }]), 1);
        Assert.Equal(
            "moved: 1 of 2 layers cannot be written as ONNX: pool1 (max-pool: sizes of its input 4×2×1×6 after the first depend on the batch; permute the batch to the front before it).",
            Assert.Throws<NotSupportedException>(() => OnnxExport.Model(refused)).Message);
        ExportedModel.ComesBack(refused, new OnnxExportOptions { Batch = 1 });
    }

    private static void HoldsEverywhere(NetworkDescription network, int seed)
    {
        try
        {
            var options = new OnnxExportOptions { Opset = 18 + (seed % 6) };
            var parameters = ExportedModel.Parameters<float>(network, seed);
            ExportedModel.AgreesWithRuntime(parameters, seed, options);
            ExportedModel.ComesBack(parameters, options);
            ExportedModel.AgreesAsPlainModel(parameters, seed, options);
        }
        catch (Exception exception)
        {
            Assert.Fail($"seed {seed}: {string.Join("; ", network.Layers)} over {network.InputShape}: {exception.Message}");
        }
    }
}
