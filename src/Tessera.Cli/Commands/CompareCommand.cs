using System.CommandLine;
using System.Globalization;
using Tessera.Cli.Baselines;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera compare</c>: a reconstruction model beside principal components, a blur, and classifiers on pixels and on random filters.</summary>
internal static class CompareCommand
{
    private const string Examples =
        """
        Three questions on test samples, each against a baseline that anyone can check: what the reconstruction misses, beside principal components
        with as many numbers; how near it brings noisy images to the clean ones, beside the best Gaussian blur; and how well a linear classifier
        with few labels does on the code, beside one on the pixels and one on the code of the same model before training.

        Examples:
          tessera compare runs/autoencoder-1
          tessera compare runs/rbm-1 --noise 0.5 --labels 10
          tessera compare runs/sparse-coding-1 --data fashion-mnist --json
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("model") { Description = "The folder that the training of an autoencoder, a belief net or a sparse coder left, or its model.safetensors.", HelpName = "MODEL" };
        var data = new Option<string?>("--data") { Description = "Data by name or path; what the model was trained on if left out.", HelpName = "NAME|PATH" };
        var noise = CommandOptions.Real("--noise", "The standard deviation of the noise on images from 0 to 1; 0.25 if left out.", 0.001, 100);
        var labels = CommandOptions.Whole("--labels", "Labelled examples of each class for the classifiers, from 5; 100 if left out.", 5);
        var seed = new Option<long>("--seed") { Description = "What noise and labelled examples are drawn from.", HelpName = "number", DefaultValueFactory = _ => 1 };
        var threads = CommandOptions.Threads();
        var json = CommandOptions.Json();
        var command = new Command("compare", "Hold a reconstruction model against principal components, a blur, and classifiers on pixels and random filters.") { model, data, noise, labels, seed, threads, json };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var trained = TrainedReconstructor.Open(parsed.GetRequiredValue(model), parsed.GetValue(threads) ?? 0);
            var split = trained.ReadData(parsed.GetValue(data));
            var test = split.Test ?? throw new UsageException("--data: it has no test samples, and a model is not held against what it was trained on; give data that has some.");
            var comparison = Comparison.Of(
                trained.Coder,
                trained.Untrained(),
                split.Training,
                test,
                parsed.GetValue(noise) ?? 0.25,
                parsed.GetValue(labels) ?? 100,
                parsed.GetValue(seed),
                parsed.GetValue(threads) ?? 0,
                session.Stopping);
            if (parsed.GetValue(json)) WriteJson(session.Output, comparison);
            else WriteText(session.Output, comparison, test.Count);
            return Tool.Fine;
        });
        return command;
    }

    private static void WriteText(TextWriter output, Comparison found, int count)
    {
        output.WriteLine($"On {count} test images:");
        Row("mean square error of reconstruction", [("model", found.Error), ("PCA", found.ComponentsError)], "0.00000", lowIsGood: true);
        output.WriteLine(Invariant($"    {found.Numbers:0.#} numbers in a code; {found.Components} principal components"));
        Row(Invariant($"dB after noise of deviation {found.Noise}"), [("model", found.DenoisedDecibel), ("blur", found.BlurredDecibel), ("nothing done", found.NoisyDecibel)], "0.00", lowIsGood: false);
        output.WriteLine(Invariant($"    the blur's deviation is {found.BlurDeviation} pixels, the best on training images"));
        if (found.FeatureAccuracy is not { } features) return;
        Row(Invariant($"% right of a linear classifier with {found.Labels} labels a class"), [("model's code", 100 * features), ("pixels", 100 * found.PixelAccuracy!.Value), ("untrained code", 100 * found.RandomAccuracy!.Value)], "0.00", lowIsGood: false);
        output.WriteLine($"    the code as {found.Features} numbers, means over blocks where it has more positions");

        void Row(string what, (string Who, double Value)[] results, string format, bool lowIsGood)
        {
            var best = lowIsGood ? results.MinBy(result => result.Value).Who : results.MaxBy(result => result.Value).Who;
            output.WriteLine($"  {what}: {string.Join(", ", results.Select(result => $"{result.Who} {result.Value.ToString(format, CultureInfo.InvariantCulture)}"))}; {best} wins");
        }

        static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }

    private static void WriteJson(TextWriter output, Comparison found) => JsonLines.WriteLine(output, writer =>
    {
        writer.WriteFinite("numbers", found.Numbers);
        writer.WriteFinite("error", found.Error);
        writer.WriteNumber("components", found.Components);
        writer.WriteFinite("componentsError", found.ComponentsError);
        writer.WriteFinite("noise", found.Noise);
        writer.WriteFinite("noisyDecibel", found.NoisyDecibel);
        writer.WriteFinite("denoisedDecibel", found.DenoisedDecibel);
        writer.WriteFinite("blurredDecibel", found.BlurredDecibel);
        writer.WriteFinite("blurDeviation", found.BlurDeviation);
        writer.WriteSizes("features", found.Features);
        writer.WriteNumber("labels", found.Labels);
        if (found.FeatureAccuracy is { } features) writer.WriteFinite("featureAccuracy", features);
        if (found.PixelAccuracy is { } pixels) writer.WriteFinite("pixelAccuracy", pixels);
        if (found.RandomAccuracy is { } random) writer.WriteFinite("randomAccuracy", random);
    });
}
