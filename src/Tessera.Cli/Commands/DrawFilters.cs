using System.CommandLine;
using Tessera.Cli.Pictures;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera draw filters</c>: the filters of any layer of a trained network.</summary>
internal static class DrawFilters
{
    private const string Examples =
        """
        Convolutions of every kind of sharing (tiles or positions in rows), transposed convolutions, dense layers on images; the machines of a
        belief net (--layer rbm2) and the dictionary of a sparse coder.

        Examples:
          tessera draw filters runs/mnist-1
          tessera draw filters runs/mnist-1 --layer conv2 --out conv2.svg
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("run") { Description = "The folder that a training left, its model.safetensors, or an ONNX model.", HelpName = "RUN" };
        var layer = new Option<string?>("--layer") { Description = "The layer; the first whose filters can be drawn if left out.", HelpName = "name" };
        var output = PictureFile.Option();
        var command = new Command("filters", "Draw the filters of a layer as a mosaic.") { model, layer, output };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: false);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var given = parsed.GetRequiredValue(model);
            if (TrainedModel.Reconstruction(given) is not null) return DrawLearned(session, given, parsed.GetValue(layer), parsed.GetValue(output));
            var network = TrainedModel.Describe(given, onnx.Read(parsed)).Network;
            var drawable = Enumerable.Range(0, network.Layers.Count).Where(place => LayerFilters.CanDraw(network, place)).ToArray();
            var name = parsed.GetValue(layer);
            var index = name is not null ? LayerChoice.IndexOf(network, name)
                : drawable.Length > 0 ? drawable[0]
                : throw new InvalidOperationException($"{given}: no layer has filters that can be drawn; convolutions of one to three axes and dense layers on images have.");
            if (!drawable.Contains(index)) throw new UsageException($"--layer: {name} is of kind {network.Layers[index].Kind} and has no filters to draw; those of {string.Join(", ", drawable.Select(place => network.Layers[place].Name))} can be drawn.");

            var path = PictureFile.Check(parsed.GetValue(output), name is null ? "filters.svg" : $"filters-{name}.svg", given);
            LayerFilters.Write(path, TrainedModel.Open(given, onnx.Read(parsed)).Parameters, index);
            return PictureFile.Written(session, path);
        });
        return command;
    }

    private static int DrawLearned(Session session, string given, string? name, string? output)
    {
        var all = LearnedFilters.Of(TrainedReconstructor.Open(given, 0).Model);
        var chosen = all.FirstOrDefault(filters => name is null || filters.Name == name);
        if (chosen is null) throw new UsageException($"--layer: there are no filters to draw{(name is null ? "" : $" called '{name}'")}; those that can be drawn are of {(all.Count == 0 ? "operators of one to three axes" : string.Join(", ", all.Select(filters => filters.Name)))}.");
        var path = PictureFile.Check(output, name is null ? "filters.svg" : $"filters-{name}.svg", given);
        chosen.Write(path);
        return PictureFile.Written(session, path);
    }
}
