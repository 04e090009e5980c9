using Tessera.Networks;
using Tessera.Networks.Layers;

namespace Tessera.Tests.Files;

/// <summary>Activations and normalisations with settings of their own, for random models: one of them for each fraction.</summary>
internal static class RandomBend
{
    /// <summary>All kinds, with settings made of a fraction.</summary>
    public static Layer[] All(double fraction) =>
    [
        new Relu(),
        new PRelu { InitialValue = fraction, Shared = fraction > 0.5 },
        new ThresholdedRelu(fraction),
        new Celu(fraction + 0.1),
        new Selu(),
        new Selu(fraction + 0.1, 1 + fraction),
        new Clip(),
        new Clip(-fraction),
        new Clip(Maximum: fraction),
        new Clip(-1 / 3.0, fraction),
        new HardSigmoid(fraction + 0.1, -fraction),
        new HardSwish(),
        new Softsign(),
        new Mish(),
        new Gelu(fraction > 0.5),
        .. Enum.GetValues<ElementFunction>().Select(function => new Elementwise(function)),
        new Softmax(-1),
        new LogSoftmax(),
        new LogSoftmax(0),
        new InstanceNormalisation { Epsilon = fraction + 0.01 },
        new GroupNormalisation(1) { Epsilon = fraction + 0.01 },
        new LayerNormalisation(),
        new LayerNormalisation { Axis = 1, Shift = fraction > 0.5, Epsilon = fraction + 0.01 },
        new LocalResponseNormalisation(3),
        new LocalResponseNormalisation(2) { Alpha = fraction, Beta = -fraction, Bias = fraction + 0.5 },
    ];

    public static Layer Of(double fraction)
    {
        var all = All(fraction);
        return all[(int)Math.Round(fraction * 100) % all.Length];
    }
}
