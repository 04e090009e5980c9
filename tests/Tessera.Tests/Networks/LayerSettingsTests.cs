using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Initialisers;
using Tessera.Networks.Layers;
using Tessera.Training;
using Xunit;

namespace Tessera.Tests.Networks;

/// <summary>What activations and normalisations refuse, by text, and how weights before them begin.</summary>
public class LayerSettingsTests
{
    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        Refused("selu1: alpha 0; it must be above 0, such as 1.6733.", new Selu(0));
        Refused("selu1: gamma NaN; it must be above 0, such as 1.0507.", new Selu(1, double.NaN));
        Refused("celu1: alpha -1; it must be above 0, such as 1.", new Celu(-1));
        Refused("hard-sigmoid1: alpha 0; it must be above 0, such as 0.2.", new HardSigmoid(0));
        Refused("hard-sigmoid1: beta Infinity; it must be finite, such as 0.5.", new HardSigmoid(1, double.PositiveInfinity));
        Refused("prelu1: initial value NaN; it must be finite, such as 0.25.", new PRelu { InitialValue = double.NaN });
        Refused("thresholded-relu1: threshold -0.5; it must be 0 or above, such as 1.", new ThresholdedRelu(-0.5));
        Refused("clip1: minimum 2 lies above maximum 1.5; exchange them, or leave one out.", new Clip(2, 1.5));
        Refused("clip1: minimum NaN; it must be finite: leave it out where there is no bound.", new Clip(double.NaN, 1));
        Refused("clip1: maximum Infinity; it must be finite: leave it out where there is no bound.", new Clip(0, double.PositiveInfinity));
        Refused("element1: there is no function 99; use one of ElementFunction, such as Absolute.", new Elementwise((ElementFunction)99));
        Refused("softmax1: axis 4 is none of the 4 axes of the input 1×6×8×8; use 0 to 3, or -4 to -1 from the end.", new Softmax(4));
        Refused("log-softmax1: axis -5 is none of the 4 axes of the input 1×6×8×8; use 0 to 3, or -4 to -1 from the end.", new LogSoftmax(-5));
        Refused("norm1: axis 0 of the input 1×6×8×8 is that of examples, which stay apart; use 1 to 3, or -3 to -1 from the end.", new LayerNormalisation { Axis = 0 });
        Refused("norm1: axis -4 of the input 1×6×8×8 is that of examples, which stay apart; use 1 to 3, or -3 to -1 from the end.", new LayerNormalisation { Axis = -4 });
        Refused("norm1: epsilon 0; it must be above 0, such as 1e-5.", new LayerNormalisation { Epsilon = 0 });
        Refused("norm1: epsilon -1; it must be above 0, such as 1e-5.", new InstanceNormalisation { Epsilon = -1 });
        Refused("norm1: 0 groups; at least 1 is needed.", new GroupNormalisation(0));
        Refused("norm1: the input 1×6×8×8 has 6 channels, which 4 groups do not divide; use a number of groups that does.", new GroupNormalisation(4));
        Refused("norm1: size 0; a window has at least 1 channel.", new LocalResponseNormalisation(0));
        Refused("norm1: alpha -1; it must be 0 or above, such as 1e-4.", new LocalResponseNormalisation(3) { Alpha = -1 });
        Refused("norm1: beta NaN; it must be finite, such as 0.75.", new LocalResponseNormalisation(3) { Beta = double.NaN });
        Refused("norm1: bias 0; it must be above 0, such as 1.", new LocalResponseNormalisation(3) { Bias = 0 });
    }

    [Fact]
    public void Training_refuses_to_normalise_single_values_that_inference_takes()
    {
        var network = new NetworkDescription("net", [3, 1], [new InstanceNormalisation()]);
        _ = new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 2);
        Assert.Equal(
            "norm1: training on 2×3×1 normalises single values, whose variance is 0; normalise more channels or positions together.",
            Text(() => new NetworkExecution<float>(network, NetworkParameters<float>.Create(network, 1), 2, new() { Training = true })));
        var layer = new NetworkDescription("net", [3, 1], [new LayerNormalisation()]);
        Assert.Equal(
            "norm1: training on 2×3×1 from axis -1 on normalises single values, whose variance is 0; begin at an earlier axis.",
            Text(() => new NetworkExecution<float>(layer, NetworkParameters<float>.Create(layer, 1), 2, new() { Training = true })));
    }

    [Fact]
    public void Cross_entropy_refuses_a_softmax_over_positions()
    {
        var network = new NetworkDescription("net", [3, 4], [new Softmax(2)]);
        Assert.Equal(
            "softmax1: cross-entropy is over the channels, not over axis 2; leave the softmax's axis at 1, or take it out.",
            Text(() => LossHead.ForLoss(network, new CrossEntropy())).Replace(new CrossEntropy().Name, "cross-entropy", StringComparison.Ordinal));
        Assert.Single(LossHead.ForLoss(new NetworkDescription("net", [3, 4], [new Relu(), new Softmax(-2)]), new CrossEntropy()).Layers);
    }

    [Fact]
    public void Weights_begin_as_suits_the_activation_that_follows()
    {
        foreach (var layer in (Layer[])
        [
            new PRelu(), new ThresholdedRelu(), new Celu(), new Mish(), new HardSwish(), new Gelu(true), new SoftThreshold(), new Clip(0, 6),
        ])
        {
            Assert.Equal(new He(), Before(layer));
            Assert.Equal(new He(), Before(new GroupNormalisation(1), layer));
        }

        foreach (var layer in (Layer[])[new HardSigmoid(), new Softsign(), new Clip(-1, 1), new Elementwise(ElementFunction.Erf)]) Assert.Equal(new Glorot(), Before(layer));
        Assert.Equal(new LeCun(), Before(new Selu(), new Relu()));
        Assert.Equal(new LeCun(), Before(new LogSoftmax()));
    }

    private static Initialiser Before(params Layer[] layers) =>
        DefaultInitialiser.For(new NetworkDescription("net", [6, 4], [new Dense(6), .. layers]), 0);

    private static void Refused(string expected, Layer layer) => Assert.Equal(expected, Text(() => new NetworkDescription("net", [6, 8, 8], [layer]).Shapes(1)));

    private static string Text(Func<object> action) => Assert.ThrowsAny<ArgumentException>(action).Message.Split(" (Parameter")[0];
}
