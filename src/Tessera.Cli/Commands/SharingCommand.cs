using System.CommandLine;
using System.Globalization;
using Tessera.Cli.Runs;
using Tessera.Connections;
using Tessera.Data;
using Tessera.Files;
using Tessera.Training;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera sharing</c>: one model shared, tiled and unshared from one shared start, held against each other.</summary>
internal static class SharingCommand
{
    private const string Examples =
        """
        The model is trained shared for N epochs (--untie-after), then its kernels are untied as each of --tiles says and every variant trains
        for the rest: same order of samples, same rates, same everything else. What the model file says of the chosen layers' sharing is not
        used; early stopping and the keeping of the best epoch are off, so that all variants train equally long. An untied kernel begins as a
        copy, so that every variant begins by computing what the shared network computes; drift is how far the copies move apart, as a part of
        their mean (0: still one kernel; about 1: nothing in common).

        The folder holds summary.csv, drift.csv, drift.svg (drift and quality over epochs), and for each variant a folder with its network,
        metrics.csv, filters.svg of the first layer and filters-LAYER.svg of each other one whose sharing varies (a row for each tile), which
        evaluate, predict and plan take. Ctrl-C keeps the variants that are finished and ends with exit code 130.

        Examples:
          tessera sharing samples/sharing-shared.json --tiles shared,2,4,unshared --untie-after 5
          tessera sharing model.json --layers conv1 --tiles shared,2x3 --seeds 1,2,3 --out runs/experiment --json
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string?>("model") { Description = "The model, a JSON file; the built-in digits network if left out.", HelpName = "MODEL.json", Arity = ArgumentArity.ZeroOrOne };
        var tiles = new Option<string>("--tiles") { Description = "The sharings to compare: shared, unshared, or tile sizes such as 2 or 2x3.", HelpName = "list", DefaultValueFactory = _ => "shared,2,unshared" };
        var layers = new Option<string?>("--layers") { Description = "The layers whose sharing varies; every convolution with more than one output position if left out.", HelpName = "names" };
        var untie = CommandOptions.Whole("--untie-after", "Epochs that all variants go together, shared; 0 (the same initial weights) if left out.", 0);
        var data = new Option<string?>("--data") { Description = "Data to train on, by name or path; what the model file names if left out.", HelpName = "NAME|PATH" };
        var epochs = CommandOptions.Whole("--epochs", "Passes over the training data in all, the shared ones among them; the model's own if left out.", 1);
        var seeds = new Option<string?>("--seeds", "--seed") { Description = "What all random choices are made from, one experiment for each; the model's own if left out.", HelpName = "list" };
        var threads = CommandOptions.Threads();
        var output = new Option<string?>("--out") { Description = "The folder to leave; runs/<model>-sharing-<n> if left out.", HelpName = "folder" };
        var json = CommandOptions.Json();
        var command = new Command("sharing", "Train one model shared, tiled and unshared from one shared start, and say how they do and how far tiles drift apart.") { model, tiles, layers, untie, data, epochs, seeds, threads, output, json };
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var given = parsed.GetValue(model) is { } path ? ModelJson.Read(path) : BuiltInModel.Read();
            var description = new SharingExperimentDescription
            {
                Sharings = [.. Listed(parsed.GetRequiredValue(tiles), "--tiles").Select(ParseSharing)],
                Layers = parsed.GetValue(layers) is { } names ? [.. Listed(names, "--layers")] : [],
                UntieAfter = parsed.GetValue(untie) ?? 0,
            };
            long[] wanted = parsed.GetValue(seeds) is { } text ? [.. Listed(text, "--seeds").Select(ParseSeed).Distinct()] : [given.Training.Seed];
            given = given with
            {
                Data = given.Data with { Source = parsed.GetValue(data) ?? given.Data.Source },
                Training = given.Training with
                {
                    Epochs = parsed.GetValue(epochs) ?? given.Training.Epochs,
                    Threads = parsed.GetValue(threads) ?? given.Training.Threads,
                    Seed = wanted[0],
                },
            };
            return Run(session, given, wanted, description, parsed.GetValue(output), parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(Session session, ModelDescription model, long[] seeds, SharingExperimentDescription description, string? output, bool json)
    {
        var data = TrainedModel.ReadSplit(model);
        SharingExperiment<float> Experiment(long seed) => new(model with { Training = model.Training with { Seed = seed } }, data.Training, data.Test, description);

        // The first of them finds what is wrong before there is a folder.
        var experiment = Experiment(seeds[0]);
        var folder = RunFolder.Create(output, (model.Network.Name.Length > 0 ? model.Network.Name : "model") + "-sharing");
        if (File.Exists(folder["summary.csv"])) throw new IOException($"--out {folder.Path}: it holds an experiment already; give another folder.");
        Tell(session, model, experiment, description, seeds, data, folder);
        var record = new SharingRecord(folder, model, description, experiment.Layers, seeds);
        var report = new SharingReport(session, json, record.Watched(data.Test is not null));
        try
        {
            foreach (var seed in seeds)
            {
                report.Seed = seed;
                foreach (var variant in (seed == seeds[0] ? experiment : Experiment(seed)).Run(report, session.Stopping))
                {
                    record.Add(variant);
                    if (json) SharingRecord.WriteJson(session.Output, variant);
                }
            }
        }
        catch (OperationCanceledException)
        {
            report.Close();
            session.Error.WriteLine(record.Variants.Count == 0
                ? "Stopped before a variant was finished; nothing is kept."
                : $"Stopped; in {folder.Path}: {string.Join(", ", record.Variants.Select(record.NameOf))}.");
            folder.Undo();
            return Tool.Stopped;
        }

        if (json) record.WriteJson(session.Output);
        else record.WriteText(session.Output);
        return Tool.Fine;
    }

    private static void Tell(Session session, ModelDescription model, SharingExperiment<float> experiment, SharingExperimentDescription description, long[] seeds, DataSplit data, RunFolder folder)
    {
        var from = description.UntieAfter == 0 ? "the same initial weights" : $"{description.UntieAfter} of {model.Training.Epochs} epochs shared";
        session.Error.WriteLine($"{(model.Network.Name.Length > 0 ? model.Network.Name : "network")}: {string.Join(", ", experiment.Layers)} {string.Join(", ", description.Sharings)} from {from}; {data.Training.Count} samples of {model.Data.Source}; {(seeds.Length == 1 ? "seed" : "seeds")} {string.Join(", ", seeds)}; into {folder.Path}");
        if (!experiment.Start.Network.Equals(model.Network)) session.Error.WriteLine("The model file says another sharing of these layers; the experiment's takes its place.");
        if (model.Training.EarlyStopping is not null || model.Training.KeepBest) session.Error.WriteLine("The model's early stopping and keeping of the best epoch are not used: all variants train equally long.");
    }

    private static string[] Listed(string text, string option)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        return parts.All(part => part.Length > 0) ? parts : throw new UsageException($"{option} is '{text}'; give a list with commas between.");
    }

    private static Sharing ParseSharing(string text)
    {
        if (text == "shared") return Sharing.Shared;
        if (text == "unshared") return Sharing.Unshared;
        var sizes = new List<int>();
        foreach (var part in text.Split('x', '×'))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size < 1)
                throw new UsageException($"--tiles: '{text}' is no sharing; give shared, unshared, or a tile's size, such as 2 for every axis or 2x3.");
            sizes.Add(size);
        }

        return Sharing.Tiled([.. sizes]);
    }

    private static long ParseSeed(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seed)
        ? seed
        : throw new UsageException($"--seeds: '{text}' is no whole number.");
}
