using System.CommandLine;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera draw</c>: pictures of what a network learnt and does, and figures of any operator.</summary>
internal static class DrawCommand
{
    private const string Examples =
        """
        Every picture is an SVG file that needs nothing beside it and is legible on light and on dark.

        Examples, of a trained network:
          tessera draw filters runs/mnist-1 --layer conv2
          tessera draw features runs/mnist-1 --index 3
          tessera draw reconstructions runs/autoencoder-1 --count 12
          tessera draw samples runs/rbm-1
          tessera draw curves runs/mnist-1
        and of connections alone:
          tessera draw network samples/figure-9-13-valid.json
          tessera draw connections --kernel 2 --size 5 --compare
          tessera draw channels --inputs 4 --outputs 4 --groups 2
        """;

    /// <summary>The command with a subcommand for each picture.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("draw", "Draw filters, feature maps, reconstructions, curves, networks and operators as SVG.")
        {
            DrawFilters.Create(session),
            DrawFeatures.Create(session),
            DrawReconstructions.Create(session),
            DrawSamples.Create(session),
            DrawCurves.Create(session),
            DrawNetwork.Create(session),
            DrawConnections.Create(session),
            DrawChannels.Create(session),
        };
        HelpWithExamples.Set(command, Examples);
        return command;
    }
}
