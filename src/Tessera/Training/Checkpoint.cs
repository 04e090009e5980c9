using System.Numerics;
using Tessera.Execution;
using Tessera.Files;

namespace Tessera.Training;

/// <summary>
/// A trained network in one safetensors file: its model file's text, its parameters under their own names, and, where it was saved
/// while training, everything to go on from there: the best epoch's parameters (<c>best/…</c>), the optimiser's state (<c>optimiser/…</c>), step, epoch and history. A file is written whole or not at all.
/// </summary>
public sealed class Checkpoint
{
    internal const string BestPrefix = "best/";
    internal const string OptimiserPrefix = CheckpointFile.OptimiserPrefix;

    private readonly CheckpointFile file;

    private Checkpoint(CheckpointFile file)
    {
        this.file = file;
        Model = ModelJson.Parse(file.ModelText, $"{file.Path}: model");
        HasBest = file.Entries.Any(entry => entry.Name.StartsWith(BestPrefix, StringComparison.Ordinal));
    }

    /// <summary>The network, how it was trained, and how its samples are normalised.</summary>
    public ModelDescription Model { get; }

    /// <summary>Whether a training can go on from here.</summary>
    public bool HasTraining => file.HasTraining;

    /// <summary>Whether the parameters of the best epoch are kept besides the last ones.</summary>
    public bool HasBest { get; }

    /// <summary>The epochs that had ended; empty without training.</summary>
    public IReadOnlyList<EpochMetrics> History => file.History;

    /// <summary>Opens a checkpoint; parameters are read later.</summary>
    /// <exception cref="InvalidDataException">The file is no checkpoint, is cut off or contradicts itself; the message says where.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static Checkpoint Open(string path) => new(CheckpointFile.Open(path));

    /// <summary>Saves a network without its training.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="model">The model, with its normalisation measured.</param>
    /// <param name="parameters">The network's parameters.</param>
    /// <exception cref="IOException">The file cannot be written; an old one stands.</exception>
    public static void Save<T>(string path, ModelDescription model, NetworkParameters<T> parameters)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        CheckpointFile.Write(path, ModelJson.Format(model), [.. Tensors(parameters, "")], null);

    /// <summary>The network's parameters: the best epoch's where they were kept, else the last.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, belongs to no parameter, has another shape, or holds a number that is not finite.</exception>
    public NetworkParameters<T> ReadParameters<T>()
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        // A few words of the model's text may ask for any amount of memory: what is not in the file gets none.
        var prefix = HasBest ? BestPrefix : "";
        file.CheckAll<T>(Model.Network.Parameters.Select(parameter => (prefix + parameter.Name, parameter.Description.Shape)), exactType: false);
        var parameters = NetworkParameters<T>.Zero(Model.Network);
        ReadParameters(parameters);
        return parameters;
    }

    /// <summary>Overwrites a network's parameters with those in the file: the best epoch's where they were kept, else the last.</summary>
    /// <param name="parameters">The parameters to overwrite; numbers are converted where the file has another precision.</param>
    /// <exception cref="InvalidDataException">A tensor is missing, belongs to no parameter, has another shape, or holds a number that is not finite. Nothing has been overwritten then.</exception>
    public void ReadParameters<T>(NetworkParameters<T> parameters)
        where T : unmanaged, IFloatingPointIeee754<T> => ReadParameters(parameters, HasBest ? BestPrefix : "", exactType: false);

    internal static void Save<T>(
        string path,
        ModelDescription model,
        NetworkParameters<T> parameters,
        NetworkParameters<T>? best,
        OptimiserState<T> optimiser,
        TrainingPosition position,
        (long Training, long Validation) samples)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        CheckpointFile.Write(
            path,
            ModelJson.Format(model),
            [
                .. Tensors(parameters, ""),
                .. best is null ? [] : Tensors(best, BestPrefix),
                .. optimiser.States.Select(state => SafetensorsTensor.Create<T>(OptimiserPrefix + state.Name, state.Shape, state.Values)),
            ],
            (position, samples.Training, samples.Validation));

    /// <summary>Puts a training where it stood when the file was written.</summary>
    /// <exception cref="InvalidDataException">The file has no training, or another one's.</exception>
    internal TrainingPosition Restore<T>(
        NetworkParameters<T> parameters,
        NetworkParameters<T>? best,
        OptimiserState<T> optimiser,
        int batchesPerEpoch,
        ModelDescription model,
        (long Training, long Validation) samples)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (!HasTraining) throw file.Wrong("it holds a network but no training to go on with; train anew, or resume from a checkpoint");
        ResumeMatch.Check(file.Path, Model, file.Samples, model, samples);
        var position = file.ReadPosition(batchesPerEpoch);

        var expected = optimiser.States.ToArray();
        var states = file.ReadAll<T>(
            [.. expected.Select(state => (OptimiserPrefix + state.Name, state.Shape))],
            name => name.StartsWith(OptimiserPrefix, StringComparison.Ordinal),
            "parameter of this network and optimiser",
            exactType: true);

        // What is kept for the best epoch begins with the parameters themselves, for a file that was written before the first epoch ended.
        if (best is not null) ReadParameters(best, HasBest ? BestPrefix : "", exactType: true);
        ReadParameters(parameters, "", exactType: true);
        for (var i = 0; i < states.Length; i++) states[i].CopyTo(expected[i].Values, 0);
        optimiser.Steps = position.Step;
        return position;
    }

    private static IEnumerable<SafetensorsTensor> Tensors<T>(NetworkParameters<T> parameters, string prefix)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        parameters.Select(parameter => SafetensorsTensor.Create(prefix + parameter.Name, parameter.Description.Shape, parameter.Memory));

    private void ReadParameters<T>(NetworkParameters<T> parameters, string prefix, bool exactType)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var values = file.ReadAll<T>([.. parameters.Select(parameter => (prefix + parameter.Name, parameter.Description.Shape))], IsOwn, "parameter of the network", exactType);
        for (var i = 0; i < values.Length; i++) values[i].CopyTo(parameters[i].Span);

        bool IsOwn(string name) => prefix.Length > 0 ? name.StartsWith(prefix, StringComparison.Ordinal)
            : !name.StartsWith(BestPrefix, StringComparison.Ordinal) && !name.StartsWith(OptimiserPrefix, StringComparison.Ordinal);
    }
}
