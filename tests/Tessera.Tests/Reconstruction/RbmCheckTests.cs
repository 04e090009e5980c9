using Tessera.Connections;
using Tessera.Operators;
using Tessera.Reconstruction;
using Tessera.Tests.Operators;
using Xunit;

namespace Tessera.Tests.Reconstruction;

public class RbmCheckTests
{
    [Fact]
    public void Machines_of_every_operator_unit_and_pooling_pass() =>
        RandomRbm.Any.Holds(
            sample =>
            {
                var report = RbmCheck.Run(new BeliefNetDescription("net", sample.VisibleShape, [sample.Description]), seed: sample.Seed, threads: 1, cancellation: TestContext.Current.CancellationToken);
                Assert.True(report.Passed, $"{report}");
                Assert.Equal(sample.Description.Hidden == HiddenUnits.Rectified ? 1 : 2, report.Rows.Count);
            },
            12);

    [Fact]
    public void A_stack_has_two_rows_a_machine()
    {
        var low = new RbmDescription { Operator = new ConvolutionDescription { Kernel = [7, 7], Outputs = 12, Channels = ChannelConnections.Groups(2), Sharing = Sharing.Tiled([2, 2]) }, Visible = VisibleUnits.Gaussian, Pooling = [2, 2] };
        var top = new RbmDescription { Operator = new ConvolutionDescription { Kernel = [3, 3], Outputs = 4, Padding = Padding.Full, Bias = BiasSharing.None } };
        var told = new List<string>();
        var report = RbmCheck.Run(new BeliefNetDescription("net", [2, 14, 14], [low, top]), progress: new Listener(told), cancellation: TestContext.Current.CancellationToken);
        Assert.True(report.Passed, $"{report}");
        Assert.Equal(["rbm1 positive phase", "rbm1 exact gradient", "rbm2 positive phase", "rbm2 exact gradient"], told);
        Assert.All(report.Rows, static row => Assert.True(row.Compared > 5 && row.PassedOver == 0));
        Assert.All(report.Rows, static row => Assert.True(row.DifferenceError is > 0 and < 1e-6));
    }

    [Theory]
    [InlineData(7, 1, PaddingRule.Valid)]
    [InlineData(11, 4, PaddingRule.Full)]
    [InlineData(5, 2, PaddingRule.Same)]
    public void A_small_machine_keeps_what_makes_the_operator(int kernel, int stride, PaddingRule rule)
    {
        var padding = rule switch { PaddingRule.Full => Padding.Full, PaddingRule.Same => Padding.Same, _ => Padding.Valid };
        foreach (var channels in new[] { ChannelConnections.Dense, ChannelConnections.Groups(4), ChannelConnections.Depthwise, ChannelConnections.Table(ConnectionTable.Random(8, 16, 3, 1)) })
        {
            foreach (var visible in Enum.GetValues<VisibleUnits>())
            {
                var description = new RbmDescription
                {
                    Operator = new ConvolutionDescription { Kernel = [kernel, kernel], Outputs = 16, Stride = [stride, stride], Padding = padding, Channels = channels, Sharing = Sharing.Unshared },
                    Visible = visible,
                    Pooling = [2, 2],
                };
                var (small, shape) = SmallMachine.Of(description, [8, 28, 28]);
                Assert.True(RbmEnumeration<double>.Bits(small, small.Resolve(shape)) <= 12);
                Assert.Equal(description.Operator.Stride, small.Operator.Stride);
                Assert.Equal(description.Operator.Sharing, small.Operator.Sharing);
                Assert.Equal(channels.GroupCount == 0, small.Operator.Channels.GroupCount == 0);
                Assert.Equal(channels.ConnectionTable is null, small.Operator.Channels.ConnectionTable is null);
                if (rule == PaddingRule.Valid) Assert.Equal(description.Operator.Kernel, small.Operator.Kernel);
            }
        }
    }

    private sealed class Listener(List<string> told) : IProgress<Tessera.Training.GradientCheckRow>
    {
        public void Report(Tessera.Training.GradientCheckRow value) => told.Add(value.Layer);
    }
}
