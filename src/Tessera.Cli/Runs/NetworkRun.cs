using Tessera.Data;
using Tessera.Files;
using Tessera.Training;

namespace Tessera.Cli.Runs;

/// <summary>The training of a network.</summary>
internal sealed class NetworkRun : IRun
{
    private readonly DataSplit data;
    private readonly Trainer<float> trainer;

    /// <summary>A training that writes its checkpoints into a folder.</summary>
    public NetworkRun(ModelDescription model, DataSplit data, RunFolder folder)
    {
        this.data = data;
        var watchesTest = data.Test is not null && RunRecord.MayWatchTest(model.Training);
        Watched = watchesTest ? "test" : "validation";
        trainer = new Trainer<float>(model, data.Training, new TrainerOptions { Validation = watchesTest ? data.Test : null, CheckpointPath = folder.Checkpoint });
    }

    public string Headline =>
        $"{(Network.Name.Length > 0 ? Network.Name : "network")}: {Network.TrainedParameterCount:#,0} weights; {trainer.TrainingCount} samples of {trainer.Model.Data.Source} to train with";

    public string? Warning => null;

    public string Watched { get; }

    public int Threads => trainer.Model.Training.Threads;

    private Networks.NetworkDescription Network => trainer.Model.Network;

    public void Resume(string path) => trainer.Resume(path);

    public void WriteModel(string path) => ModelJson.Write(path, trainer.Model);

    public TrainingResult Train(IProgress<TrainingProgress> progress, CancellationToken stopping) => trainer.Run(progress, stopping);

    public void Save(string path) => trainer.Save(path);

    public RunRecord Complete(RunFolder folder, TrainingResult result, int threads, CancellationToken stopping) =>
        RunRecord.Complete(folder, trainer, result, data.Test, Watched, threads, stopping);
}
