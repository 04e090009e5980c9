using CsCheck;
using Tessera.Connections;
using Tessera.Reconstruction;
using Tessera.Tests.Operators;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Reconstruction;

public class SparseCodingCheckTests
{
    [Fact]
    public void Every_operator_passes() => SparseExample.Any.Where(example => example.Operator.InputShape.Product < 300).Holds(
        example =>
        {
            var report = SparseCodingCheck.Run(example.Description, 2, example.Operator.Seed, 1, cancellation: TestContext.Current.CancellationToken);
            Assert.True(report.Passed, report.ToString());
            Assert.Equal(["decoder", "inference", "codes"], report.Rows.Select(row => row.Layer));
        },
        iterations: 25);

    [Fact]
    public void A_model_of_real_size_passes_and_tells_each_row()
    {
        var description = new SparseCodingDescription
        {
            InputShape = [1, 28, 28],
            Operator = new() { Kernel = [7, 7], Outputs = 16, Sharing = Sharing.Tiled([2, 2]), Stride = [2, 2], Padding = Padding.Same },
            Sparsity = 0.2,
        };
        var told = new List<GradientCheckRow>();
        var report = SparseCodingCheck.Run(description, progress: new Progress(told.Add), cancellation: TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(report.ToString());
        Assert.True(report.Passed, report.ToString());
        Assert.Equal(report.Rows, told);
        Assert.True(report.Rows[0].AdjointError < GradientCheck.AdjointTolerance);
        Assert.Equal(0, report.Rows[1].DifferenceError, 1e-12);
    }

    [Fact]
    public void Codes_that_are_no_minimum_are_found_out()
    {
        Assert.Equal(0, SparseCodingCheck.Missed([0, 2, -1], [0.5, 0.5, -0.5], 0.5, false));
        Assert.Equal(1, SparseCodingCheck.Missed([0, 2], [-1, 0.5], 0.5, false), 1e-15);
        Assert.Equal(0, SparseCodingCheck.Missed([0, 2], [-1, 0.5], 0.5, true));
        Assert.Equal(0.5, SparseCodingCheck.Missed([2], [0.25], 0.5, false), 1e-15);
        Assert.Equal(2, SparseCodingCheck.Missed([-2], [0.5], 0.5, false), 1e-15);
        Assert.Equal(double.PositiveInfinity, SparseCodingCheck.Missed([-1], [0.5], 0.5, true));
        Assert.Equal(double.PositiveInfinity, SparseCodingCheck.Missed([double.NaN, 0], [0.5, 0], 0.5, false));
    }

    private sealed class Progress(Action<GradientCheckRow> told) : IProgress<GradientCheckRow>
    {
        public void Report(GradientCheckRow value) => told(value);
    }
}
