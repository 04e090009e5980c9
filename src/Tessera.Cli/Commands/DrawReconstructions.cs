using System.CommandLine;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera draw reconstructions</c>: test samples beside what a network that gives back its input makes of them.</summary>
internal static class DrawReconstructions
{
    private const string Examples =
        """
        For networks whose output has the shape of their input, such as autoencoders.

        Examples:
          tessera draw reconstructions runs/autoencoder-1
          tessera draw reconstructions runs/autoencoder-1 --data fashion-mnist --count 40 --out fashion.svg
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string>("run") { Description = "The folder that a training left, or its model.safetensors.", HelpName = "RUN" };
        var data = new Option<string?>("--data") { Description = "Data by name or path; what the model was trained on if left out.", HelpName = "NAME|PATH" };
        var part = new Option<string>("--part") { Description = "Which part of the data: test or train; test if left out.", DefaultValueFactory = _ => "test" };
        part.AcceptOnlyFromAmong("test", "train");
        var count = CommandOptions.Whole("--count", $"How many samples; {Reconstructions.Usual} if left out.", 1, 200);
        var threads = CommandOptions.Threads();
        var output = PictureFile.Option();
        var command = new Command("reconstructions", "Draw samples beside their reconstructions.") { model, data, part, count, threads, output };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var given = parsed.GetRequiredValue(model);
            var trained = TrainedModel.Open(given);
            var network = trained.Model.Network;
            if (!Reconstructions.CanDraw(network)) throw new InvalidOperationException($"{given}: the network makes {network.OutputShape(1).From(1)} of {network.InputShape}, so it reconstructs no images; give a model whose output has the shape of its input.");
            var path = PictureFile.Check(parsed.GetValue(output), "reconstructions.svg", given);
            var samples = trained.ReadData(parsed.GetValue(data), parsed.GetRequiredValue(part));
            Reconstructions.Of(trained, samples, parsed.GetValue(count) ?? Reconstructions.Usual, parsed.GetValue(threads) ?? 0, session.Stopping).Write(path);
            return PictureFile.Written(session, path);
        });
        return command;
    }
}
