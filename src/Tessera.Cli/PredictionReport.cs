using System.Globalization;
using System.Numerics.Tensors;
using System.Text.Json;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>Tells what a network makes of samples: the likeliest classes of a classifier, the shape and range of every other output.</summary>
/// <param name="output">Where to.</param>
/// <param name="json">Whether for machines.</param>
/// <param name="trained">The network.</param>
/// <param name="top">How many classes to tell.</param>
internal sealed class PredictionReport(TextWriter output, bool json, TrainedModel trained, int top)
{
    private readonly bool isClassifier = IsClassifier(trained);

    /// <summary>Tells of one sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="probabilities">What the network makes of it, through the softmax or sigmoid that its loss implies.</param>
    /// <param name="outputs">Its outputs.</param>
    /// <param name="given">What its layers gave for each of them.</param>
    public void Write(PredictionSample sample, float[] probabilities, IReadOnlyList<(string Name, string Layer, Sizes Shape)> outputs, float[][] given)
    {
        var others = outputs.Zip(given).Skip(isClassifier ? 1 : 0);
        if (json)
        {
            JsonLines.WriteLine(output, writer =>
            {
                writer.WriteString("sample", sample.Name);
                if (sample.Label is not null) writer.WriteString("label", sample.Label);
                if (isClassifier) WriteClasses(writer, probabilities);
                WriteOutputs(writer, others);
            });
            return;
        }

        var label = sample.Label is null ? "" : $"; it is {sample.Label}";
        if (isClassifier)
        {
            var said = Ranked(probabilities).Select(k => string.Create(CultureInfo.InvariantCulture, $"{NameOf(k)} ({100 * probabilities[k]:0.0} %)"));
            output.WriteLine($"{sample.Name}: {string.Join(", ", said)}{label}");
        }

        foreach (var ((name, _, shape), values) in others)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{sample.Name}: {name} [{string.Join(", ", shape)}], from {TensorPrimitives.Min<float>(values):G6} to {TensorPrimitives.Max<float>(values):G6}, mean {Mean(values):G6}{label}"));
        }
    }

    /// <summary>One number for each class, by what the network was trained with or what it is said to give.</summary>
    private static bool IsClassifier(TrainedModel trained)
    {
        var shape = trained.Model.Network.OutputShape(1).From(1);
        return shape.Count > 0 && shape.Product == shape[0] && trained.Model.Training.Target != TrainingTarget.Input
            && (trained.Model.Training.Loss is CrossEntropy or BinaryCrossEntropy || trained.Model.Data.ClassNames.Count == shape[0]);
    }

    private static void WriteOutputs(Utf8JsonWriter writer, IEnumerable<((string Name, string Layer, Sizes Shape) Output, float[] Values)> outputs)
    {
        var isFirst = true;
        foreach (var ((name, _, shape), values) in outputs)
        {
            if (isFirst) writer.WriteStartArray("outputs");
            isFirst = false;
            writer.WriteStartObject();
            writer.WriteString("name", name);
            writer.WriteSizes("shape", shape);
            writer.WriteFinite("min", TensorPrimitives.Min<float>(values));
            writer.WriteFinite("max", TensorPrimitives.Max<float>(values));
            writer.WriteFinite("mean", Mean(values));
            writer.WriteEndObject();
        }

        if (!isFirst) writer.WriteEndArray();
    }

    private static double Mean(float[] values) => values.Average(static value => (double)value);

    private void WriteClasses(Utf8JsonWriter writer, float[] probabilities)
    {
        writer.WriteStartArray("classes");
        foreach (var k in Ranked(probabilities))
        {
            writer.WriteStartObject();
            writer.WriteString("class", NameOf(k));
            writer.WriteFinite("probability", probabilities[k]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private IEnumerable<int> Ranked(float[] probabilities) => Enumerable.Range(0, probabilities.Length).OrderByDescending(k => probabilities[k]).Take(top);

    private string NameOf(int k) => k < trained.Model.Data.ClassNames.Count ? trained.Model.Data.ClassNames[k] : k.ToString(CultureInfo.InvariantCulture);
}
