using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Training;

public class GradientCheckTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_network_of_every_sort_of_layer_passes()
    {
        var network = new NetworkDescription(
            "all",
            [2, 8, 8],
            [
                new Convolution(new() { Kernel = [3, 3], Outputs = 6, Padding = Padding.Same }) { Name = "first" },
                new BatchNormalisation(),
                new Relu { Name = "relu" },
                new Convolution(new() { Kernel = [3, 3], Outputs = 6, Padding = Padding.Same, Channels = ChannelConnections.Groups(3) }),
                new Add { Inputs = ["relu", "conv1"] },
                new MaxPool { Name = "pool", Window = [2, 2] },
                new Convolution(new() { Kernel = [3, 3], Outputs = 6, Padding = Padding.Same, Sharing = Sharing.Tiled([2, 2]) }),
                new Dropout(0.3),
                new MaxUnpool("pool"),
                new AveragePool { Window = [2, 2], Stride = [2, 2] },
                new Convolution(new() { Kernel = [3, 3], Outputs = 4, Sharing = Sharing.Unshared }),
                new TransposedConvolution(new() { Kernel = [2, 2], Outputs = 4, Stride = [2, 2] }, 3) { Name = "up" },
                new Tanh(),
                new Flatten(),
                new Dense(4),
                new Softmax(),
            ]);
        var told = new List<string>();
        var report = GradientCheck.Run(network, new CrossEntropy(), progress: new Progress(told), threads: 1, cancellation: Token);
        Assert.True(report.Passed, report.ToString());
        Assert.Equal([.. network.Layers.Select(layer => layer.Name), ""], report.Rows.Select(row => row.Layer));
        Assert.Equal(told, report.Rows.Select(row => row.Layer));
        string[] linear = ["first", "conv1", "add1", "conv2", "dropout1", "pool1", "conv3", "up", "flatten1", "dense1"];
        foreach (var row in report.Rows.Where(row => linear.Contains(row.Layer))) Assert.NotNull(row.AdjointError);
        foreach (var row in report.Rows.Where(row => row.Kind is "relu" or "max-pool" or "tanh" or "softmax")) Assert.Null(row.AdjointError);
        Assert.True(report.Rows.Sum(row => row.PassedOver) < report.Rows.Sum(row => row.Compared) / 4, report.ToString());
    }

    [Theory]
    [InlineData(Fault.None)]
    [InlineData(Fault.InputGradient)]
    [InlineData(Fault.OneInputElement)]
    [InlineData(Fault.ParameterGradient)]
    public void A_broken_linear_layer_fails_by_its_adjoint(Fault fault)
    {
        var row = RowOf(new Broken(fault, false));
        Assert.Equal(fault == Fault.None, row.Passed);
        Assert.Equal(fault == Fault.None, row.AdjointError <= GradientCheck.AdjointTolerance);
    }

    [Theory]
    [InlineData(Fault.None)]
    [InlineData(Fault.InputGradient)]
    [InlineData(Fault.OneInputElement)]
    [InlineData(Fault.ParameterGradient)]
    public void A_broken_layer_that_is_not_linear_fails_by_its_differences(Fault fault)
    {
        var row = RowOf(new Broken(fault, true));
        Assert.Equal(fault == Fault.None, row.Passed);
        Assert.Equal(fault == Fault.None, row.DifferenceError <= GradientCheck.DifferenceTolerance);
        if (fault != Fault.None) Assert.Equal(fault == Fault.ParameterGradient ? "factor" : "input", row.Worst);
    }

    [Fact]
    public void A_broken_layer_fails_the_whole_network_too_and_the_report_says_so()
    {
        var network = new NetworkDescription("broken", [5], [new Dense(4), new Broken(Fault.InputGradient, true), new Dense(3)]);
        var report = GradientCheck.Run(network, new MeanSquaredError(), threads: 1, cancellation: Token);
        Assert.False(report.Passed);
        Assert.Equal([true, false, true, false], report.Rows.Select(row => row.Passed));
        Assert.StartsWith("dense1.", report.Rows[^1].Worst);
        var lines = report.ToString().Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.EndsWith("FAILED", lines[2]);
        Assert.EndsWith("ok", lines[3]);
        Assert.StartsWith("(network)", lines[4]);
    }

    [Fact]
    public void Every_loss_passes_with_the_network_that_suits_it()
    {
        foreach (var (loss, last) in new (Loss, Layer)[]
        {
            (new CrossEntropy { LabelSmoothing = 0.1 }, new Dense(3)), (new BinaryCrossEntropy(), new Sigmoid()), (new MeanSquaredError(), new Tanh()), (new MeanAbsoluteError(), new Dense(1)),
        })
        {
            var report = GradientCheck.Run(new NetworkDescription("small", [6], [new Dense(5), new Relu(), new Dense(4), last]), loss, threads: 1, cancellation: Token);
            Assert.True(report.Passed, report.ToString());
        }
    }

    private static GradientCheckRow RowOf(Layer layer) =>
        GradientCheck.Run(new NetworkDescription("one", [7, 3], [layer with { Name = "it" }, new Flatten(), new Dense(2)]), new MeanSquaredError(), threads: 1, cancellation: Token).Rows[0];

    public enum Fault
    {
        None,
        InputGradient,
        OneInputElement,
        ParameterGradient,
    }

    private sealed class Progress(List<string> told) : IProgress<GradientCheckRow>
    {
        public void Report(GradientCheckRow value) => told.Add(value.Layer);
    }

    /// <summary>Multiplies every element by a factor of its own, or the square of every element; its backward pass may be wrong in a part in a thousand.</summary>
    private sealed record Broken(Fault Fault, bool Squares) : Layer
    {
        public override string Kind => "broken";

        public override Sizes InferShape(IReadOnlyList<Sizes> inputs) => inputs[0];

        public override IReadOnlyList<ParameterDescription> Parameters(IReadOnlyList<Sizes> inputs) =>
            [new ParameterDescription("factor", inputs[0].From(1), 1, 1, ParameterRole.Scale) { InitialValue = 1 }];

        internal override LayerExecution<T> Compile<T>(LayerContext context) =>
            (LayerExecution<T>)(object)new Execution(Fault, Squares, (int)context.Output.Product, (int)context.Output.From(1).Product);

        private sealed unsafe class Execution(Fault fault, bool squares, int count, int each) : LayerExecution<double>
        {
            public override bool BackwardReadsInputs => true;

            public override void Forward()
            {
                for (var i = 0; i < count; i++) Memory.Output[i] = Memory.Parameters[0][i % each] * (squares ? Memory.Inputs[0][i] * Memory.Inputs[0][i] : Memory.Inputs[0][i]);
            }

            public override void Backward()
            {
                new Span<double>(Memory.ParameterGradients[0], each).Clear();
                for (var i = 0; i < count; i++)
                {
                    var (v, k, g) = (Memory.Inputs[0][i], Memory.Parameters[0][i % each], Memory.OutputGradient[i]);
                    var wrong = fault == Fault.InputGradient || (fault == Fault.OneInputElement && i == 5) ? 1.001 : 1;
                    if (Memory.InputGradients[0] != null) Memory.InputGradients[0][i] = (squares ? 2 * v * k * g : k * g) * wrong;
                    Memory.ParameterGradients[0][i % each] += (squares ? v * v * g : v * g) * (fault == Fault.ParameterGradient ? 1.001 : 1);
                }
            }
        }
    }
}
