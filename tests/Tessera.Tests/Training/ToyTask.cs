using Tessera.Connections;
using Tessera.Data;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Operators;
using Tessera.Training;

namespace Tessera.Tests.Training;

/// <summary>A task that takes milliseconds and has everything that training must keep in step: statistics, dropout, augmentation, a last batch that is not full.</summary>
internal static class ToyTask
{
    public static NetworkDescription Network(params ReadOnlySpan<Layer> more) => new(
        "tiny",
        [1, 8, 8],
        [
            new Convolution(new ConvolutionDescription { Kernel = [3, 3], Outputs = 4, Stride = [2, 2], Padding = Padding.Same, Bias = BiasSharing.None }),
            new BatchNormalisation(),
            new Relu(),
            new Dropout(0.1),
            new Flatten(),
            new Dense(3),
            .. more,
        ]);

    public static TrainingDescription Training { get; } = new()
    {
        Epochs = 3,
        BatchSize = 16,
        Optimiser = new Adam { LearningRate = 0.01 },
        Schedule = new CosineSchedule { WarmUpSteps = 2 },
        ClipNorm = 1,
        ValidationFraction = 0.2,
        KeepBest = true,
        Seed = 5,
        Threads = 1,
    };

    public static DataDescription Preparation { get; } = new() { Augmentation = new Augmentation(new RandomShift(1)), MeasuresNormalisation = true };

    public static Trainer<float> Trainer(TrainingDescription training, Dataset data, TrainerOptions? options = null) =>
        new(new ModelDescription(Network(), training, Preparation), data, options);

    /// <summary>Bars: upright, lying, or a block, at a random place with noise.</summary>
    public static Dataset Patterns(int count, long seed = 7)
    {
        var random = new RandomSource(seed);
        var samples = new float[count * 64];
        var labels = new int[count];
        for (var n = 0; n < count; n++)
        {
            labels[n] = n % 3;
            var (height, width) = labels[n] switch { 0 => (6, 1), 1 => (1, 6), _ => (3, 3) };
            var (top, left) = (random.NextInt(9 - height), random.NextInt(9 - width));
            for (var i = 0; i < 64; i++)
            {
                var inside = i / 8 >= top && i / 8 < top + height && i % 8 >= left && i % 8 < left + width;
                samples[(n * 64) + i] = (inside ? 1 : 0) + (float)(0.1 * random.NextNormal());
            }
        }

        return Dataset.Create(samples, [1, 8, 8], labels, Dataset.NumberedClasses(3));
    }

    public static float[] All(this Trainer<float> trainer) => [.. trainer.Parameters.SelectMany(parameter => parameter.Span.ToArray())];
}

/// <summary>Progress told at once, on the thread that trains.</summary>
internal sealed class Listener(Action<TrainingProgress> told) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => told(value);
}
