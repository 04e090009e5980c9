using System.CommandLine;
using Tessera.Cli.Pictures;
using Tessera.Cli.Runs;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera draw curves</c>: the learning curves of a run, also of one that is not finished.</summary>
internal static class DrawCurves
{
    private const string Examples =
        """
        The curves are drawn from the metrics that the run's checkpoint keeps, so also of a training that was stopped.

        Examples:
          tessera draw curves runs/mnist-1
          tessera draw curves runs/mnist-1 --out curves-of-monday.svg
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("run") { Description = "The folder that a training left, or its model.safetensors.", HelpName = "RUN" };
        var output = PictureFile.Option();
        var command = new Command("curves", "Draw loss and accuracy over the epochs of a run.") { model, output };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var given = parsed.GetRequiredValue(model);
            var epochs = TrainedModel.History(given);
            if (epochs.Count == 0) throw new InvalidOperationException($"{given}: no epoch has been finished, so there are no curves; go on with 'tessera train --resume'.");
            var path = PictureFile.Check(parsed.GetValue(output), "curves.svg", given);
            var other = TrainedModel.Reconstruction(given);
            var watched = other is not null || RunRecord.MayWatchTest(TrainedModel.Describe(given).Training) ? "test" : "validation";
            (RunRecord.Curves(epochs, other) with { ValidationName = watched }).Write(path);
            return PictureFile.Written(session, path);
        });
        return command;
    }
}
