using Tessera.Data;
using Tessera.Networks;
using Tessera.Networks.Layers;
using Tessera.Training;

namespace Tessera.Cli.Baselines;

/// <summary>
/// How well classes can be told apart by a linear classifier on given features with few labels: softmax regression on features brought to
/// mean 0 and deviation 1, its weight decay chosen on a fifth of the labelled examples.
/// </summary>
internal static class LinearProbe
{
    private const int Epochs = 60;

    private static readonly double[] Decays = [0.01, 0.1, 1, 10];

    /// <summary>The part of the test examples that are told right.</summary>
    /// <param name="features">The labelled examples' features, [n, length], classes mixed.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="testFeatures">The test examples' features.</param>
    /// <param name="testLabels">Their labels.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="threads">The most threads.</param>
    /// <param name="stopping">Ends the work.</param>
    public static double Accuracy(float[] features, int[] labels, float[] testFeatures, int[] testLabels, int classes, int threads, CancellationToken stopping)
    {
        var length = features.Length / labels.Length;
        var names = Dataset.NumberedClasses(classes);
        var labelled = Dataset.Create(features, [length], labels, names);
        var tested = Dataset.Create(testFeatures, [length], testLabels, names);
        var normalise = Normalise.Over(labelled.WithSampleShape([length]));
        var (fitted, held) = labelled.Split(0.2, 1);
        var best = Decays.MaxBy(decay => Train(fitted, held, decay));
        return Train(labelled, tested, best);

        double Train(Dataset training, Dataset test, double decay)
        {
            var network = new NetworkDescription("probe", [length], [new Dense(classes)]);
            var description = new TrainingDescription
            {
                Epochs = Epochs,
                BatchSize = 50,
                Threads = threads,
                Schedule = new CosineSchedule(),
                Optimiser = new AdamW { LearningRate = 0.003, WeightDecay = decay },
            };
            var trainer = new Trainer<float>(new ModelDescription(network, description, new DataDescription { Normalisation = normalise }), training);
            trainer.Run(null, stopping);
            stopping.ThrowIfCancellationRequested();
            return new Evaluator<float>(network, trainer.Parameters, description.Loss, 100, normalise, new() { Threads = threads }).Evaluate(test, stopping).Accuracy!.Value;
        }
    }
}
