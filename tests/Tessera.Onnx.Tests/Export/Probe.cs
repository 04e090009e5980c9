using Microsoft.ML.OnnxRuntime;
using Tessera.Networks;
using Tessera.Onnx.Import;
using Tessera.Tests.Execution;
using Xunit;
namespace Tessera.Onnx.Tests.Export;
public class Probe
{
    [Fact]
    public void Look()
    {
        foreach (var seed in new[] { 0, 13, 60, 61 })
        {
            var p = ExportedModel.Parameters<double>(RandomNetwork.Of(seed), seed);
            foreach (var l in p.Network.Layers) Console.WriteLine(l);
            foreach (var n in OnnxExport.Model(p).Graph.Nodes) Console.WriteLine($"  {n.Operator} {n.Name}: {string.Join(",", n.Inputs)} -> {string.Join(",", n.Outputs)}");
            foreach (var level in Enum.GetValues<GraphOptimizationLevel>())
            {
                ExportedModel.Level = level;
                try { ExportedModel.AgreesWithRuntime(p, seed); Console.WriteLine($"{level} fine"); } catch (Exception e) { Console.WriteLine($"{level} {e.Message}"); }
            }
        }
    }
}
