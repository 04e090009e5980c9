using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Xunit;

namespace Tessera.Tests.Execution;

public class NetworkPlanTests
{
    [Fact]
    public void A_plan_says_what_each_layer_reads_computes_and_takes()
    {
        var network = new NetworkDescription("net", [2, 8, 9],
        [
            new Convolution(new() { Kernel = [3, 2], Outputs = 4, Stride = [2, 3], Padding = Padding.Same, Bias = BiasSharing.None }),
            new Relu(),
            new MaxPool { Window = [3, 3] },
            new TransposedConvolution(new() { Kernel = [2, 2], Outputs = 4, Stride = [2, 2] }, 3) { OutputPadding = [1, 0] },
            new Dense(5),
        ]);
        var plan = NetworkPlan.Of<float>(network, 2, threads: 1);

        var conv = plan.Layers[0];
        Assert.Equal<Sizes>([4, 4, 3], conv.OutputShape);
        Assert.Equal((0, 1), (conv.Axes[0].PadLow, conv.Axes[0].PadHigh));
        Assert.Equal(3, conv.Axes[1].UnreadInputs());
        Assert.Equal(4 * 2 * 6, conv.Parameters);
        // Rows 0 to 8 but for the last output's third row in the padding: 11 of 12; columns 6 of 6.
        Assert.Equal(4 * 2 * 11 * 6, conv.MultiplyAdds);
        Assert.Equal(2 * 4 * 4 * 3 * 4, conv.ActivationBytes);
        Assert.True(conv.DropsInputs);

        Assert.Equal<Sizes>([3, 3, 2], plan.Layers[3].OutputShape);
        Assert.True(plan.Layers[3].IsTransposed);
        Assert.False(plan.Layers[3].DropsInputs);
        Assert.Equal(18 * 5, plan.Layers[4].MultiplyAdds);
        Assert.Equal((18 * 5) + 5, plan.Layers[4].Parameters);
        Assert.Equal(plan.Layers.Sum(layer => layer.MultiplyAdds), plan.MultiplyAdds);
        Assert.Equal(MemoryPlan.Of<float>(network, 2, new() { Training = true, Threads = 1 }), plan.Training);
        // One workspace serves all layers: the most that any shares among its workers, and the most that a worker has for itself.
        Assert.InRange(plan.Training.WorkspaceBytes, plan.Layers.Max(layer => layer.WorkspaceBytes), plan.Layers.Sum(layer => layer.WorkspaceBytes));
    }
}
