using System.CommandLine;
using Tessera.Cli.Pictures;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera draw reconstructions</c>: test samples beside what a model of codes makes of them.</summary>
internal static class DrawReconstructions
{
    private const string Examples =
        """
        For belief nets, sparse coders, and networks whose output has the shape of their input: autoencoders. One that was trained with
        noise on its input is shown such noise, and what it makes of that.

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
            var trained = TrainedReconstructor.Open(given, parsed.GetValue(threads) ?? 0);
            if (!ReconstructionPictures.CanDraw(trained.Model.SampleShape)) throw new InvalidOperationException($"{given}: the model takes samples of {trained.Model.SampleShape}, which have no picture; models of signals, images and volumes do.");
            var path = PictureFile.Check(parsed.GetValue(output), "reconstructions.svg", given);
            var split = trained.ReadData(parsed.GetValue(data));
            var samples = parsed.GetRequiredValue(part) == "train" ? split.Training : split.Test ?? throw new UsageException("--part: the data has no test samples; use --part train.");
            Reconstructions.Of(trained.Coder, samples, parsed.GetValue(count) ?? Reconstructions.Usual, trained.Corruption, session.Stopping).Write(path);
            return PictureFile.Written(session, path);
        });
        return command;
    }
}
