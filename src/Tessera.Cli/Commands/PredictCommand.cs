using System.CommandLine;
using System.Globalization;
using Tessera.Data;
using Tessera.Training;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera predict</c>: what a trained network says of images, arrays or samples of a dataset.</summary>
internal static class PredictCommand
{
    private const string Examples =
        """
        Images (PNG, JPEG) are brought to the network's size and channels. A .npy file holds one sample [C, H, W] (or [H, W] for one channel)
        or several [N, C, H, W]; bytes stand for 0 to 1.

        Examples:
          tessera predict runs/mnist-1 digit.png
          tessera predict runs/mnist-1 scan.png --invert      (dark ink on light paper, for a network that knows light on dark)
          tessera predict runs/mnist-1 samples.npy --top 1 --json
          tessera predict runs/mnist-1 --data mnist-subset --index 0,17,1999
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("model") { Description = "The folder that a training left, or its model.safetensors.", HelpName = "MODEL" };
        var inputs = new Argument<string[]>("inputs") { Description = "Image or .npy files.", HelpName = "FILE", Arity = ArgumentArity.ZeroOrMore };
        var data = new Option<string?>("--data") { Description = "Data by name or path to take samples from; what the model was trained on if left out.", HelpName = "NAME|PATH" };
        var index = new Option<string?>("--index") { Description = "Which test samples of the data, from 0, separated by commas.", HelpName = "numbers" };
        var top = CommandOptions.Whole("--top", "How many classes to show, the likeliest first; 3 if left out.", 1);
        var invert = new Option<bool>("--invert") { Description = "Turn light into dark before the network sees it." };
        var threads = CommandOptions.Threads();
        var json = CommandOptions.Json();
        var command = new Command("predict", "Say what a trained network makes of images, arrays or samples of a dataset.") { model, inputs, data, index, top, invert, threads, json };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var files = parsed.GetValue(inputs) ?? [];
            var chosen = parsed.GetValue(index);
            if (files.Length == 0 && chosen is null) throw new UsageException("predict: give image or .npy files, or samples of a dataset by --index.");
            var trained = TrainedModel.Open(parsed.GetRequiredValue(model));
            var samples = new List<PredictionSample>();
            foreach (var file in files) samples.AddRange(PredictionSample.FromFile(file, trained.Model.Network.InputShape));
            if (chosen is not null) samples.AddRange(PredictionSample.FromData(trained.ReadData(parsed.GetValue(data), "test"), Indices(chosen)));
            var predictor = new Predictor<float>(trained.Model, trained.Parameters, parsed.GetValue(threads) ?? 0);
            var names = trained.Model.Data.ClassNames;
            foreach (var sample in samples)
            {
                session.Stopping.ThrowIfCancellationRequested();
                if (parsed.GetValue(invert)) sample.Invert();
                var output = predictor.Predict(sample.Values);
                if (predictor.OutputShape.Count > 1) throw new InvalidOperationException($"predict: the network gives {predictor.OutputShape} and not one number for each class; run it from C# (Predictor) to get at them.");
                if (parsed.GetValue(json)) WriteJson(session.Output, sample, output, names, parsed.GetValue(top) ?? 3);
                else WriteText(session.Output, sample, output, names, parsed.GetValue(top) ?? 3);
            }

            return Tool.Fine;
        });
        return command;
    }

    private static int[] Indices(string text) => [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new UsageException($"--index: '{part}' is no sample's number; give numbers from 0, separated by commas."))];

    private static void WriteText(TextWriter output, PredictionSample sample, float[] probabilities, IReadOnlyList<string> names, int top)
    {
        var said = Ranked(probabilities).Take(top).Select(k => string.Create(CultureInfo.InvariantCulture, $"{NameOf(names, k)} ({100 * probabilities[k]:0.0} %)"));
        output.WriteLine($"{sample.Name}: {string.Join(", ", said)}{(sample.Label is { } label ? $"; it is {label}" : "")}");
    }

    private static void WriteJson(TextWriter output, PredictionSample sample, float[] probabilities, IReadOnlyList<string> names, int top) =>
        JsonLines.WriteLine(output, writer =>
        {
            writer.WriteString("sample", sample.Name);
            if (sample.Label is not null) writer.WriteString("label", sample.Label);
            writer.WriteStartArray("classes");
            foreach (var k in Ranked(probabilities).Take(top))
            {
                writer.WriteStartObject();
                writer.WriteString("class", NameOf(names, k));
                writer.WriteFinite("probability", probabilities[k]);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });

    private static IEnumerable<int> Ranked(float[] probabilities) => Enumerable.Range(0, probabilities.Length).OrderByDescending(k => probabilities[k]);

    private static string NameOf(IReadOnlyList<string> names, int k) => k < names.Count ? names[k] : k.ToString(CultureInfo.InvariantCulture);
}
