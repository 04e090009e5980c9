using System.Numerics;
using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Import;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Onnx.Tests.Export;

public class OperatorExportTests
{
    private const int Samples = 12;

    public static TheoryData<ChannelKind, SharingKind> Kinds
    {
        get
        {
            var kinds = new TheoryData<ChannelKind, SharingKind>();
            foreach (var channels in Enum.GetValues<ChannelKind>())
            {
                foreach (var sharing in Enum.GetValues<SharingKind>()) kinds.Add(channels, sharing);
            }

            return kinds;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Convolutions_of_every_kind_give_the_same_in_ONNX_Runtime(ChannelKind channels, SharingKind sharing) =>
        RandomOperator.Of(channels, sharing).Holds(
            sample => Agrees(ExportedModel.Parameters<float>(Forward(sample), sample.Seed), sample), Samples);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Transposes_of_every_kind_give_the_same_in_ONNX_Runtime(ChannelKind channels, SharingKind sharing) =>
        RandomOperator.Of(channels, sharing).Holds(
            sample => Agrees(ExportedModel.Parameters<float>(Transposed(sample), sample.Seed), sample), Samples);

    [Theory]
    [InlineData(SharingKind.Shared)]
    [InlineData(SharingKind.Tiled)]
    [InlineData(SharingKind.Unshared)]
    public void Sparse_tables_with_rows_of_every_length_give_the_same_in_ONNX_Runtime(SharingKind sharing)
    {
        var table = ConnectionTable.FromRows([[39], [], [0, 17], [5, 4], [12], [38, 39]]);
        var description = new ConvolutionDescription
        {
            Kernel = [3, 2],
            Outputs = 6,
            Stride = [1, 2],
            Channels = ChannelConnections.Table(table),
            Sharing = sharing switch { SharingKind.Shared => Sharing.Shared, SharingKind.Tiled => Sharing.Tiled([2, 3]), _ => Sharing.Unshared },
            Flip = true,
        };
        foreach (var network in new[] { Forward(new(description, [1, 40, 7, 6], 1)), Tied(new(description, [1, 40, 7, 6], 1)) })
        {
            ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<float>(network, 1), 1);
            Assert.True(TesseraModel.TryRead(OnnxExport.Model(ExportedModel.Parameters<float>(network, 1)), out var read, out _));
            Assert.Equal(network, read);
        }

        // Channels are gathered for the convolution by itself, and for a tied pair as well, whose transpose then has the weights a second time.
        Assert.Contains(OnnxExport.Model(ExportedModel.Parameters<float>(Forward(new(description, [1, 40, 7, 6], 1)), 1)).Graph.Initialisers, static tensor => tensor.Name == "conv1/channels");
    }

    [Fact]
    public void Sizes_that_no_file_can_say_are_refused_by_the_layer()
    {
        var description = new ConvolutionDescription { Kernel = [2], Outputs = 1, Stride = [100_000_000], Sharing = Sharing.Tiled([40]) };
        var network = new NetworkDescription("wide", [1, 4], [new Convolution(description)]);
        var error = Assert.Throws<NotSupportedException>(() => OnnxExport.Model(ExportedModel.Parameters<float>(network, 1)));
        Assert.Equal("wide: 1 of 1 layers cannot be written as ONNX: conv1 (convolution: as standard operators it has sizes beyond 2147483647).", error.Message);
    }

    [Fact]
    public void Tied_transposes_give_the_same_in_ONNX_Runtime() =>
        RandomOperator.Any.Holds(sample => Agrees(ExportedModel.Parameters<double>(Tied(sample), sample.Seed), sample), 2 * Samples);

    [Fact]
    public void Every_operator_comes_back_with_the_bits_of_its_weights() => RandomOperator.Any.Holds(
        sample =>
        {
            foreach (var network in new[] { Forward(sample), Transposed(sample), Tied(sample) })
            {
                var parameters = ExportedModel.Parameters<float>(network, sample.Seed);
                Assert.True(TesseraModel.TryRead(OnnxExport.Model(parameters), out var read, out var taken));
                Assert.Equal(network, read);
                for (var index = 0; index < parameters.Count; index++) Assert.Equal(parameters[index].Span.ToArray(), taken[index].Span.ToArray());
                ExportedModel.AgreesAsPlainModel(parameters, sample.Seed);
            }
        },
        3 * Samples);

    /// <summary>In one of the opsets.</summary>
    private static void Agrees<T>(NetworkParameters<T> parameters, RandomOperator sample)
        where T : unmanaged, IFloatingPointIeee754<T> => ExportedModel.AgreesWithRuntime(parameters, sample.Seed, new OnnxExportOptions { Opset = 18 + (sample.Seed % 6) });

    private static NetworkDescription Forward(RandomOperator sample) => new("forward", sample.InputShape.From(1), [new Convolution(sample.Description)]);

    private static NetworkDescription Transposed(RandomOperator sample)
    {
        var output = sample.Geometry.OutputSize;
        var layer = new TransposedConvolution(sample.Description, sample.InputShape[1]) { OriginalSize = sample.InputShape.From(2), Bias = sample.Seed % 3 > 0 };
        return new("transposed", [sample.Description.Outputs, .. output.AsSpan()], [layer]);
    }

    private static NetworkDescription Tied(RandomOperator sample) =>
        new("tied", sample.InputShape.From(1), [new Convolution(sample.Description) { Name = "encode" }, new Relu(), new TiedTranspose("encode") { Bias = sample.Seed % 2 > 0 }]);
}
