using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Execution;

public class NetworkReportTests
{
    [Fact]
    public void A_report_says_what_each_layer_reads_computes_and_takes()
    {
        var network = new NetworkDescription("net", [2, 8, 9],
        [
            new Convolution(new() { Kernel = [3, 2], Outputs = 4, Stride = [2, 3], Padding = Padding.Same, Bias = BiasSharing.None }),
            new Relu(),
            new MaxPool { Window = [3, 3] },
            new TransposedConvolution(new() { Kernel = [2, 2], Outputs = 4, Stride = [2, 2] }, 3) { OutputPadding = [1, 0] },
            new Dense(5),
        ]);
        var report = NetworkReport.Of<float>(network, 2, new() { Training = true, Threads = 1 });

        var conv = report.Layers[0];
        Assert.Equal("input", Assert.Single(conv.Inputs));
        Assert.Equal<Sizes>([2, 4, 4, 3], conv.OutputShape);
        Assert.Equal((0, 1), (conv.Axes[0].PadLow, conv.Axes[0].PadHigh));
        Assert.Equal(3, conv.Axes[1].UnreadInputs());
        Assert.Equal(4 * 2 * 6, conv.ParameterCount);
        // Rows 0 to 8 but for the last output's third row in the padding: 11 of 12; columns 6 of 6.
        Assert.Equal(2 * 4 * 2 * 11 * 6, conv.MultiplyAdds);
        Assert.Equal(2 * 4 * 4 * 3 * 4, conv.ActivationBytes);
        Assert.False(conv.IsInPlace);

        Assert.True(report.Layers[1].IsInPlace);
        Assert.Equal(2 * 4 * 1 * 1 * sizeof(int), report.Layers[2].StateBytes);
        Assert.Equal<Sizes>([2, 3, 3, 2], report.Layers[3].OutputShape);
        Assert.Equal(1, report.Layers[3].Axes[0].UnreadInputs());
        Assert.Equal(2 * 18 * 5, report.Layers[4].MultiplyAdds);
        Assert.Equal((18 * 5) + 5, report.Layers[4].ParameterCount);
        Assert.Equal(report.Layers.Sum(layer => layer.MultiplyAdds), report.MultiplyAdds);
        Assert.Equal(MemoryPlan.Of<float>(network, 2, new() { Training = true, Threads = 1 }), report.Memory);
        Assert.Equal(report.Layers.Max(layer => layer.WorkspaceBytes), report.Memory.WorkspaceBytes);
    }
}
