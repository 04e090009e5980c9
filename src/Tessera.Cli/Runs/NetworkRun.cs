using Tessera.Data;
using Tessera.Execution;
using Tessera.Files;
using Tessera.Training;

namespace Tessera.Cli.Runs;

/// <summary>The training of a network.</summary>
internal sealed class NetworkRun : IRun
{
    private readonly DataSplit data;
    private readonly Trainer<float> trainer;

    /// <summary>A training that writes its checkpoints into a folder.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">What it is trained and tested with.</param>
    /// <param name="folder">Where the checkpoints go.</param>
    /// <param name="start">The weights to begin with and what messages call them; null for new ones.</param>
    /// <exception cref="UsageException">No layer is the same there.</exception>
    public NetworkRun(ModelDescription model, DataSplit data, RunFolder folder, (string Path, NetworkParameters<float> Parameters)? start = null)
    {
        this.data = data;
        var watchesTest = data.Test is not null && RunRecord.MayWatchTest(model.Training);
        Watched = watchesTest ? "test" : "validation";
        trainer = new Trainer<float>(model, data.Training, new TrainerOptions { Validation = watchesTest ? data.Test : null, CheckpointPath = folder.Checkpoint });
        if (start is { } other) Note = Begin(other.Path, other.Parameters);
    }

    public string Headline =>
        $"{(Network.Name.Length > 0 ? Network.Name : "network")}: {Network.TrainedParameterCount:#,0} weights; {trainer.TrainingCount} samples of {trainer.Model.Data.Source} to train with";

    public string? Warning => null;

    public string? Note { get; }

    public string Watched { get; }

    public int Threads => trainer.Model.Training.Threads;

    private Networks.NetworkDescription Network => trainer.Model.Network;

    public void Resume(string path) => trainer.Resume(path);

    public void WriteModel(string path) => ModelJson.Write(path, trainer.Model);

    public TrainingResult Train(IProgress<TrainingProgress> progress, CancellationToken stopping) => trainer.Run(progress, stopping);

    public void Save(string path) => trainer.Save(path);

    public RunRecord Complete(RunFolder folder, TrainingResult result, int threads, CancellationToken stopping) =>
        RunRecord.Complete(folder, trainer, result, data.Test, Watched, threads, stopping);

    private string Begin(string path, NetworkParameters<float> start)
    {
        var anew = trainer.Parameters.CopyLayersFrom(start);
        var all = Network.Parameters.Select(static parameter => parameter.Name[..parameter.Name.LastIndexOf('.')]).Distinct(StringComparer.Ordinal).Count();
        if (anew.Count == all) throw new UsageException($"--from {path}: none of its layers has the name and shapes of one of {string.Join(", ", anew.Take(8))}{(anew.Count > 8 ? ", …" : "")}; keep the names of layers that are to take its weights.");
        return anew.Count == 0 ? $"All {all} layers with weights begin with those of {path}." : $"{all - anew.Count} of {all} layers begin with the weights of {path}; anew: {string.Join(", ", anew)}.";
    }
}
