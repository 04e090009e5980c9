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
    : Workload(Suites.Train, Name, Operation.TrainingStep, 1)
{
    public const int Classes = 10;

    public static IReadOnlyList<TrainingWorkload> Networks { get; } =
    [
        new(TrainingNetwork.Mnist, "mnist-cnn", 64, [1, 28, 28]),
        new(TrainingNetwork.Cifar, "cifar-vgg", 32, [3, 32, 32]),
        new(TrainingNetwork.Local, "local-cnn", 64, [1, 28, 28]),
    ];

    public override double Work => Batch;

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
}
