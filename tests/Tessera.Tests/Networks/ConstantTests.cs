using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Networks;

public class ConstantTests
{
    [Fact]
    public void A_constant_has_no_batch_and_its_parameter_is_given_or_trained()
    {
        var network = Net(new Constant([2, 1, 1]) { Name = "scale", IsTrained = true, InitialValue = 3 }, new Multiply { Inputs = ["input", "scale"] }, new Constant([]) { Name = "one", InitialValue = 1 }, new Add { Inputs = ["multiply1", "one"] });
        Assert.Equal([[2, 1, 1], [5, 2, 8, 8], [], [5, 2, 8, 8]], network.Shapes(5));
        Assert.Equal([("scale.value", true), ("one.value", false)], network.Parameters.Select(parameter => (parameter.Name, parameter.Description.IsTrained)));
        Assert.Equal(2, network.TrainedParameterCount);
        Assert.Equal("net: 2×8×8\n  scale (constant): 2×1×1\n  multiply1 (multiply): 2×8×8\n  one (constant): ()\n  add1 (add): 2×8×8", network.ToString());
        var execution = new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 2);
        var input = new float[2 * 2 * 64];
        input[7] = 5;
        var output = execution.Forward(input);
        Assert.Equal((16, 1), (output[7], output[8]));
    }

    [Fact]
    public void A_constant_is_neither_copied_nor_counted_among_activations()
    {
        var network = Net(new Constant([2, 8, 8]) { Name = "c" }, new Add { Inputs = ["c", "input"] }, new Multiply { Inputs = ["add1", "c"] });
        Assert.Equal(2 * 8 * 8 * sizeof(float) * 3, MemoryPlan.Of<float>(network, 1).UnsharedActivationBytes);
        var parameters = NetworkParameters<float>.Create(network, 1);
        var execution = new NetworkExecution<float>(network, parameters, 3, new() { KeepActivations = true });
        parameters["c.value"].Span.Fill(2);
        Assert.Equal(4, execution.Forward(new float[3 * 128])[200]);
        parameters["c.value"].Span.Fill(3);
        Assert.Equal(9, execution.Forward(new float[3 * 128])[200]);
        Assert.Equal([2, 8, 8], execution.Activation("c").Lengths.ToArray().Select(length => (int)length));
    }

    [Fact]
    public void Plans_and_receptive_fields_cope_with_a_layer_without_inputs()
    {
        var network = Net(
            new Constant([4, 6, 6]) { Name = "c" },
            new Convolution(new() { Kernel = [3, 3], Outputs = 4 }) { Name = "conv", Inputs = ["input"] },
            new Add { Name = "sum", Inputs = ["c", "conv"] },
            new Constant([6, 6]) { Name = "m" },
            new MatrixProduct { Name = "mixed", Inputs = ["sum", "m"] });
        var plan = NetworkPlan.Of<float>(network, 4);
        Assert.Equal<Sizes>([4, 6, 6], plan.Layers[0].OutputShape);
        Assert.Equal([0, 3, 3, 0, 8], plan.Layers.Select(layer => layer.ReceptiveField[1].Longest));
        Assert.Equal(4 * 36 * 6, plan.Layers[^1].MultiplyAdds);
        Assert.NotEmpty(DepthOutlook.Of(network));
        // A sum with a single position has six too.
        Assert.Equal([(3, 3), (8, 8)], InputSizeSearch.For(network, 2, 0, 6));
    }

    [Fact]
    public void The_gradient_certificate_copes_with_constants()
    {
        var network = Net(
            new Constant([2, 1, 1]) { Name = "given", InitialValue = 2 },
            new Constant([8, 5]) { Name = "matrix", IsTrained = true },
            new Multiply { Name = "product", Inputs = ["input", "given"] },
            new MatrixProduct { Inputs = ["product", "matrix"] },
            new Power { Inputs = ["product1", "given"] },
            new Reduce(ReduceFunction.L2, [2]),
            new Dense(3));
        var report = GradientCheck.Run(network, new MeanSquaredError(), threads: 1, cancellation: TestContext.Current.CancellationToken);
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_name_with_a_way_out()
    {
        Refused("constant1: constant takes no input but names 1 (input); leave its inputs out.", new Constant([1]) { Inputs = ["input"] });
        Refused("constant1: it is the network's output, but nothing of the network's input reaches it; let it, or a layer before it, take 'input'.", new Constant([1]));
        Refused("c: the shape 3×0 must have sizes of at least 1.", new Constant([3, 0]) { Name = "c" }, new Add { Inputs = ["input", "c"] });
        Refused("c: initial value NaN; a finite number is needed.", new Constant([]) { Name = "c", InitialValue = double.NaN }, new Add { Inputs = ["input", "c"] });
        Refused("add1: for a batch of 1 its output is 2×2×8×8, whose first axis is not the batch; give constants 1 on the axis that meets the batch, and no axis before it.", new Constant([2, 1, 1, 1]) { Name = "c" }, new Add { Inputs = ["input", "c"] });
        Refused("add1: for a batch of 2 its output is 1×2×2×8×8, whose first axis is not the batch; give constants 1 on the axis that meets the batch, and no axis before it.", new Constant([1, 1, 1, 1, 1]) { Name = "c" }, new Add { Inputs = ["input", "c"] });
        Refused("softmax1: its input c 3 has 1 axes, but softmax needs at least 2; reshape it first.", new Constant([3]) { Name = "c" }, new Softmax { Inputs = ["c"] }, new Multiply { Inputs = ["input", "softmax1"] });
        Refused("subtract1: subtract takes 2 inputs but has 1; name them all in its inputs, in order.", new Subtract());
        Refused("product1: its inputs input 1×2×8×8 and c 7×3 do not go together: 8 columns meet 7 rows; transpose or reshape one so that both are one number.", new Constant([7, 3]) { Name = "c" }, new MatrixProduct { Inputs = ["input", "c"] });
        Refused("product1: its input c 8 is no matrix; reshape it to one with a row or a column of 1.", new Constant([8]) { Name = "c" }, new MatrixProduct { Inputs = ["input", "c"] });
        Refused("product1: its inputs input 1×2×8×8 and c 3×8×8 are stacks of other sizes: aligned before their last two axes, 2 meets 3 and neither is 1; reshape one of them.", new Constant([3, 8, 8]) { Name = "c" }, new MatrixProduct { Inputs = ["input", "c"] });
        Refused("reduce1: axis 0 of its input 1×2×8×8 is the batch, whose examples stay apart; choose from 1 to 3.", new Reduce(ReduceFunction.Sum, [0]));
        Refused("reduce1: axis -4 of its input 1×2×8×8 is the batch, whose examples stay apart; choose from 1 to 3.", new Reduce(ReduceFunction.Sum, [-4]));
        Refused("argmax1: there is no axis 4 in its input 1×2×8×8; choose from 1 to 3, or from −3 to −1 counted from the end.", new ArgMax(4));
        Refused("reduce1: it names axis 3 of its input 1×2×8×8 twice; name it once.", new Reduce(ReduceFunction.Sum, [3, -1]));
        Refused("reduce1: it names no axis of its input 1×2×8×8; name at least one, from 1 to 3.", new Reduce(ReduceFunction.Sum, []));
    }

    private static NetworkDescription Net(params Layer[] layers) => new("net", [2, 8, 8], layers);

    private static void Refused(string message, params Layer[] layers) => Assert.Equal(message, Assert.Throws<ArgumentException>(() => Net(layers)).Message);
}
