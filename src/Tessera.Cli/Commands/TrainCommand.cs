using System.CommandLine;
using Tessera.Cli.Runs;
using Tessera.Training;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera train</c>: without arguments, the digits that the tool carries; with a model file, any model on any data.</summary>
internal static class TrainCommand
{
    private const string Examples =
        """
        Without arguments a small convolutional network learns 10,000 handwritten digits that the tool carries within it, in less than a
        minute. A training leaves a folder: model.safetensors (the network), model.json (its description, to change and train again),
        metrics.csv, curves.svg (learning curves), filters.svg (the first layer's filters), features.svg (what each layer makes
        of a test sample) and mistakes.svg (what it got wrong), or reconstructions.svg of a network that gives back its input; tessera draw
        makes more.
        --from begins with the weights of a trained or imported network instead of new ones: each layer whose name and shapes are the same takes
        them, the others begin anew, and it says which. Without a model file the network is that of --from.
        Ctrl-C finishes the step, saves and ends with exit code 130; --resume goes on to the same bits as if nothing had happened.

        Examples:
          tessera train
          tessera train samples/lenet5.json
          tessera train samples/fashion-mnist.json --epochs 5 --threads 2 --out runs/fashion
          tessera train model.json --data ~/mydata --batch 64 --seed 7 --json
          tessera train mobilenet/model.json --from mobilenet --data ~/mydata --epochs 3
          tessera train --from mobilenet.onnx --input-shape 3,224,224 --mean 0.5 --deviation 0.5 --data ~/mydata
          tessera train --resume runs/fashion
        """;

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var model = new Argument<string?>("model") { Description = "The model, a JSON file; the built-in digits network, or that of --from, if left out.", HelpName = "MODEL.json", Arity = ArgumentArity.ZeroOrOne };
        var data = new Option<string?>("--data") { Description = "Data to train on, by name or path; what the model file names if left out.", HelpName = "NAME|PATH" };
        var epochs = CommandOptions.Whole("--epochs", "Passes over the training data; the model's own if left out.", 1);
        var batch = CommandOptions.Whole("--batch", "Examples in one step; the model's own if left out.", 1);
        var seed = new Option<long?>("--seed") { Description = "What all random choices are made from; the model's own if left out.", HelpName = "number" };
        var threads = CommandOptions.Threads();
        var output = new Option<string?>("--out") { Description = "The folder to leave; runs/<model>-<n> if left out.", HelpName = "folder" };
        var resume = new Option<string?>("--resume") { Description = "Go on with an unfinished training, given by the folder it left.", HelpName = "folder" };
        var start = new Option<string?>("--from") { Description = "A trained network to begin with: the folder that a training or an import left, its model.safetensors, or an ONNX model.", HelpName = "CHECKPOINT" };
        var json = CommandOptions.Json();
        var command = new Command("train", "Train a network and leave a folder with it, its metrics and its pictures.") { model, data, epochs, batch, seed, threads, output, start, resume, json };
        var onnx = OnnxModelOptions.AddTo(command, takesSamples: true, trains: true);
        HelpWithExamples.Set(command, Examples);
        command.SetAction(parsed =>
        {
            var from = parsed.GetValue(resume);
            if (from is not null && parsed.GetValue(model) is not null) throw new UsageException("--resume: the folder holds its model; leave out the model file.");
            if (from is not null && parsed.GetValue(output) is not null) throw new UsageException("--resume: the training goes on in its own folder; leave out --out.");
            var begin = parsed.GetValue(start);
            if (from is not null && begin is not null) throw new UsageException("--from: a training that goes on has its weights; leave out --from, or --resume.");
            var folder = from is null ? null : RunFolder.Existing(from, "--resume");
            var path = folder?.Checkpoint ?? parsed.GetValue(model) ?? begin;
            if (path is not null && TrainedModel.Reconstruction(path) is { } told)
            {
                if (begin is not null) throw new UsageException($"--from: networks begin with the weights of others, and {path} is a {told.Kind}; leave it out.");
                told = told with
                {
                    Data = told.Data with { Source = parsed.GetValue(data) ?? told.Data.Source },
                    Schedule = told.Schedule with
                    {
                        Epochs = parsed.GetValue(epochs) ?? told.Schedule.Epochs,
                        BatchSize = parsed.GetValue(batch) ?? told.Schedule.BatchSize,
                        Seed = parsed.GetValue(seed) ?? told.Schedule.Seed,
                        Threads = parsed.GetValue(threads) ?? told.Schedule.Threads,
                    },
                };
                var samples = TrainedModel.ReadSplit(told.Data, told.InputShape);
                return Train(session, into => new ReconstructionRun(told, samples, into), told.Name, samples.Test?.Count, folder, parsed.GetValue(output), parsed.GetValue(json));
            }

            var settings = onnx.Read(parsed);
            if (begin is null && settings.Given is { } option) throw new UsageException($"{option}: it is about the ONNX model that a training begins with, and there is none; give one by --from, or leave it out.");
            var trained = begin is null ? null : TrainedModel.Open(begin, settings);
            var given = trained is not null && path == begin ? trained.Model : path is null ? BuiltInModel.Read() : TrainedModel.Describe(path);
            var description = given with
            {
                Data = given.Data with { Source = parsed.GetValue(data) ?? given.Data.Source },
                Training = given.Training with
                {
                    Epochs = parsed.GetValue(epochs) ?? given.Training.Epochs,
                    BatchSize = parsed.GetValue(batch) ?? given.Training.BatchSize,
                    Seed = parsed.GetValue(seed) ?? given.Training.Seed,
                    Threads = parsed.GetValue(threads) ?? given.Training.Threads,
                },
            };
            var split = TrainedModel.ReadSplit(description);
            return Train(session, into => new NetworkRun(description, split, into, trained is null ? null : (begin!, trained.Parameters)), description.Network.Name, split.Test?.Count, folder, parsed.GetValue(output), parsed.GetValue(json));
        });
        return command;
    }

    private static int Train(Session session, Func<RunFolder, IRun> begin, string name, int? testCount, RunFolder? resumed, string? output, bool json)
    {
        var folder = resumed ?? RunFolder.Create(output, name);
        IRun run;
        try
        {
            run = begin(folder);
            if (resumed is not null) run.Resume(folder.Checkpoint);
        }
        catch
        {
            folder.Undo();
            throw;
        }

        run.WriteModel(folder["model.json"]);
        if (run.Warning is { } warning) session.Error.WriteLine($"Warning: {warning}");
        var threads = run.Threads == 0 ? Environment.ProcessorCount : run.Threads;
        session.Error.WriteLine($"{run.Headline}{(testCount is null ? "" : $", {testCount} to test with")}; {threads} {(threads == 1 ? "thread" : "threads")}; into {folder.Path}");
        if (run.Note is { } note) session.Error.WriteLine(note);
        var report = new EpochReport(session, json, run.Watched);
        TrainingResult result;
        try
        {
            result = run.Train(report, session.Stopping);
        }
        finally
        {
            report.Close();
        }

        RunRecord.WriteMetrics(folder, result.Epochs);
        if (result.Outcome == TrainingOutcome.Cancelled)
        {
            session.Error.WriteLine($"Stopped in epoch {result.Epochs.Count + 1} and saved; go on with: tessera train --resume {folder.Path}");
            return Tool.Stopped;
        }

        run.Save(folder.Checkpoint);
        var record = run.Complete(folder, result, threads, session.Stopping);
        if (json) record.WriteJson(session.Output);
        else record.WriteText(session.Output);
        return Tool.Fine;
    }
}
