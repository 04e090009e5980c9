using Tessera.Data;
using Tessera.Files;
using Tessera.Reconstruction;
using Tessera.Training;

namespace Tessera.Cli.Runs;

/// <summary>The training of a belief net or a sparse coder.</summary>
/// <param name="model">The model.</param>
/// <param name="data">Its data.</param>
/// <param name="folder">Where it writes its checkpoints.</param>
internal sealed class ReconstructionRun(ReconstructionModel model, DataSplit data, RunFolder folder) : IRun
{
    private readonly ReconstructionTrainer<float> trainer =
        new(model, data.Training, new TrainerOptions { Validation = data.Test, CheckpointPath = folder.Checkpoint });

    public string Headline =>
        $"{(model.Name.Length > 0 ? model.Name : model.Kind)}: a {model.Kind} of {trainer.ParameterCount:#,0} weights; {trainer.TrainingCount} samples of {model.Data.Source} to train with";

    public string? Warning => trainer.Model.WarningFor(data.Training);

    public string? Note => null;

    public string Watched => "test";

    public int Threads => model.Schedule.Threads;

    public void Resume(string path) => trainer.Resume(path);

    public void WriteModel(string path) => ReconstructionJson.Write(path, trainer.Model);

    public TrainingResult Train(IProgress<TrainingProgress> progress, CancellationToken stopping) => trainer.Run(progress, stopping);

    public void Save(string path) => trainer.Save(path);

    public RunRecord Complete(RunFolder folder, TrainingResult result, int threads, CancellationToken stopping) =>
        RunRecord.Complete(folder, trainer, result, data.Test, threads, stopping);
}
