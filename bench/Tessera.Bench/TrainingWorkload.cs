using Tessera.Connections;
using Tessera.Execution;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;

namespace Tessera.Bench;

/// <summary>The networks whose training steps are timed.</summary>
internal enum TrainingNetwork
{
    /// <summary>1×28²: conv 32 3² valid, relu, conv 64 3² valid, relu, max pool 2, dense 128, relu, dense 10; Adam.</summary>
    Mnist,

    /// <summary>3×32²: twice conv 3² same, batch norm, relu, then max pool 2, with 64, 128 and 256 channels; dense 10; SGD with momentum.</summary>
    Cifar,

    /// <summary>As <see cref="Mnist"/>, with both convolutions unshared.</summary>
    Local,
}

/// <summary>One step of training on a batch of random images: forward, cross-entropy, backward, update.</summary>
internal sealed record TrainingWorkload(TrainingNetwork Network, string Name, int Batch, Sizes Image)
    : Workload(SuiteNames.Train, Name, Operation.Step, 1)
{
    public const int Classes = 10;

    public static IReadOnlyList<TrainingWorkload> Networks { get; } =
    [
        new(TrainingNetwork.Mnist, "mnist-cnn", 64, [1, 28, 28]),
        new(TrainingNetwork.Cifar, "cifar-vgg", 32, [3, 32, 32]),
        new(TrainingNetwork.Local, "local-cnn", 64, [1, 28, 28]),
    ];

    /// <summary>
    /// Three times the multiply-adds of a forward pass, for a layer's two gradients cost as much as its output, but the input gradient
    /// of the first layer, which nobody needs; padding is left out.
    /// </summary>
    public override double FloatingPointOperations
    {
        get
        {
            var plan = NetworkPlan.Of<float>(Description, Batch, Threads);
            return 2.0 * Batch * ((3 * plan.MultiplyAdds) - plan.Layers[0].MultiplyAdds);
        }
    }

    public override int Examples => Batch;

    /// <summary>The network as this library says it.</summary>
    public NetworkDescription Description => new(Name, Image, Layers(Network));

    public float[] Images()
    {
        var source = new RandomSource(9, 1);
        var values = new float[Batch * Image.Product];
        foreach (ref var value in values.AsSpan()) value = (float)source.NextNormal();
        return values;
    }

    public int[] Labels()
    {
        var source = new RandomSource(9, 2);
        var labels = new int[Batch];
        foreach (ref var label in labels.AsSpan()) label = source.NextInt(Classes);
        return labels;
    }

    private static IReadOnlyList<Layer> Layers(TrainingNetwork network) => network switch
    {
        TrainingNetwork.Mnist => Digits(Sharing.Shared),
        TrainingNetwork.Local => Digits(Sharing.Unshared),
        _ => [.. Block(64), .. Block(128), .. Block(256), new Flatten(), new Dense(Classes)],
    };

    private static IReadOnlyList<Layer> Digits(Sharing sharing) =>
    [
        Convolution(32, Padding.Valid, sharing), new Relu(),
        Convolution(64, Padding.Valid, sharing), new Relu(),
        new MaxPool { Window = [2, 2] }, new Flatten(), new Dense(128), new Relu(), new Dense(Classes),
    ];

    private static IEnumerable<Layer> Block(int outputs) =>
    [
        Convolution(outputs, Padding.Same, Sharing.Shared), new BatchNormalisation(), new Relu(),
        Convolution(outputs, Padding.Same, Sharing.Shared), new BatchNormalisation(), new Relu(),
        new MaxPool { Window = [2, 2] },
    ];

    private static Convolution Convolution(int outputs, Padding padding, Sharing sharing) =>
        new(new ConvolutionDescription { Kernel = [3, 3], Outputs = outputs, Padding = padding, Sharing = sharing });
}
