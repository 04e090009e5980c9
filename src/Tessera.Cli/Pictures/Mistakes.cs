using Tessera.Data;
using Tessera.Execution;
using Tessera.Imaging;
using Tessera.Training;

namespace Tessera.Cli.Pictures;

/// <summary>Finds the samples that a classifier takes for something else.</summary>
internal static class Mistakes
{
    /// <summary>All of them, the most certain first.</summary>
    public static IReadOnlyList<Mistake> Of(ModelDescription model, NetworkParameters<float> parameters, Dataset data, int threads, CancellationToken stopping)
    {
        var predictor = new Predictor<float>(model, parameters, threads);
        var found = new List<Mistake>();
        var sample = new float[data.SampleShape.Product];
        for (var index = 0; index < data.Count; index++)
        {
            stopping.ThrowIfCancellationRequested();
            data.Read(index, sample);
            var (said, probability) = Best(predictor.Predict(sample));
            var label = data.Label(index);
            if (said == label) continue;
            found.Add(new Mistake(sample.ToArray(), NameOf(data, said), NameOf(data, label), probability));
        }

        return [.. found.OrderByDescending(mistake => mistake.Probability)];
    }

    /// <summary>The likeliest class; of a single probability, class 1 where it is over a half.</summary>
    private static (int Class, double Probability) Best(float[] probabilities)
    {
        if (probabilities.Length == 1) return probabilities[0] > 0.5f ? (1, probabilities[0]) : (0, 1 - probabilities[0]);
        var best = Array.IndexOf(probabilities, probabilities.Max());
        return (best, probabilities[best]);
    }

    private static string NameOf(Dataset data, int label) => label < data.ClassCount ? data.ClassNames[label] : $"{label}";
}
