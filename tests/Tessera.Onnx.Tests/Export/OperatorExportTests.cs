using Tessera.Connections;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Onnx.Import;
using Tessera.Operators;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Onnx.Tests.Export;

public class OperatorExportTests
{
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
            sample => ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<float>(Forward(sample), sample.Seed), sample.Seed), 25);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Transposes_of_every_kind_give_the_same_in_ONNX_Runtime(ChannelKind channels, SharingKind sharing) =>
        RandomOperator.Of(channels, sharing).Holds(
            sample => ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<float>(Transposed(sample), sample.Seed), sample.Seed), 25);

    [Fact]
    public void Tied_transposes_give_the_same_in_ONNX_Runtime() =>
        RandomOperator.Any.Holds(sample => ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<double>(Tied(sample), sample.Seed), sample.Seed), 40);

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
            }
        },
        60);

    private static NetworkDescription Forward(RandomOperator sample) => new("forward", sample.InputShape.From(1), [new Convolution(sample.Description)]);

    private static NetworkDescription Transposed(RandomOperator sample)
    {
        var output = sample.Description.Resolve(sample.InputShape[1], sample.InputShape.From(2)).OutputSize;
        var layer = new TransposedConvolution(sample.Description, sample.InputShape[1]) { OriginalSize = sample.InputShape.From(2), Bias = sample.Seed % 3 > 0 };
        return new("transposed", [sample.Description.Outputs, .. output.AsSpan()], [layer]);
    }

    private static NetworkDescription Tied(RandomOperator sample) =>
        new("tied", sample.InputShape.From(1), [new Convolution(sample.Description) { Name = "encode" }, new Relu(), new TiedTranspose("encode") { Bias = sample.Seed % 2 > 0 }]);
}
