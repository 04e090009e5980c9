using Tessera.Data;
using Tessera.Files;
using Tessera.Reconstruction;
using Tessera.Training;

namespace Tessera.Cli;

/// <summary>The training of a belief net or a sparse coder by the tool: the run, its folder, its pictures and its summary.</summary>
internal static class ReconstructionRun
{
    /// <summary>Trains and leaves the folder.</summary>
    public static int Train(Session session, ReconstructionModel model, DataSplit data, RunFolder? resumed, string? output, bool json)
    {
        var folder = resumed ?? RunFolder.Create(output, model.Name);
        ReconstructionTrainer<float> trainer;
        try
        {
            trainer = new ReconstructionTrainer<float>(model, data.Training, new TrainerOptions { Validation = data.Test, CheckpointPath = folder.Checkpoint });
            if (resumed is not null) trainer.Resume(folder.Checkpoint);
        }
        catch
        {
            folder.Undo();
            throw;
        }

        ReconstructionJson.Write(folder["model.json"], trainer.Model);
        if (trainer.Model.WarningFor(data.Training) is { } warning) session.Error.WriteLine($"Warning: {warning}");
        var threads = model.Schedule.Threads == 0 ? Environment.ProcessorCount : model.Schedule.Threads;
        session.Error.WriteLine($"{(model.Name.Length > 0 ? model.Name : model.Kind)}: a {model.Kind} of {trainer.ParameterCount:#,0} weights; {trainer.TrainingCount} samples of {model.Data.Source} to train with{(data.Test is null ? "" : $", {data.Test.Count} to test with")}; {threads} {(threads == 1 ? "thread" : "threads")}; into {folder.Path}");
        var report = new EpochReport(session, json, "test");
        TrainingResult result;
        try
        {
            result = trainer.Run(report, session.Stopping);
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

        trainer.Save(folder.Checkpoint);
        var record = RunRecord.Complete(folder, trainer, result, data.Test, threads, session.Stopping);
        if (json) record.WriteJson(session.Output);
        else record.WriteText(session.Output);
        return Tool.Fine;
    }
}
