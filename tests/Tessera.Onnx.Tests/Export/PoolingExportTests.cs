using CsCheck;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Onnx.Tests.Export;

public class PoolingExportTests
{
    [Theory]
    [InlineData(18)]
    [InlineData(21)]
    [InlineData(23)]
    public void Poolings_of_every_kind_give_the_same_in_ONNX_Runtime(int opset) => RandomPooling.Any.Where(static sample => sample.InputShape.Count <= 5).Holds(
        sample => Agrees(sample, [Layer(sample)], opset), 50);

    [Fact]
    public void Sums_and_means_go_over_four_axes_too() => RandomPooling.Any.Holds(
        static sample =>
        {
            // They are too few for a generator that waits for one.
            if (sample.InputShape.Count == 6 && sample.Description.Kind != PoolingKind.Max) Agrees(sample, [Layer(sample)], 21);
        },
        250);

    [Fact]
    public void Unpooling_gives_the_same_in_ONNX_Runtime_where_windows_overlap_and_where_not() => RandomPooling.Any.Where(static sample => sample.InputShape.Count <= 5).Holds(
        static sample =>
        {
            var pool = Layer(sample with { Description = sample.Description with { Kind = PoolingKind.Max } });
            Agrees(sample, [pool with { Name = "pool" }, new Sigmoid(), new MaxUnpool("pool")], 21);
        },
        60);

    [Fact]
    public void Positions_of_winners_give_the_same_in_ONNX_Runtime() => RandomPooling.Any.Where(static sample => sample.InputShape.Count <= 5).Holds(
        static sample =>
        {
            var pool = Layer(sample with { Description = sample.Description with { Kind = PoolingKind.Max } });
            NetworkDescription network = new("positions", sample.InputShape.From(1), [pool with { Name = "pool" }, new MaxPositions("pool") { Name = "places" }, new Add { Inputs = ["pool", "places"] }], ["places"]);
            try
            {
                OnnxExport.Model(ExportedModel.Parameters<float>(network, 3));
            }
            catch (NotSupportedException exception)
            {
                Assert.Contains("written over a border", exception.Message, StringComparison.Ordinal);
                return;
            }

            Agrees(network, 21);
        },
        40);

    [Theory]
    [InlineData(PoolingKind.Max, 2)]
    [InlineData(PoolingKind.Average, 2)]
    [InlineData(PoolingKind.Lp, 2)]
    [InlineData(PoolingKind.Lp, 3)]
    [InlineData(PoolingKind.Lp, 1.5)]
    public void Global_pooling_gives_the_same_in_ONNX_Runtime_over_one_to_four_axes(PoolingKind kind, double exponent)
    {
        foreach (var input in new Sizes[] { [2, 7], [3, 4, 5], [2, 3, 2, 4], [2, 2, 3, 2, 2] }) Agrees(new("global", input, [new GlobalPool(kind) { P = exponent }]), 21);
    }

    [Fact]
    public void Maxima_over_four_axes_are_refused_by_name()
    {
        var network = new NetworkDescription("deep", [1, 4, 4, 4, 4], [new MaxPool { Window = [2, 2, 2, 2] }, new Pad([1, 1, 1, 1], [0, 0, 0, 0]), new MaxPool { Window = [1, 2, 1, 1] }]);
        var error = Assert.Throws<NotSupportedException>(() => OnnxExport.Model(ExportedModel.Parameters<float>(network, 1)));
        Assert.Equal("deep: 2 of 3 layers cannot be written as ONNX: pool1 (max-pool: maxima over 4 axes; 3 at most); pool2 (max-pool: maxima over 4 axes; 3 at most).", error.Message);
    }

    private static Layer Layer(RandomPooling sample)
    {
        var pooling = sample.Description;
        var window = pooling.Window.Count == 0 ? sample.InputShape.From(2) : pooling.Window;
        return pooling.Kind switch
        {
            PoolingKind.Max => new MaxPool { Window = window, Stride = pooling.Stride, Dilation = pooling.Dilation, Padding = pooling.Padding, CeilMode = pooling.CeilMode },
            PoolingKind.Average => new AveragePool
            {
                Window = window,
                Stride = pooling.Stride,
                Dilation = pooling.Dilation,
                Padding = pooling.Padding,
                CeilMode = pooling.CeilMode,
                CountIncludesPadding = pooling.CountIncludesPadding,
            },
            _ => new LpPool { Window = window, Stride = pooling.Stride, Dilation = pooling.Dilation, Padding = pooling.Padding, CeilMode = pooling.CeilMode, P = pooling.P },
        };
    }

    private static void Agrees(RandomPooling sample, Layer[] layers, int opset) => Agrees(new NetworkDescription("pooling", sample.InputShape.From(1), layers), opset);

    private static void Agrees(NetworkDescription network, int opset)
    {
        var options = new OnnxExportOptions { Opset = opset };
        ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<float>(network, 3), 5, options);
        ExportedModel.AgreesAsPlainModel(ExportedModel.Parameters<float>(network, 3), 5, options);
    }
}
