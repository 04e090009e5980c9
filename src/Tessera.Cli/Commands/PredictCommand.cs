using System.CommandLine;
using System.Globalization;
using Tessera.Training;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera predict</c>: what a trained network says of images, arrays or samples of a dataset.</summary>
internal static class PredictCommand
{
    private const string Examples =
        """
        Images (PNG, JPEG) are brought to the network's size and channels, from 0 to 1. A .npy file holds one sample [C, H, W] (or [H, W] for one
        channel) or several [N, C, H, W], of any kind of number; bytes stand for 0 to 1. Of a classifier the likeliest classes are shown, of any
        other network the shape and the range of each output. --out writes what the network itself gives, [N, …], without the softmax that its loss
        implies; several outputs go into FILE_name.npy each, or into one .npz.

        Examples:
          tessera predict runs/mnist-1 digit.png
          tessera predict runs/mnist-1 scan.png --invert      (dark ink on light paper, for a network that knows light on dark)
          tessera predict runs/mnist-1 samples.npy --top 1 --json
          tessera predict runs/mnist-1 --data mnist-subset --index 0,17,1999
          tessera predict detector.onnx street.jpg --mean 0.5 --deviation 0.5 --out boxes.npz
          tessera predict model.onnx samples.npy --input-shape 3,320,320 --out outputs.npy --json
          tessera predict two.onnx samples.npz --input image --input mask      (arrays that are called as the inputs)
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("model") { Description = "The folder that a training left, its model.safetensors, or an ONNX model.", HelpName = "MODEL" };
        var inputs = new Argument<string[]>("inputs") { Description = "Image or .npy files; .npz of a model with several inputs.", HelpName = "FILE", Arity = ArgumentArity.ZeroOrMore };
        var data = new Option<string?>("--data") { Description = "Data by name or path to take samples from; what the model was trained on if left out.", HelpName = "NAME|PATH" };
        var index = new Option<string?>("--index") { Description = "Which test samples of the data, from 0, separated by commas.", HelpName = "numbers" };
        var top = CommandOptions.Whole("--top", "How many classes to show, the likeliest first; 3 if left out.", 1);
        var invert = new Option<bool>("--invert") { Description = "Turn light into dark before the network sees it." };
        var output = new Option<string?>("--out") { Description = "Where to write what the network gives for all samples.", HelpName = "FILE.npy|FILE.npz" };
        var threads = CommandOptions.Threads();
        var json = CommandOptions.Json();
        var command = new Command("predict", "Say what a trained network makes of images, arrays or samples of a dataset.") { model, inputs, data, index, top, invert, output, threads, json };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: true);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var files = parsed.GetValue(inputs) ?? [];
            var chosen = parsed.GetValue(index);
            if (files.Length == 0 && chosen is null) throw new UsageException("predict: give image or .npy files, or samples of a dataset by --index.");
            var trained = TrainedModel.Open(parsed.GetRequiredValue(model), onnx.Read(parsed));
            var outputs = new PredictedOutputs(trained);
            var path = parsed.GetValue(output);
            foreach (var file in path is null ? [] : outputs.Files(path)) OutputFiles.Check(file, "--out");
            var samples = new List<PredictionSample>();
            foreach (var file in files) samples.AddRange(PredictionSample.FromFile(file, trained.Model.Network.InputShape, trained.Inputs));
            if (chosen is not null) samples.AddRange(PredictionSample.FromData(trained.ReadData(parsed.GetValue(data), "test"), Indices(chosen)));
            if (path is not null) Machine.CheckMemory("predict --out", samples.Count * outputs.Outputs.Sum(static each => each.Shape.Product), sizeof(float));
            var predictor = new Predictor<float>(trained.Model, trained.Parameters, parsed.GetValue(threads) ?? 0);
            var report = new PredictionReport(session.Output, parsed.GetValue(json), trained, parsed.GetValue(top) ?? 3);
            foreach (var sample in samples)
            {
                session.Stopping.ThrowIfCancellationRequested();
                if (parsed.GetValue(invert)) sample.Invert();
                var probabilities = predictor.Predict(sample.Values);
                float[][] given = [.. outputs.Outputs.Select(each => predictor.Output(each.Layer))];
                for (var each = 0; path is not null && each < given.Length; each++) outputs.Keep(each, given[each]);
                report.Write(sample, probabilities, outputs.Outputs, given);
            }

            if (path is null) return Tool.Fine;
            outputs.Write(path);
            if (!parsed.GetValue(json)) session.Output.WriteLine($"Written: {string.Join(", ", outputs.Files(path))}");
            return Tool.Fine;
        });
        return command;
    }

    private static int[] Indices(string text) => [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new UsageException($"--index: '{part}' is no sample's number; give numbers from 0, separated by commas."))];
}
