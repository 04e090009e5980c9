using System.CommandLine;
using Tessera.Cli.Pictures;
using Tessera.Imaging;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera draw network</c>: every unit of a network along one axis, and how sizes shrink from layer to layer.</summary>
internal static class DrawNetwork
{
    private const string Examples =
        """
        Every layer that moves a window has a row of units, each above the middle of what it sees; what the middle unit of the last row depends on is
        in colour. A kernel that has one place to be, and never moves, is marked.

        Examples:
          tessera draw network samples/figure-9-13-valid.json
          tessera draw network samples/lenet5.json --axis 1 --out lenet.svg
          tessera draw network model.onnx --input-shape 3,224,224
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("model") { Description = "The model, a JSON file (or the folder that a training left, or an ONNX model).", HelpName = "MODEL" };
        var axis = CommandOptions.Whole("--axis", "Which spatial axis to draw along, from 0; 0 if left out.", 0);
        var output = PictureFile.Option();
        var command = new Command("network", "Draw the units of a network along one axis, and what each is connected to.") { model, axis, output };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: false);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            // What takes its channels last begins by moving them, behind which positions would be told apart no more.
            var described = TrainedModel.Describe(parsed.GetRequiredValue(model), onnx.Read(parsed)).Network;
            var network = ChannelsFirst.WithoutMoves(described) ?? described;
            var path = PictureFile.Check(parsed.GetValue(output), $"{(network.Name.Length > 0 ? network.Name : "network")}.svg", parsed.GetRequiredValue(model));
            NetworkFigure.Write(path, network, parsed.GetValue(axis) ?? 0);
            return PictureFile.Written(session, path);
        });
        return command;
    }
}
