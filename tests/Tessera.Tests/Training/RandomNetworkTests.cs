using CsCheck;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Tests.Files;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

/// <summary>Random networks of random layers.</summary>
public class RandomNetworkTests
{
    [Fact]
    public void Any_network_passes_the_gradient_check() => RandomModel.Any.Sample(
        model =>
        {
            var network = RandomModel.Plain(model.Network);
            var report = GradientCheck.Run(network, new MeanSquaredError(), threads: 1, cancellation: TestContext.Current.CancellationToken);
            // A layer that is constant between steps stops every gradient before it; then there is nothing to compare, or where its numbers are large its steps look like a slope from afar.
            var hasSteps = network.Layers.Any(static layer => layer is Elementwise { Function: ElementFunction.Round or ElementFunction.Floor or ElementFunction.Ceiling or ElementFunction.Truncate });
            Assert.True(report.Rows.All(row => row.Passed || row.Compared == 0 || (hasSteps && row.Layer.Length == 0)), $"{network}\n{report}");
        },
        iter: 8,
        threads: 1);

    [Fact]
    public void Passes_of_any_network_allocate_nothing_after_the_first() => RandomModel.Any.Sample(
        model =>
        {
            var network = RandomModel.Plain(model.Network);
            var how = new ExecutionOptions { Training = true, Threads = 1 };
            var execution = new FlatExecution<float>(new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 3, how));
            var input = new float[execution.Network.InputShape.Product];
            // The least of a few passes: the runtime itself makes an object now and then, when it compiles a method anew.
            long least = long.MaxValue;
            for (var pass = 0; pass < 6; pass++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                execution.Forward(input);
                execution.Backward();
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            Assert.Equal(0, least);
        },
        iter: 30,
        threads: 1);
}
