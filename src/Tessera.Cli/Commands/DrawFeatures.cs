using System.CommandLine;
using Tessera.Cli.Pictures;
using Tessera.Networks.Layers;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera draw features</c>: what every layer of a trained network makes of one image.</summary>
internal static class DrawFeatures
{
    private const string Examples =
        """
        A row for each layer with spatial axes, an image for each of its first 16 channels, each on a scale of its own that is named below it. With
        --layer up to 128 channels of one layer. Of a belief net or a sparse coder, the code.

        Examples:
          tessera draw features runs/mnist-1                 (of the first test image)
          tessera draw features runs/mnist-1 --index 17 --layer conv2
          tessera draw features runs/mnist-1 digit.png --out features-of-digit.svg
          tessera draw features mobilenet.onnx cat.jpg --input-shape 3,224,224 --mean 0.5 --deviation 0.5
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("run") { Description = "The folder that a training left, its model.safetensors, or an ONNX model.", HelpName = "RUN" };
        var image = new Argument<string?>("image") { Description = "An image or .npy file; a test sample if left out.", HelpName = "IMAGE", Arity = ArgumentArity.ZeroOrOne };
        var data = new Option<string?>("--data") { Description = "Data by name or path to take the sample from; what the model was trained on if left out.", HelpName = "NAME|PATH" };
        var index = CommandOptions.Whole("--index", "Which test sample, from 0; 0 if left out.", 0);
        var layer = new Option<string?>("--layer") { Description = "One layer alone.", HelpName = "name" };
        var threads = CommandOptions.Threads();
        var output = PictureFile.Option();
        var command = new Command("features", "Draw the feature maps of one image through every layer.") { model, image, data, index, layer, threads, output };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: true);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var given = parsed.GetRequiredValue(model);
            var file = parsed.GetValue(image);
            if (file is not null && (parsed.GetValue(index) is not null || parsed.GetValue(data) is not null)) throw new UsageException($"{(parsed.GetValue(index) is not null ? "--index" : "--data")}: an image file is given too; leave out one of the two.");
            if (TrainedModel.Reconstruction(given) is not null) return DrawCode(session, given, file, parsed.GetValue(data), parsed.GetValue(index) ?? 0, parsed.GetValue(threads) ?? 0, parsed.GetValue(output));
            var trained = TrainedModel.Open(given, onnx.Read(parsed));
            var network = trained.Model.Network;
            if (!FeatureMaps.CanDraw(trained)) throw new InvalidOperationException($"{given}: the network takes samples of {network.InputShape}, which have no picture; networks of signals, images and volumes do.");
            int? place = parsed.GetValue(layer) is { } name ? LayerChoice.IndexOf(network, name) : null;
            if (place is { } named && network.Layers[named] is Constant) throw new UsageException($"--layer: {parsed.GetValue(layer)} is a constant, the same for every image; name a layer that takes something.");
            if (place is { } one && network.Shapes(1)[one].Count is < 3 or > 5) throw new UsageException($"--layer: {parsed.GetValue(layer)} gives {network.Shapes(1)[one].From(1)}, without maps to draw; name a layer with one to three spatial axes.");
            var path = PictureFile.Check(parsed.GetValue(output), place is null ? "features.svg" : $"features-{parsed.GetValue(layer)}.svg", given);
            var sample = PredictionSample.Single(network.InputShape, file, () => trained.ReadData(parsed.GetValue(data), "test"), parsed.GetValue(index) ?? 0);
            FeatureMaps.Of(trained, sample.Values, sample.Title, place, parsed.GetValue(threads) ?? 0).Write(path);
            return PictureFile.Written(session, path);
        });
        return command;
    }

    private static int DrawCode(Session session, string given, string? file, string? data, int index, int threads, string? output)
    {
        var trained = TrainedReconstructor.Open(given, threads);
        var path = PictureFile.Check(output, "codes.svg", given);
        CodeMaps.Of(trained.Coder, PredictionSample.Single(trained.Model.SampleShape, file, () => trained.ReadTest(data), index), session.Stopping).Write(path);
        return PictureFile.Written(session, path);
    }
}
