using System.Globalization;
using System.Numerics;
using Tessera.Files;
using Tessera.Training;

namespace Tessera.Reconstruction;

/// <summary>
/// A trained reconstruction model in one safetensors file: its model file's text, its parameters under their own names, and everything to
/// go on from there: momenta and chains (<c>optimiser/…</c>), step, epoch and history. A file is written whole or not at all.
/// </summary>
public sealed class ReconstructionCheckpoint
{
    private readonly CheckpointFile file;

    private ReconstructionCheckpoint(CheckpointFile file)
    {
        this.file = file;
        Model = ReconstructionJson.Parse(file.ModelText, $"{file.Path}: model");
    }

    /// <summary>The model, how it was trained, and how its samples are normalised.</summary>
    public ReconstructionModel Model { get; }

    /// <summary>The epochs that had ended; empty without training.</summary>
    public IReadOnlyList<EpochMetrics> History => file.History;

    /// <summary>Whether the file at <paramref name="path"/> holds such a model, and no network.</summary>
    /// <exception cref="InvalidDataException">It is no checkpoint at all.</exception>
    public static bool Recognises(string path)
    {
        var file = CheckpointFile.Open(path);
        return ReconstructionJson.Recognises(file.ModelText, $"{file.Path}: model");
    }

    /// <summary>Opens a checkpoint; parameters are read later.</summary>
    /// <exception cref="InvalidDataException">The file is no checkpoint, is cut off or contradicts itself; the message says where.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static ReconstructionCheckpoint Open(string path) => new(CheckpointFile.Open(path));

    /// <summary>The model with its parameters.</summary>
    /// <param name="batch">The examples N of one call.</param>
    /// <param name="threads">The most threads; 0 for as many as there are processors.</param>
    /// <exception cref="InvalidDataException">A tensor is missing, belongs to no parameter, has another shape, or holds a number that is not finite.</exception>
    public IReconstructor<T> ReadModel<T>(int batch, int threads = 0)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        // A few words of the model's text may ask for any amount of memory: what is not in the file gets none.
        var (asked, held) = (Model.Plan<T>(batch, threads).Parameters, file.Entries.Sum(static entry => (double)entry.Count));
        if (asked > held) throw file.Wrong(string.Create(CultureInfo.InvariantCulture, $"its model has {asked} parameters, but all tensors in it together only {held} numbers; it is cut short or the file of another model"));
        var learner = (Model with { Schedule = Model.Schedule with { Threads = threads } }).CreateLearner<T>(batch);
        Overwrite(learner.Parameters, Read(learner.Parameters, "", exactType: false));
        return learner;
    }

    internal static void Save<T>(string path, ReconstructionModel model, ILearner<T> learner, TrainingPosition position, (long Training, long Validation) samples)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        CheckpointFile.Write(path, ReconstructionJson.Format(model), [.. Tensors(learner.Parameters, ""), .. Tensors(learner.State, CheckpointFile.OptimiserPrefix)], (position, samples.Training, samples.Validation));

    /// <summary>Puts a training where it stood when the file was written.</summary>
    /// <exception cref="InvalidDataException">The file has no training, or another one's. Nothing has been changed then.</exception>
    internal TrainingPosition Restore<T>(ILearner<T> learner, int batchesPerEpoch, ReconstructionModel model, (long Training, long Validation) samples)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (!file.HasTraining) throw file.Wrong("it holds a model but no training to go on with; train anew, or resume from a checkpoint");
        CheckSame(model, learner.Stages, samples);
        var position = file.ReadPosition(batchesPerEpoch);
        var parameters = Read(learner.Parameters, "", exactType: true);
        var state = Read(learner.State, CheckpointFile.OptimiserPrefix, exactType: true);
        Overwrite(learner.Parameters, parameters);
        Overwrite(learner.State, state);
        return position;
    }

    private static IEnumerable<SafetensorsTensor> Tensors<T>(IReadOnlyList<NamedTensor<T>> tensors, string prefix)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        tensors.Select(tensor => SafetensorsTensor.Create<T>(prefix + tensor.Name, tensor.Shape, tensor.Values));

    private static void Overwrite<T>(IReadOnlyList<NamedTensor<T>> tensors, T[][] values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < values.Length; i++) values[i].CopyTo(tensors[i].Values, 0);
    }

    private T[][] Read<T>(IReadOnlyList<NamedTensor<T>> tensors, string prefix, bool exactType)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        file.ReadAll<T>(
            [.. tensors.Select(tensor => (prefix + tensor.Name, tensor.Shape))],
            name => name.StartsWith(CheckpointFile.OptimiserPrefix, StringComparison.Ordinal) == prefix.Length > 0,
            "parameter of the model",
            exactType);

    /// <summary>All that decides a training's bits must be the same, but for threads and, where there is a single part to train, epochs.</summary>
    private void CheckSame(ReconstructionModel model, int stages, (long Training, long Validation) samples)
    {
        if (stages > 1) Same("number of epochs for each machine", Model.Schedule.Epochs, model.Schedule.Epochs);
        Same("number of training examples", file.Samples.Training, samples.Training);
        Same("seed", Model.Schedule.Seed, model.Schedule.Seed);
        Same("batch size", Model.Schedule.BatchSize, model.Schedule.BatchSize);
        var now = model with { Schedule = Model.Schedule };
        if (Equals(Model with { Data = model.Data }, now with { Data = model.Data }) && Equals(Model.Data.Normalisation, model.Data.Normalisation) && Model.Data.Augmentation.Equals(model.Data.Augmentation)) return;
        throw file.Wrong("its model, settings or data differ from those to resume; resume with the same, or train anew");

        void Same(string what, long own, long given)
        {
            if (own != given) throw file.Wrong(string.Create(CultureInfo.InvariantCulture, $"its training has the {what} {own}, but the one to resume has {given}; use {own}, or train anew"));
        }
    }
}
